// What the ledger counts later: letters that are sent again or dropped, receivers that get another name or another place. All
// on a real state, and each time everything holds.
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { asText } from '../../src/cli/ledger/report.ts';
import { defineExporter, defineProcessor, defineReceiver, type Exporter, type Processor } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { type AuditRecord, identify } from '../../src/model.ts';
import { HOUR, MINUTE } from '../../src/options.ts';
import { createCounter } from '../../src/runtime/counter.ts';
import { deliver } from '../../src/runtime/deliver.ts';
import { checkLedger, readLedger } from '../../src/runtime/ledger/ledger-read.ts';
import type { Plan } from '../../src/runtime/plan.ts';
import { createResender } from '../../src/runtime/resend.ts';
import { reviewing } from '../../src/runtime/review/review-store.ts';
import { changeState, type Tools } from '../../src/runtime/state/state-tools.ts';
import { fromMillis } from '../../src/time.ts';
import {
  clock,
  counted,
  dedupe,
  folder,
  lane,
  only,
  origin,
  problems,
  queueTo,
  record,
  refusing,
  reopen,
  route,
  sink,
  split,
  store,
  throwing,
  to,
} from '../support/ledger.ts';
import { readDeadLetters } from '../support/letters.ts';

afterEach(() => expect(problems()).toEqual([]));

const all = (ids: string) => [...ids].map(id => record(id));
const same: Processor = { process: records => ({ records }) };
const none = z.object({});

/** The pipeline of the config as it is now. */
const now = (steps: Readonly<Record<string, Processor>>, sinks: Readonly<Record<string, Exporter>>): Plan => {
  const part = <S>(name: string, spec: S) => ({ name, spec, options: {} });
  const processors = Object.entries(steps).map(([name, step]) =>
    part(name, defineProcessor({ type: name, options: none, create: () => step })()),
  );
  const exporters = Object.entries(sinks).map(([name, exporter]) =>
    part(name, defineExporter({ type: 'sink', options: none, create: () => exporter })()),
  );
  const receiver = part('opal', defineReceiver({ type: 'opal', options: none, create: () => undefined as never })()); // none is created
  return { lanes: [{ receiver, routes: [{ pipeline: 'audit', processors, exporters }] }], exporters };
};
/** Sends again those that the test names, or every letter. */
const resend = async (plan: Plan, which: (record: AuditRecord) => boolean = () => true) => {
  const log = { info() {}, warn() {}, error() {} };
  const http = () => async () => Promise.reject(new Error('no network'));
  const resender = createResender(plan, { store, clock, log, http, folder });
  const fates: string[] = [];
  for (const letter of readDeadLetters(folder).filter(one => which(one.record)))
    fates.push((await clock.run(resender.resend(letter, { signal: new AbortController().signal }))).is);
  await resender.close();
  return fates;
};
const taking = () => sink().exporter;
const refusingB = (name = 'out') => to(name, sink(refusing(({ id }) => id === 'b')).exporter);

