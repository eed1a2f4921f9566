// The live copy of what passes: filtered, shared and lossy. A reader that is slow misses records and is told so; no lane
// ever waits for it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditRecord } from '../../src/model.ts';
import { MINUTE } from '../../src/options.ts';
import type { Delivery } from '../../src/runtime/account.ts';
import { createTail } from '../../src/runtime/status-page/tail.ts';
import { recordOf } from '../support/ocsf.ts';
import { type Follower, type World, world } from '../support/status.ts';

const WORDS = 'x'.repeat(20_000);
let here: World;
beforeEach(async () => {
  here = await world({
    raw: id => ({ id, words: id.startsWith('huge') ? WORDS.repeat(4) : id.startsWith('long') ? WORDS : '' }),
  });
});
afterEach(() => here.close());

const idsIn = ({ came }: Follower) =>
  came.flatMap(({ event, data }) => (event === 'record' ? [(data as AuditRecord).id] : []));

/** Lets time pass until it is so; the time limit of the test ends it. */
const until = async (so: () => boolean): Promise<void> => {
  while (!so()) await here.clock.advance(100);
};

test('tells what passes from now on, and a few records back on request, in order, with the raw record', async () => {
  here.says(['a', 'b', 'c']);
  await here.clock.advance(1000);
  const [late, back] = [await here.follow('/api/tail'), await here.follow('/api/tail?back=2')];
  here.says(['d']);
  await here.clock.advance(MINUTE);
  await until(() => idsIn(back).length === 3);
  expect(idsIn(late)).toEqual(['d']);
  expect(idsIn(back)).toEqual(['b', 'c', 'd']);
  expect(late.came).toEqual([
    {
      event: 'record',
      data: { receiver: 'sim', id: 'd', part: 0, time: expect.any(String), event: null, raw: { id: 'd', words: '' } },
    },
  ]);
});

test('a filter lets through what it names', async () => {
  const [mine, other, classed] = [
    await here.follow('/api/tail?receiver=sim'),
    await here.follow('/api/tail?receiver=opal'),
    await here.follow('/api/tail?class=3002'),
  ];
  here.says(['a']);
  await here.clock.advance(MINUTE);
  await until(() => mine.came.length === 1);
  expect([...other.came, ...classed.came]).toEqual([]);
});

test('a reader that is stuck delays no lane; what it missed is forgotten, and it is told how much', async () => {
  const stuck = await here.follow('/api/tail');
  stuck.pause();
  const ids = Array.from({ length: 3000 }, (_, i) => `long-${i}`);
  for (const from of [0, 1000, 2000]) {
    here.says(ids.slice(from, from + 1000));
    await here.clock.advance(2 * MINUTE);
  }
  const { receivers, exporters } = await here.json('/api/status');
  expect(receivers).toMatchObject([{ records: 3000, state: 'fine' }]);
  expect(exporters).toMatchObject([{ sent: 3000 }, { sent: 3000 }]);
  stuck.resume();
  await until(() => idsIn(stuck).includes('long-2999'));
  const missed = stuck.came.flatMap(({ event, data }) =>
    event === 'missed' ? [(data as { records: number }).records] : [],
  );
  expect(missed.length).toBeGreaterThan(0);
  expect(missed.reduce((a, b) => a + b, 0) + idsIn(stuck).length).toBe(3000);
});

test('a record that is too long is told without what is too long', async () => {
  const reader = await here.follow('/api/tail');
  here.says(['huge']);
  await here.clock.advance(MINUTE);
  await until(() => reader.came.length > 0);
  expect(reader.came[0]?.data).toMatchObject({ id: 'huge', event: null, left_out: { raw: expect.any(Number) } });
  expect(reader.came[0]?.data).not.toHaveProperty('raw');
});

test('eight may read at once; a ninth is told that there is no room, until one leaves', async () => {
  const tail = createTail();
  const readers = Array.from({ length: 8 }, () => tail.open(0));
  expect(tail.open(0)).toBeUndefined();
  readers[0]?.close();
  readers[0]?.close();
  expect(tail.open(0)).toBeDefined();
  expect(tail.open(0)).toBeUndefined();
  for (let i = 0; i < 8; i++) await here.follow('/api/tail');
  expect((await here.follow('/api/tail')).status).toBe(503);
});

test('little is kept while nobody reads, a thousand records at most while somebody does', () => {
  const tail = createTail();
  const pass = (count: number) => {
    const records = Array.from({ length: count }, (_, i) => recordOf({}, { id: `${i}` }));
    const route = { pipeline: 'p', steps: [], records, exporters: [] };
    tail.observer.delivered?.('sim', { batch: { records }, routes: [route, route], exporters: [] } satisfies Delivery);
  };
  pass(5000);
  const reader = tail.open(100)!;
  expect(reader.next(10_000)).toMatchObject({ passed: { length: 25 }, missed: 0 });
  pass(5000);
  expect(reader.next(10)).toMatchObject({ passed: { length: 10 }, missed: 4000 });
  expect(reader.next(10_000)).toMatchObject({ passed: { length: 990 }, missed: 0 });
});
