// A vendor that is asked once more: what was not delivered is named and delivered once, what cannot be told is named only,
// and no receiver is moved.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/options.ts';
import { readLedger } from '../../src/runtime/ledger/ledger-read.ts';
import { reviewing, snapshot } from '../../src/runtime/review/review-store.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { changeState, readStandings } from '../../src/runtime/state/state-tools.ts';
import { clock, type Event, folder, KEEPS, once, reconcile, USUAL, world } from '../support/review.ts';

const NOW = clock().now();
const at = (id: string, ago: number, more: Partial<Event> = {}): Event => ({ id, time: NOW - ago, ...more });
/** One an hour, for the last ten days. */
const hourly = Array.from({ length: 240 }, (_, i) => at(`e${i}`, (i + 1) * HOUR));
const named = ({ found }: Awaited<ReturnType<typeof reconcile>>) =>
  found.flatMap(({ pipeline, named }) => named.map(({ id, is }) => `${pipeline} ${is} ${id}`)).toSorted();
const position = () => readStandings(folder).positions;

test('what a vendor showed too late is missing; it is delivered once, and the receiver stays where it is', async () => {
  const it = world(hourly);
  it.hidden.add('e30').add('e100');
  await once(it);
  it.hidden.clear();
  const stands = position();

  const first = await reconcile(it, 7 * DAY);
  expect(named(first)).toEqual(['all missing e100', 'all missing e30']);
  expect(first.found).toMatchObject([{ records: 168, known: 166, missing: 2, delivered: 2, ahead: 0, old: 0 }]);
  expect(first.endings).toEqual([{ lane: 'sim' }]);
  expect(position()).toEqual(stands);
  expect(it.sent.length).toBe(240);

  expect((await reconcile(it, 7 * DAY)).found).toMatchObject([{ known: 168, missing: 0 }]);
  expect(readLedger(folder).accounts).toMatchObject([{ delivered: 240, dead: 0, pending: 0 }]);
  await once(it);
  expect(it.sent.toSorted()).toEqual(hourly.map(({ id }) => id).toSorted());
});

test.each(['vendor', 'sink'] as const)('broken off by a %s that is down, it goes on the next time', async what => {
  const it = world(hourly);
  it.hidden.add('e30').add('e100');
  await once(it);
  it.hidden.clear();
  const stands = position();
  it.broken[what] = true;
  const { endings, found } = await reconcile(it, 7 * DAY);
  expect(endings).toMatchObject([{ lane: 'sim', fault: { code: 'E_NETWORK' } }]);
  expect(found).toMatchObject([{ delivered: 0 }]);
  expect(position()).toEqual(stands);
  it.broken[what] = false;
  expect((await reconcile(it, 7 * DAY)).found).toMatchObject([{ missing: 2, delivered: 2 }]);
  expect(it.sent.toSorted()).toEqual(hourly.map(({ id }) => id).toSorted());
});

test('who only looks names the same, and leaves the state as it was, byte by byte', async () => {
  const it = world(hourly);
  it.hidden.add('e30');
  await once(it);
  it.hidden.clear();
  const [bytes, sent] = [readFileSync(join(folder, 'state.db')), it.sent.length];
  const running = openState(folder); // it does not matter whose the state is
  const looked = await reconcile(it, 7 * DAY, { only: true });
  expect(named(looked)).toEqual(['all missing e30']);
  expect(looked.found).toMatchObject([{ missing: 1, delivered: 0 }]);
  await running.close();
  expect(readFileSync(join(folder, 'state.db')).equals(bytes)).toBe(true);
  expect(it.sent.length).toBe(sent);
});

test('beside a running engine, what it delivers meanwhile is not missing', async () => {
  const it = world(hourly);
  it.hidden.add('e30').add('e31');
  await once(it);
  it.hidden.clear();
  const looked = await reconcile(it, 7 * DAY, {
    only: true,
    meanwhile: async () => {
      it.hidden.add('e31');
      await reconcile(it, 7 * DAY);
    },
  });
  expect(named(looked)).toEqual(['all missing e31']);
  expect(looked.found).toMatchObject([{ known: 167, missing: 1 }]);
});