describe('a letter that is sent again', () => {
  test('was dead, and is delivered; refused again, it stays dead', async () => {
    await lane(route([], [refusingB()])).feed(all('abc'));
    const before = { 'audit > out': { fetched: 3, delivered: 2, dead: 1 } };
    expect(await resend(now({}, { out: sink(refusing(() => true)).exporter }))).toEqual(['refused']);
    expect(counted()).toEqual(before);
    expect(await resend(now({}, { out: taking() }))).toEqual(['delivered']);
    expect(counted()).toEqual({ 'audit > out': { fetched: 3, delivered: 3 } });
  });

  test('of a step counts at each exporter; where one refuses it, it stays dead there', async () => {
    await lane(route([throwing('b')], [to('one', taking()), to('two', taking())])).feed(all('abc'));
    const picky = sink(refusing(({ id }) => id === 'b')).exporter;
    await resend(now({ map: same }, { one: taking(), two: picky }));
    expect(counted()).toEqual({
      'audit > one': { fetched: 3, delivered: 3 },
      'audit > two': { fetched: 3, delivered: 2, dead: 1 },
    });
    await resend(now({ map: same }, { one: taking(), two: taking() }));
    expect(counted()['audit > two']).toEqual({ fetched: 3, delivered: 3 });
  });

  test('and is dropped by a step behind, is filtered', async () => {
    await lane(route([throwing('b')], [to('out', taking())])).feed(all('ab'));
    expect(await resend(now({ map: same, filter: { process: () => ({ records: [] }) } }, { out: taking() }))).toEqual([
      'dropped',
    ]);
    expect(counted()).toEqual({ 'audit > out': { fetched: 2, filtered: 1, delivered: 1 } });
  });

  test('is one part: the record is dead until the last of them went through', async () => {
    const picky = sink(refusing(({ id, part }) => id === 'b' && part !== 0)).exporter;
    await lane(route([split(3)], [to('out', picky)])).feed(all('ab'));
    expect(readDeadLetters(folder)).toHaveLength(2);
    await resend(now({}, { out: taking() }), ({ part }) => part === 1);
    expect(counted()).toEqual({ 'audit > out': { fetched: 2, delivered: 1, dead: 1 } });
    await resend(now({}, { out: taking() }));
    expect(counted()).toEqual({ 'audit > out': { fetched: 2, delivered: 2 } });
  });

  test('came by two routes, and settles both', async () => {
    const out = refusingB();
    await lane(route([], [out]), route([only(() => true)], [out], 'alerts')).feed(all('ab'));
    expect(readDeadLetters(folder)).toHaveLength(1);
    await resend(now({}, { out: taking() }));
    const counts = { fetched: 2, delivered: 2 };
    expect(counted()).toEqual({ 'audit > out': counts, 'alerts > out': counts });
  });

  test('finds other exporters in its pipeline than before', async () => {
    await lane(route([throwing('b')], [to('old', taking()), to('kept', taking())])).feed(all('ab'));
    await resend(now({ map: same }, { kept: taking(), new: taking() }));
    expect(counted()).toEqual({
      'audit > kept': { fetched: 2, delivered: 2 },
      'audit > old': { fetched: 2, delivered: 1, dead: 1, dropped: 1 }, // nobody delivered it there
      'audit > new': { fetched: 1, delivered: 1 },
    });
  });

  test('is the copy of one that a sink did not name: only as many were dead as it refused', async () => {
    const partial = (records: readonly AuditRecord[]) => [
      { fault: new Fault('E_SINK_PARTIAL', '2 were refused'), records, count: 2 },
    ];
    await lane(route([], [to('out', sink(partial).exporter)])).feed(all('abcde'));
    await resend(now({}, { out: taking() }), ({ id }) => id > 'b');
    expect(counted()).toEqual({ 'audit > out': { fetched: 5, delivered: 3, dead: 2 } });
    await resend(now({}, { out: taking() }));
    expect(counted()).toEqual({ 'audit > out': { fetched: 5, delivered: 5 } });
  });
});

/** As a command does, while no engine runs. */
const byHand = (work: (tools: Tools) => unknown): Promise<void> => {
  return reopen(() => void changeState(folder, clock.now(), work));
};

describe('by hand', () => {
  test('a letter that is dropped stays dead: nobody delivered it', async () => {
    await lane(route([], [refusingB()])).feed(all('ab'));
    await byHand(({ dropLetters }) => dropLetters(readDeadLetters(folder).map(({ seq }) => seq)));
    expect(counted()).toEqual({ 'audit > out': { fetched: 2, delivered: 1, dead: 1, dropped: 1 } });
  });

  test('what waits, is dead or was counted under a name is that of the new one', async () => {
    const later = queueTo('later', sink(refusing(({ id }) => id === 'c')).exporter);
    await lane(route([], [later.handle, refusingB()])).feed(all('abc'));
    const identity = identify(origin);
    await byHand(({ put, adopt }) => {
      put('opal', identity, 0, 0);
      adopt({ from: 'opal', to: 'gems', identity, reason: '' });
    });
    await later.empty();
    await resend(now({}, { out: taking(), later: taking() }));
    const { accounts, receivers } = readLedger(folder);
    expect(
      accounts.map(({ receiver, exporter, fetched, delivered }) => [receiver, exporter, fetched, delivered]),
    ).toEqual([
      ['gems', 'later', 3, 3],
      ['gems', 'out', 3, 3],
    ]);
    expect(receivers).toMatchObject([{ receiver: 'gems', fetched: 3 }]);
  });

  test('a receiver that was moved reads what is old, and not what is late', async () => {
    const self = lane(route([dedupe], [to('out', taking())]));
    await self.feed(all('a'));
    self.counter.rested();
    await self.feed([record('b')]);
    expect(readLedger(folder).receivers[0]?.end).toBe(clock.now());
    await byHand(({ put }) => put('opal', identify(origin), 0, 0));
    expect(readLedger(folder).receivers[0]).not.toHaveProperty('end');
  });
});

