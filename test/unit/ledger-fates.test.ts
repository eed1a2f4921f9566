// Each record of the vendor has one fate in the ledger, on each route and at each exporter: whatever is made of it, whatever
// refuses it, however late it leaves a queue. All on a real state, and each time everything holds.
import { afterEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import {
  clock,
  counted,
  dedupe,
  lane,
  only,
  problems,
  queueTo,
  record,
  refusing,
  route,
  sink,
  split,
  store,
  throwing,
  to,
} from '../support/ledger.ts';

afterEach(() => expect(problems()).toEqual([]));

const all = (ids: string) => [...ids].map(id => record(id));

describe('on the way', () => {
  test('what repeats is a duplicate, in one batch and in the next; what a step drops is filtered', async () => {
    const out = sink();
    const { feed } = lane(route([dedupe, only(({ id }) => id !== 'c')], [to('out', out.exporter)]));
    await feed([...all('abc'), record('a')]);
    await feed(all('bcd'));
    expect(out.taken).toEqual(['a', 'b', 'd']);
    expect(counted()).toEqual({ 'audit > out': { fetched: 7, duplicate: 3, filtered: 1, delivered: 3 } });
  });

  test('without dedupe, what comes twice is delivered twice', async () => {
    const { feed } = lane(route([], [to('out', sink().exporter)]));
    await feed([record('a'), record('a')]);
    expect(counted()).toEqual({ 'audit > out': { fetched: 2, delivered: 2 } });
  });

  test('parts are one record, on either side of dedupe', async () => {
    const out = to('out', sink().exporter);
    const { feed } = lane(route([dedupe, split(3)], [out], 'before'), route([split(3), dedupe], [out], 'behind'));
    await feed([record('a'), record('a')]);
    expect(counted()).toEqual({
      'before > out': { fetched: 2, duplicate: 1, delivered: 1 },
      'behind > out': { fetched: 2, duplicate: 1, delivered: 1 },
    });
  });

  test('a record of which some parts are filtered is delivered; one of which all are is filtered', async () => {
    const { feed } = lane(
      route([split(3), only(({ id, part }) => id !== 'b' && part !== 1)], [to('out', sink().exporter)]),
    );
    await feed(all('ab'));
    expect(counted()).toEqual({ 'audit > out': { fetched: 2, filtered: 1, delivered: 1 } });
  });

  test('each route and exporter counts for itself', async () => {
    const [one, two] = [to('one', sink().exporter), to('two', sink(refusing(({ id }) => id === 'b')).exporter)];
    const { feed } = lane(route([], [one, two]), route([only(({ id }) => id === 'a')], [one], 'alerts'));
    await feed(all('abc'));
    expect(counted()).toEqual({
      'audit > one': { fetched: 3, delivered: 3 },
      'audit > two': { fetched: 3, delivered: 2, dead: 1 },
      'alerts > one': { fetched: 3, filtered: 2, delivered: 1 },
    });
  });
});

describe('dead', () => {
  test('what a step throws on is dead at every exporter, and read again it is a duplicate of it', async () => {
    const { feed } = lane(route([throwing('b')], [to('one', sink().exporter), to('two', sink().exporter)]));
    await feed(all('abc'));
    await feed(all('b'));
    const counts = { fetched: 4, duplicate: 1, delivered: 2, dead: 1 };
    expect(counted()).toEqual({ 'audit > one': counts, 'audit > two': counts });
  });

  test('a record of which one part is refused is dead, once', async () => {
    const picky = refusing(({ id, part }) => id === 'a' && part !== 0);
    const { feed } = lane(route([split(3)], [to('out', sink(picky).exporter)]));
    await feed(all('ab'));
    expect(counted()).toEqual({ 'audit > out': { fetched: 2, delivered: 1, dead: 1 } });
  });

  test('a record of which one part dies in a step, and another goes on, is dead and not delivered as well', async () => {
    const picky = {
      ...throwing(''),
      processor: {
        process: (records: readonly ReturnType<typeof record>[]) => {
          if (records.some(({ id, part }) => id === 'a' && part === 1)) throw new TypeError('part 1');
          return { records };
        },
      },
    };
    const later = queueTo('later', sink().exporter);
    const { feed } = lane(route([split(2), picky], [to('out', sink().exporter), later.handle]));
    await feed(all('ab'));
    expect(counted()).toEqual({
      'audit > out': { fetched: 2, delivered: 1, dead: 1 },
      'audit > later': { fetched: 2, pending: 1, dead: 1 },
    });
    await later.empty();
    expect(counted()['audit > later']).toEqual({ fetched: 2, delivered: 1, dead: 1 });
  });

  test('where a sink only says how many, so many are dead', async () => {
    const partial = (records: readonly ReturnType<typeof record>[]) => [
      { fault: new Fault('E_SINK_PARTIAL', '2 were refused'), records, count: 2 },
    ];
    const { feed } = lane(route([], [to('out', sink(partial).exporter)]));
    await feed(all('abcde'));
    expect(counted()).toEqual({ 'audit > out': { fetched: 5, delivered: 3, dead: 2 } });
  });

  test('an exporter may return copies of what it refuses', async () => {
    const copying = (records: readonly ReturnType<typeof record>[]) =>
      refusing(({ id }) => id === 'b')(records).map(one => ({ ...one, records: one.records.map(r => ({ ...r })) }));
    const { feed } = lane(route([], [to('out', sink(copying).exporter)]));
    await feed(all('abc'));
    expect(counted()).toEqual({ 'audit > out': { fetched: 3, delivered: 2, dead: 1 } });
  });
});

describe('in a queue', () => {
  test('what waits is pending; it is settled in the commit that removes its row, on the route that it came by', async () => {
    const later = queueTo('later', sink(refusing(({ id }) => id === 'b')).exporter);
    const { feed } = lane(
      route([dedupe], [later.handle]),
      route([only(({ id }) => id === 'a')], [later.handle], 'alerts'),
    );
    await feed(all('abc'));
    await feed(all('cd'));
    expect(counted()).toEqual({
      'audit > later': { fetched: 5, duplicate: 1, pending: 4 },
      'alerts > later': { fetched: 5, filtered: 4, pending: 1 },
    });
    await later.empty();
    expect(counted()).toEqual({
      'audit > later': { fetched: 5, duplicate: 1, delivered: 3, dead: 1 },
      'alerts > later': { fetched: 5, filtered: 4, delivered: 1 },
    });
  });

  test('rows from before there was a ledger are sent, and nobody counts them', async () => {
    const out = sink(refusing(({ id }) => id === 'b'));
    const later = queueTo('later', out.exporter);
    await store.commit([{ kind: 'enqueue', queue: 'later', records: all('ab') }], clock.now());
    await lane(route([], [later.handle])).feed(all('c'));
    await later.empty();
    expect(out.taken).toEqual(['a', 'c']);
    expect(counted()).toEqual({ 'audit > later': { fetched: 1, delivered: 1 } });
  });

  test('parts of one record are in one row, and settle together', async () => {
    const later = queueTo('later', sink(refusing(({ id, part }) => id === 'b' && part === 2)).exporter, 2);
    const { feed } = lane(route([split(3)], [later.handle]));
    await feed(all('abc'));
    expect((await store.queues()).get('later')?.rows).toBe(3);
    await later.empty();
    expect(counted()).toEqual({ 'audit > later': { fetched: 3, delivered: 2, dead: 1 } });
  });
});