test('what the receiver has yet to read is its own to deliver', async () => {
  const later = [at('soon', 3 * MINUTE), at('later', -HOUR)];
  const it = world([...hourly, ...later]);
  it.hidden.add('soon'); // its time is read again anyway
  await once(it);
  it.hidden.clear();
  await it.time.advance(2 * HOUR);
  const { found } = await reconcile(it, 7 * DAY);
  expect(found).toMatchObject([{ ahead: 2, missing: 0 }]);
  expect(it.sent).not.toContain('later');
  await once(it);
  expect(it.sent).toEqual(expect.arrayContaining(['soon', 'later']));
});

test('what may be forgotten is named and not delivered; that it was seen does not count as delivered', async () => {
  const it = world([at('long ago', 13.4 * DAY), at('near', 13.1 * DAY), ...hourly]); // on one page, and 14 days less one between them
  it.hidden.add('long ago').add('near').add('e200');
  await once(it, USUAL, '14d');
  it.hidden.clear();
  for (const _ of ['first', 'second'])
    expect(named(await reconcile(it, 30 * DAY, { only: true, remember: '14d' }))).toEqual([
      'all missing e200',
      'all missing near',
      'all old long ago',
    ]);
  const wet = await reconcile(it, 30 * DAY, { remember: '14d' });
  expect(wet.found).toMatchObject([{ missing: 2, delivered: 2, old: 1 }]);
  expect(it.sent).not.toContain('long ago');
  expect(named(await reconcile(it, 30 * DAY, { remember: '14d' }))).toEqual(['all old long ago']);
});

test('a receiver that was rewound by hand has forgotten as much as before', async () => {
  const it = world([at('near', 12 * DAY), ...hourly]);
  it.hidden.add('near');
  await once(it, USUAL, '14d');
  it.hidden.clear();
  const [row] = position();
  changeState(folder, NOW, ({ put }) => put('sim', row!.identity, JSON.parse(row!.value), NOW - 25 * DAY));
  await it.time.advance(2 * DAY);
  expect(named(await reconcile(it, 20 * DAY, { only: true, remember: '14d' }))).toContain('all missing near');
  changeState(folder, NOW, ({ put }) => put('sim', row!.identity, JSON.parse(row!.value), NOW + 2 * DAY));
  changeState(folder, NOW, ({ put }) => put('sim', row!.identity, JSON.parse(row!.value), NOW - 25 * DAY));
  expect(named(await reconcile(it, 20 * DAY, { only: true, remember: '14d' }))).toContain('all old near');
});

test('one without a time of its own is as old as it may be', async () => {
  const it = world([at('timeless', 20 * DAY, { timeless: true }), ...hourly]);
  it.hidden.add('timeless');
  await once(it, USUAL, '14d');
  it.hidden.clear();
  expect(named(await reconcile(it, 30 * DAY, { remember: '14d' }))).toEqual(['all old timeless']);
  expect(it.sent).not.toContain('timeless');
});

test('dead letters are known: neither missing nor sent', async () => {
  const it = world(hourly);
  it.refused.add('e30');
  const pipelines = { all: ['picky', 'dedupe'], other: ['dedupe'] } as const; // its id was never marked in `all`
  await once(it, pipelines);
  it.refused.clear();
  const sent = it.sent.length;
  const { found } = await reconcile(it, 7 * DAY, { pipelines });
  expect(found).toMatchObject([
    { pipeline: 'all', dead: 1, known: 167, missing: 0 },
    { pipeline: 'other', dead: 0, known: 168, missing: 0 },
  ]);
  expect(it.sent.length).toBe(sent);
});