test("a review counts its requests, and what was missing; that the rest was read again is nobody's fate", async () => {
  const path = route([dedupe], [to('out', taking())]);
  await lane(path).feed(all('ab'));
  const identity = identify(origin);
  const place = { receiver: 'opal', identity, position: { value: 0, count: 0 }, low: 0 };
  const given = { store: reviewing(store, [place], { only: false }), clock, signal: new AbortController().signal };
  const counter = createCounter('opal');
  counter.asked({ status: 200 });
  const batch = { records: all('abc'), move: { after: 0, position: 1, low: 0, date: clock.now() } };
  await deliver(batch, { name: 'opal', identity, routes: [path] }, { ...given, counter });
  expect(counted()).toEqual({ 'audit > out': { fetched: 3, delivered: 3 } });
  expect(readLedger(folder).receivers).toMatchObject([{ requests: 1, fetched: 3 }]);
});

describe('of a receiver', () => {
  test('requests count with the next commit, failed ones too; or at once when a fault is waited out', async () => {
    const { counter, feed } = lane(route([], [to('out', taking())]));
    counter.asked({ status: 503 });
    counter.asked({ status: undefined });
    await counter.tell(store, clock);
    expect(readLedger(folder).receivers).toMatchObject([{ requests: 2, failed: 2, fetched: 0 }]);
    counter.asked({ status: 200 });
    await feed([]);
    await feed([]); // there is nothing to tell: nothing is written
    expect(readLedger(folder).receivers).toMatchObject([{ requests: 3, failed: 2 }]);
  });

  test('a gap is counted with the page that tells of it, and named; two that touch are one', async () => {
    const { feed } = lane(route([], [to('out', taking())]));
    const hour = (n: number) => ({ from: n * HOUR, to: (n + 1) * HOUR });
    await feed([], clock.now(), hour(100));
    await feed([record('a')], clock.now(), hour(101));
    await feed([], clock.now(), hour(200));
    const sum = readLedger(folder);
    const gaps = [{ from: 100 * HOUR, to: 102 * HOUR }, hour(200)];
    expect(sum.receivers).toMatchObject([{ gap: 3 * HOUR, gaps }]);
    const said = asText({ sum, checked: checkLedger(folder), names: ['opal'], overlaps: new Map() }).join('');
    expect(said).toContain('  gaps      3h that the vendor no longer kept\n            1970-01-05T04:00:00.000Z to');
  });

  test('what was not committed is told the next time', async () => {
    const { counter } = lane(route([], []));
    counter.asked({ status: 200 });
    await counter.tell({ commit: () => Promise.reject(new Fault('E_STATE_FULL')) }, clock);
    await counter.tell(store, clock);
    await counter.tell(store, clock);
    expect(readLedger(folder).receivers).toMatchObject([{ requests: 1 }]);
  });

  test('late is what had happened when the end was last reached, and was not there: over a restart, too', async () => {
    const { counter, feed } = lane(route([dedupe], [to('out', taking())]));
    const happened = (id: string, ago: number) => record(id, { time: fromMillis(clock.now() - ago) });
    await feed([happened('history', 30 * 24 * HOUR)]);
    counter.rested();
    await clock.advance(10 * MINUTE);
    await feed([
      happened('fresh', 0),
      happened('late', 10 * MINUTE + 90_000),
      happened('later', 13 * HOUR),
      happened('history', 30 * 24 * HOUR),
      { ...happened('unsure', HOUR), guessed: 'time' },
    ]);
    const { late, lateness, first, last } = readLedger(folder).receivers[0]!;
    expect({ late, lateness }).toEqual({ late: 2, lateness: [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0] });
    expect([first, last]).toEqual([clock.now() - 10 * MINUTE - 30 * 24 * HOUR, clock.now()]);
  });
});
