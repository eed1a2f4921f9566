// The engine with queues: a stuck sink holds up nobody else, once empties what it filled or says what is left, a stop
// waits for nobody who only waits, and rows that nobody takes are named.
import { describe, expect, test } from 'vitest';
import type { Spec } from '../../src/component.ts';
import { queued } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import type { VirtualClock } from '../support/clock.ts';
import { sinkOf, start, store, vendor } from '../support/engine.ts';

const ALL = ['0a', '0b', '1a', '1b', '2a', '2b'];
const down = sinkOf(async () => {
  throw new Fault('E_NETWORK', 'connection refused');
});
const into = (got: string[]) => sinkOf(async records => void got.push(...records.map(r => r.id)));
/** A sink that takes its time for each call, until it is dead. */
const slowly = (clock: VirtualClock, ms: number, got: string[], isDead = () => false) =>
  sinkOf(async records => {
    if (isDead()) throw new Fault('E_NETWORK', 'connection refused');
    await clock.sleep(ms);
    got.push(...records.map(r => r.id));
  });
/** The same, one row of a queue at a time. */
const oneRow = (spec: Spec<'exporter'>): Spec<'exporter'> => ({
  ...spec,
  create: (...given) => ({ ...spec.create(...given), best: { records: 2, bytes: 1 } }),
});
const left = async (queue: string) => (await store.queues()).get(queue)?.records ?? 0;

describe('a stuck sink behind a queue', () => {
  test('holds up neither the lane nor its siblings, queued or not', async () => {
    const world = vendor(3);
    const [straight, beside]: string[][] = [[], []];
    const engine = await start(
      {
        exporters: {
          stuck: queued(down, { limit: '1GiB' }),
          straight: into(straight!),
          beside: queued(into(beside!), { limit: '1GiB' }),
        },
      },
      world,
    );
    await world.clock.advance(HOUR);
    expect(straight).toEqual(ALL);
    expect(beside).toEqual(ALL);
    expect(await left('stuck')).toBe(6);
    engine.abort();
    await world.clock.run(engine.ended);
  });

  test('holds up the lane when its queue is full, and says so', async () => {
    const world = vendor(3);
    const straight: string[] = [];
    const lines: object[] = [];
    const exporters = { stuck: queued(down, { limit: '1B' }), straight: into(straight) };
    const engine = await start({ exporters }, world, {}, lines);
    await world.clock.advance(HOUR);
    expect(await left('stuck')).toBe(2);
    expect(world.asked).toHaveLength(2); // the second page is in hand
    expect(lines.filter(line => 'code' in line && line.code === 'E_QUEUE_FULL')).toHaveLength(1);
    engine.abort();
    await world.clock.run(engine.ended);
  });

  test('is not waited for by a stop: its rows stay', async () => {
    const world = vendor(3);
    const engine = await start({ exporters: { stuck: queued(down, { limit: '1GiB' }) } }, world);
    await world.clock.advance(HOUR);
    const now = world.clock.now();
    engine.stop();
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(world.clock.now()).toBe(now);
    expect(world.clock.sleepers).toBe(0);
    expect(await left('stuck')).toBe(6);
  });
});

