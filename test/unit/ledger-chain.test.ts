// The ledger's entries: one an hour, each chained to the one before, old ones gone and what they counted not; and whatever is
// changed, taken away or put elsewhere is found.
import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { canonical } from '../../src/json.ts';
import { DAY, HOUR, MINUTE } from '../../src/options.ts';
import { readEntries, readLedger, SINCE } from '../../src/runtime/ledger/ledger-read.ts';
import { KEPT } from '../../src/runtime/ledger/ledger-sqlite.ts';
import { checkState } from '../../src/runtime/state/state-check.ts';
import { MIGRATIONS } from '../../src/runtime/state/tables.ts';
import {
  clock,
  counted,
  folder,
  lane,
  problems,
  queueTo,
  record,
  refusing,
  reopen,
  route,
  sink,
  tamper,
  to,
} from '../support/ledger.ts';

/** A record an hour, for so many hours. */
const hours = async (n: number, { feed } = lane(route([], [to('out', sink().exporter)]))) => {
  for (let hour = 0; hour < n; hour++) {
    if (hour > 0) await clock.advance(HOUR);
    await feed([record(`r${hour}`)]);
  }
};

describe('entries', () => {
  test('commits of one hour are one entry; the next hour begins the next, chained to it', async () => {
    const { feed } = lane(route([], [to('out', sink().exporter)]));
    const start = clock.now();
    await feed([record('a')]);
    await clock.advance(20 * MINUTE);
    await feed([record('b')]);
    expect(readEntries(folder)).toHaveLength(1);
    await clock.advance(HOUR);
    await feed([record('c')]);
    const [first, second] = readEntries(folder);
    expect([first?.seq, first?.previous, second?.seq, second?.previous]).toEqual([1, '0'.repeat(64), 2, first?.digest]);
    expect(readLedger(folder)).toMatchObject({ since: start, until: clock.now(), accounts: [{ delivered: 3 }] });
  });

  test('are canonical, and their digest can be made by anybody', async () => {
    const later = queueTo('later', sink(refusing(() => false)).exporter);
    await hours(3, lane(route([], [to('out', sink().exporter), later.handle])));
    for (const { content, previous, digest } of readEntries(folder)) {
      expect(canonical(JSON.parse(content))).toBe(content);
      expect(hash('sha256', previous + content)).toBe(digest);
    }
  });

  test('say what was counted since a moment as a difference', async () => {
    await hours(5);
    expect(readLedger(folder, clock.now() - 2 * HOUR + 1)).toMatchObject({
      since: clock.now() - HOUR,
      accounts: [{ fetched: 2, delivered: 2 }],
    });
    expect(readLedger(folder, clock.now() + 1)).toEqual({ accounts: [], receivers: [] });
  });

  test('go after 90 days, but for the anchor; what they counted stays counted, and the chain holds', async () => {
    const self = lane(route([], [to('out', sink().exporter)]));
    await hours(3, self);
    await clock.advance(KEPT.for - HOUR);
    await self.feed([record('new')]);
    expect(readEntries(folder).map(({ seq }) => seq)).toEqual([2, 3, 4]);
    await clock.advance(DAY);
    await self.feed([record('newer')]);
    expect(readEntries(folder).map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(counted()).toEqual({ 'audit > out': { fetched: 5, delivered: 5 } });
    expect(problems()).toEqual([]);
  });
});

test('an older state has none, and is read all the same', () => {
  expect(MIGRATIONS[SINCE - 1]).toContain('create table ledger (');
});

describe('what is found', () => {
  const cases: readonly (readonly [what: string, sql: string, said: readonly string[]])[] = [
    [
      'a count that was changed',
      `update ledger set content = replace(content, '"delivered":2', '"delivered":3') where seq = 2`,
      ['entry 2: it was changed: its digest is another', 'entry 2, opal > audit > out: 2 fetched, and 3 have a fate'],
    ],
    ['an entry that was taken away', 'delete from ledger where seq = 2', ['entry 2 is gone']],
    ['the newest one, too', 'delete from ledger where seq = 4', ['entry 4 is gone, the newest']],
    ['all of them', 'delete from ledger', ['entry 4 is gone, the newest']],
    ['one that was changed, with a digest that fits', 'SEALED', ['entry 3: it does not follow entry 2']],
    [
      'two that changed places',
      'update ledger set seq = -2 where seq = 2; update ledger set seq = 2 where seq = 3; update ledger set seq = 3 where seq = -2',
      [
        'entry 2: it does not follow entry 1',
        'entry 3: it does not follow entry 2',
        'entry 4: it does not follow entry 3',
      ],
    ],
    [
      'one that is no entry',
      `update ledger set content = 'x' where seq = 4`,
      ['entry 4: it was changed: its digest is another', 'entry 4: it cannot be read: '],
    ],
    [
      'a first one with something before it',
      `update ledger set previous = '1' where seq = 1`,
      ['entry 1: it was changed: its digest is another', 'entry 1: nothing can be before it'],
    ],
  ];
  for (const [what, sql, said] of cases)
    test(what, async () => {
      await hours(4);
      const [, second] = readEntries(folder);
      const content = second!.content.replace(`"until":`, `"until": `);
      tamper(
        sql === 'SEALED'
          ? `update ledger set content = '${content}', digest = '${hash('sha256', second!.previous + content)}' where seq = 2`
          : sql,
      );
      const found = problems();
      for (const line of said) expect(found.join('\n')).toContain(line);
      expect(checkState(folder).problems).toEqual(expect.arrayContaining(found.map(line => `ledger: ${line}`)));
    });

  test('counts that are not what lies in the queue, and as dead letters', async () => {
    const later = queueTo('later', sink().exporter);
    const { feed } = lane(route([], [later.handle, to('out', sink(refusing(({ id }) => id === 'b')).exporter)]));
    await feed([record('a'), record('b')]);
    expect(problems()).toEqual([]);
    tamper('delete from dead; delete from queue');
    expect(problems()).toEqual([
      'row 1 of a queue is gone, and still counted',
      'opal > audit > later: 2 pending, and 0 in the queue',
      'opal > audit > out: 1 dead, and letters of 0',
    ]);
  });

  test('a damaged entry stops nobody: counting begins anew behind it, and it is named until it is old', async () => {
    const self = lane(route([], [to('out', sink().exporter)]));
    await hours(2, self);
    tamper(`update ledger set content = 'x' where seq = 2`);
    await reopen();
    await self.feed([record('new')]);
    expect(readEntries(folder).at(-1)).toMatchObject({ seq: 3 });
    expect(counted()).toEqual({ 'audit > out': { fetched: 1, delivered: 1 } });
    expect(problems()).toContain('entry 2: it was changed: its digest is another');
    for (const id of ['later', 'latest']) {
      await clock.advance(KEPT.for);
      await self.feed([record(id)]);
    }
    expect(readEntries(folder).map(({ seq }) => seq)).toEqual([4, 5]);
    expect(problems()).toEqual([]); // it is gone
  });
});