test('a pipeline that remembers nothing is not reviewed, beside one that does', async () => {
  const it = world(hourly);
  const pipelines = { all: ['dedupe'], open: [] } as const;
  await once(it, pipelines);
  const sent = it.sent.length;
  const { review, found } = await reconcile(it, 7 * DAY, { pipelines });
  expect(review.passed).toEqual([
    { receiver: 'sim', pipeline: 'open', failed: false, why: expect.stringContaining('no dedupe') },
  ]);
  expect(found.map(({ pipeline }) => pipeline)).toEqual(['all']);
  expect(it.sent.length).toBe(sent);
  expect((await reconcile(it, 7 * DAY, { pipelines: { open: [] } })).review.passed).toMatchObject([{ failed: true }]);
});

test('missing in one pipeline, delivered in that one alone', async () => {
  const it = world(hourly);
  await once(it, { all: ['dedupe'] });
  const pipelines = { all: ['dedupe'], young: ['dedupe'] } as const;
  const { found } = await reconcile(it, DAY, { pipelines });
  expect(found).toMatchObject([
    { pipeline: 'all', known: 24, missing: 0 },
    { pipeline: 'young', known: 0, missing: 24, delivered: 24 },
  ]);
});

test('one that read nothing yet, or nothing of the span, has nothing to compare', async () => {
  const it = world(hourly);
  expect((await reconcile(it, DAY)).review.passed).toMatchObject([{ receiver: 'sim', failed: false }]);
  await once(it);
  await it.time.advance(2 * DAY);
  expect((await reconcile(it, DAY)).review.passed).toMatchObject([{ receiver: 'sim', failed: false }]);
});

test('what happened before the receiver began was never its to deliver; unless it was rewound to there', async () => {
  const it = world([at('before', 36 * DAY), ...hourly]);
  await once(it, USUAL, '90d');
  const early = await reconcile(it, 38 * DAY, { remember: '90d' });
  expect(early.found).toMatchObject([{ since: NOW - 35 * DAY, records: 240, missing: 0 }]);
  const [row] = position();
  const here = JSON.parse(row!.value);
  changeState(folder, NOW, ({ put }) => put('sim', row!.identity, here, NOW - 37 * DAY));
  expect(named(await reconcile(it, 38 * DAY, { remember: '90d' }))).toEqual(['all missing before']);
});

test('what the vendor no longer keeps is a gap', async () => {
  const it = world(hourly);
  await once(it);
  await it.time.advance(10 * DAY);
  await once(it);
  const { gaps } = await reconcile(it, 44 * DAY);
  expect(gaps).toEqual([{ from: NOW - 34 * DAY, to: NOW + 10 * DAY - KEEPS }]);
});

test('positions of a review are counted as those of a state are, and nobody else moves in it', async () => {
  const place = { receiver: 'sim', identity: 'i', position: { value: 'a', count: 0 }, low: 0 };
  const store = reviewing(snapshot(folder), [place], { only: true });
  const move = (receiver: string, after: number) =>
    ({ kind: 'move', receiver, identity: 'i', move: { after, position: 'b', low: 5, date: 0 } }) as const;
  await store.commit([move('sim', 0), { kind: 'set', space: 's', key: 'k', value: 1 }], 0);
  expect(place).toMatchObject({ position: { value: 'b', count: 1 }, low: 5 });
  await expect(store.commit([move('sim', 0)], 0)).rejects.toMatchObject({ code: 'E_COMMIT_STALE' });
  await expect(store.commit([move('other', 0)], 0)).rejects.toThrow('not reviewed');
});

test('marks without a move are of the date that is said, and nothing is forgotten for them', async () => {
  const store = openState(folder);
  const mark = (id: string) => ({ kind: 'mark', space: 's', ids: [id], remember: DAY }) as const;
  await store.commit([{ kind: 'dated', date: 1000 }, mark('old')], NOW);
  await store.commit([{ kind: 'dated', date: NOW }, mark('new')], NOW);
  expect(await store.known('s', ['old', 'new'])).toEqual(new Set(['old', 'new']));
  expect(readStandings(folder).marks).toEqual([{ space: 's', ids: 2, oldest: 1000, newest: NOW }]);
  await store.close();
});