describe('once', () => {
  const once = { once: { patience: MINUTE } };

  test('empties the queues that it filled, and those of the last time', async () => {
    const world = vendor(3);
    const failed = await start({ exporters: { out: queued(down, { limit: '1GiB' }) } }, world, once);
    const endings = await world.clock.run(failed.ended);
    expect(endings).toEqual([
      { lane: 'sim' },
      {
        lane: 'queue out',
        fault: expect.objectContaining({ code: 'E_QUEUE_LEFT', message: '3 rows with 6 records left' }),
      },
    ]);
    expect(endings[1]?.fault?.cause).toMatchObject({ code: 'E_NETWORK' });

    const got: string[] = [];
    const again = await start({ exporters: { out: queued(into(got), { limit: '1GiB' }) } }, world, once);
    expect(await world.clock.run(again.ended)).toEqual([{ lane: 'sim' }]);
    expect(got).toEqual(ALL);
    expect(await left('out')).toBe(0);
  });

  test('gives a lane up that waits for room longer than its patience', async () => {
    const world = vendor(3);
    const began = world.clock.now();
    const engine = await start({ exporters: { out: queued(down, { limit: '1B' }) } }, world, once);
    const endings = await world.clock.run(engine.ended);
    expect(endings.map(e => [e.lane, e.fault?.code])).toEqual([
      ['sim', 'E_QUEUE_FULL'],
      ['queue out', 'E_QUEUE_LEFT'],
    ]);
    expect(world.clock.now() - began).toBeGreaterThanOrEqual(MINUTE); // not by what the next look would make it
  });

  test('does not give up a lane that waits for room while the queue moves, however slowly', async () => {
    const world = vendor(3);
    const filled = await start({ exporters: { out: queued(down, { limit: '1GiB' }) } }, world, once);
    await world.clock.run(filled.ended);
    const got: string[] = [];
    const later = vendor(4);
    const began = later.clock.now();
    const exporters = { out: queued(oneRow(slowly(later.clock, 50 * SECOND, got)), { limit: '1B' }) };
    const engine = await start({ exporters }, later, once);
    expect(await later.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(got).toEqual([...ALL, '3a', '3b']);
    expect(later.clock.now() - began).toBe(4 * 50 * SECOND); // the fourth row waited for three to leave
  });

  test('is as patient on a clock that goes on between two looks at it', async () => {
    const filled = vendor(3);
    await filled.clock.run((await start({ exporters: { out: queued(down, { limit: '1GiB' }) } }, filled, once)).ended);
    const later = vendor(4);
    let looks = 0;
    const clock: VirtualClock = { ...later.clock, now: () => later.clock.now() + looks++ };
    const got: string[] = [];
    const slow = oneRow(slowly(clock, 50 * SECOND, got, () => got.length >= 6));
    const began = later.clock.now();
    const engine = await start({ exporters: { out: queued(slow, { limit: '1B' }) } }, { ...later, clock }, once);
    const endings = await later.clock.run(engine.ended);
    expect(got).toEqual(ALL);
    expect(endings.map(e => [e.lane, e.fault?.code])).toEqual([
      ['sim', undefined],
      ['queue out', 'E_QUEUE_LEFT'],
    ]);
    expect(later.clock.now() - began).toBeGreaterThan(3 * 50 * SECOND);
  });

  test('gives a lane up whose queue stands still after it moved', async () => {
    const world = vendor(3);
    const filled = await start({ exporters: { out: queued(down, { limit: '1GiB' }) } }, world, once);
    await world.clock.run(filled.ended);
    const got: string[] = [];
    const later = vendor(4);
    const slow = slowly(later.clock, 50 * SECOND, got, () => got.length >= 4);
    const engine = await start({ exporters: { out: queued(oneRow(slow), { limit: '1B' }) } }, later, once);
    const endings = await later.clock.run(engine.ended);
    expect(endings.map(e => [e.lane, e.fault?.code])).toEqual([
      ['sim', 'E_QUEUE_FULL'],
      ['queue out', 'E_QUEUE_LEFT'],
    ]);
    expect(got).toEqual(ALL.slice(0, 4));
  });

  test('makes room with a small limit and goes on: it is never too small for a row', async () => {
    const world = vendor(3);
    const got: string[] = [];
    const slow = sinkOf(async records => {
      await world.clock.sleep(30 * SECOND);
      got.push(...records.map(r => r.id));
    });
    const engine = await start({ exporters: { out: queued(slow, { limit: '1B' }) } }, world, once);
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(got).toEqual(ALL);
  });

  test('that is stopped says what is left', async () => {
    const world = vendor(3);
    const engine = await start({ exporters: { out: queued(down, { limit: '1GiB' }) } }, world, {
      once: { patience: HOUR },
    });
    await world.clock.advance(MINUTE);
    engine.stop();
    const endings = await world.clock.run(engine.ended);
    expect(endings.map(e => e.fault?.code)).toEqual([undefined, 'E_QUEUE_LEFT']);
  });
});

test('a batch that is sent from a queue is waited for by a stop, and named', async () => {
  const world = vendor(1);
  const got: string[] = [];
  const slow = sinkOf(async (records, signal) => {
    await world.clock.sleep(10 * SECOND, signal);
    got.push(...records.map(r => r.id));
  });
  const engine = await start({ exporters: { out: queued(slow, { limit: '1GiB' }) } }, world);
  await world.clock.advance(SECOND);
  engine.stop();
  await world.clock.advance(0);
  expect(engine.busy()).toEqual(['queue out']);
  await world.clock.run(engine.ended);
  expect(got).toEqual(['0a', '0b']);
  expect(await left('out')).toBe(0);
});

test('rows that no exporter takes are named at the start, and kept', async () => {
  const world = vendor(1);
  const first = await start({ exporters: { old: queued(down, { limit: '1GiB' }) } }, world);
  await world.clock.advance(SECOND);
  first.stop();
  await world.clock.run(first.ended);
  const lines: object[] = [];
  const second = await start({ exporters: { renamed: sinkOf(async () => {}) } }, world, {}, lines);
  expect(lines).toContainEqual({ message: expect.stringContaining("1 row with 2 records left in the queue of 'old'") });
  second.stop();
  await world.clock.run(second.ended);
  expect(await left('old')).toBe(2);
});

test.each([
  [{ limit: '2 gigabytes' }, 'exporters.out.queue.limit', 'must be a size'],
  [{}, 'exporters.out.queue.limit', 'must be a size'],
  [{ limit: '1GiB', size: 3 }, 'exporters.out.queue', 'size'],
])('a queue that is %j is refused', async (queue, place, words) => {
  const { problems } = await check({ exporters: { out: { ...sinkOf(async () => {}), queue } } });
  expect(problems).toContainEqual(expect.objectContaining({ place, message: expect.stringContaining(words) }));
});
