// Dead letters that are sent again: through the step that refused them, mapped as we map today, and gone in the commit
// that makes their delivery true, or not at all.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { dedupe } from '../../processors/dedupe/index.ts';
import { defineExporter, defineProcessor, defineReceiver, type Exported, type Spec } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { type AuditRecord, identify, type Write } from '../../src/model.ts';
import { listen } from '../../src/point.ts';
import { assertRoom } from '../../src/runtime/dead-limit.ts';
import type { Plan } from '../../src/runtime/plan.ts';
import { createResender } from '../../src/runtime/resend.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { virtualClock } from '../support/clock.ts';
import { readDeadLetters } from '../support/letters.ts';

const none = z.object({});
const origin = { receiver: 'opal', type: 'sim', site: 'https://api.example', tenant: '', feed: '' };
const identity = identify(origin);
const record = (id: string, more: Partial<AuditRecord> = {}): AuditRecord => ({
  id,
  time: [0, 0],
  observed: [0, 0],
  origin,
  raw: { id },
  ...more,
});

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-resend-'));
  store = openState(folder);
});
afterEach(async () => {
  listen(undefined);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A sink that keeps what it takes; `judge` may refuse. */
const sink = (judge: (records: readonly AuditRecord[]) => Exported | undefined = () => undefined) => {
  const taken: AuditRecord[] = [];
  const spec = defineExporter({
    type: 'sink',
    options: none,
    create: ({ state }) => ({
      export: async records => {
        const answer = judge(records);
        if (!answer) taken.push(...records);
        return answer ?? { writes: [state.set('taken', taken.length)] };
      },
    }),
  })();
  return { spec, taken };
};
const processor = (process: (records: readonly AuditRecord[]) => readonly AuditRecord[]): Spec<'processor'> =>
  defineProcessor({
    type: 'p',
    options: none,
    create: () => ({ process: records => ({ records: process(records) }) }),
  })();
/** Every part of a record, with an event of today. */
const mapping = processor(records =>
  records.flatMap(one => [0, 1].map(part => ({ ...one, part, event: { is: 'of today', part } }))),
);

const planOf = (processors: Readonly<Record<string, Spec<'processor'>>>, out: Spec<'exporter'>): Plan => {
  const receiver = defineReceiver({
    type: 'sim',
    options: none,
    create: () => {
      throw new Error('no receiver is created');
    },
  })();
  const exporters = [{ name: 'out', spec: out, options: {} }];
  const steps = Object.entries(processors).map(([name, spec]) => ({ name, spec, options: { remember: 1000 } }));
  const routes = [{ pipeline: 'audit', processors: steps, exporters }];
  return { lanes: [{ receiver: { name: 'opal', spec: receiver, options: {} }, routes }], exporters };
};
const kept = (place: string, record: AuditRecord, more: Partial<Extract<Write, { kind: 'dead' }>> = {}) =>
  store.commit([{ kind: 'dead', place, code: 'E_PROCESSOR', reason: 'no', count: 1, records: [record], ...more }], 5);
/** Sends the one letter there is. */
const resend = async (plan: Plan, clock = virtualClock()) => {
  const quiet = { info() {}, warn() {}, error() {} };
  const http = () => () => Promise.reject(new Error('no network'));
  const resender = createResender(plan, { store, clock, log: quiet, http, folder });
  const cut = new AbortController();
  try {
    return await resender.resend(readDeadLetters(folder)[0]!, {
      signal: cut.signal,
      report: fault => cut.abort(fault),
    });
  } finally {
    await resender.close();
  }
};

test('a letter goes through the step that threw and those behind it, and is gone with its delivery', async () => {
  const { spec, taken } = sink();
  await kept('pipeline/audit/b', record('x', { attributes: { seen: 'a' } }));
  const seen: string[] = [];
  const step = (name: string) =>
    processor(records => {
      seen.push(name);
      return records;
    });
  expect(await resend(planOf({ b: step('b'), c: step('c') }, spec))).toEqual({ is: 'delivered' });
  expect(seen).toEqual(['b', 'c']);
  expect(taken.map(one => one.attributes)).toEqual([{ seen: 'a' }]); // as it was: nothing lies before that step
  expect(readDeadLetters(folder)).toEqual([]);
  expect(await store.get('exporter/out', 'taken')).toBe(1);
});

test('it is mapped as we map today, and only its own part goes on', async () => {
  const { spec, taken } = sink();
  await kept('pipeline/audit/picky', record('x', { part: 1, event: { is: 'of yesterday' } }));
  expect(await resend(planOf({ mapping, picky: processor(r => r) }, spec))).toEqual({ is: 'delivered' });
  expect(taken.map(one => one.event)).toEqual([{ is: 'of today', part: 1 }]);
});

test.each([
  ['drops it now', () => []],
  [
    'throws on it now',
    () => {
      throw new Error('no');
    },
  ],
] as const)('where a step that it had behind it %s, it goes on as it was', async (_, process) => {
  const { spec, taken } = sink();
  await kept('exporter/out', record('x', { event: { is: 'of yesterday' } }));
  expect(await resend(planOf({ before: processor(process) }, spec))).toEqual({ is: 'delivered' });
  expect(taken.map(one => one.event)).toEqual([{ is: 'of yesterday' }]);
});

test('a letter that is refused again stays, and is counted', async () => {
  const { spec } = sink();
  await kept('pipeline/audit/picky', record('x'));
  const picky = processor(() => {
    throw new Error('still no');
  });
  expect(await resend(planOf({ picky }, spec))).toEqual({ is: 'refused' });
  expect(readDeadLetters(folder)).toMatchObject([{ seq: 1, tries: 2, first: 5, reason: 'still no' }]);
});

test('so does one that the sink refuses, one of a batch of which it took a part too', async () => {
  for (const code of ['E_HTTP_REQUEST', 'E_SINK_PARTIAL'] as const) {
    const { spec } = sink(records => ({ refused: [{ fault: new Fault(code, 'not this one'), records, count: 1 }] }));
    await kept('exporter/out', record(code), { code });
    expect(await resend(planOf({}, spec))).toEqual({ is: 'refused' });
    expect(readDeadLetters(folder)).toMatchObject([{ code, tries: 2, reason: 'not this one' }]);
    const good = sink();
    expect(await resend(planOf({}, good.spec))).toEqual({ is: 'delivered' });
    expect(readDeadLetters(folder)).toEqual([]);
  }
});

test('one that comes further, and is refused there, is a letter of that place', async () => {
  const { spec } = sink(records => ({ refused: [{ fault: new Fault('E_HTTP_REQUEST', 'no'), records }] }));
  await kept('pipeline/audit/picky', record('x'));
  expect(await resend(planOf({ picky: processor(r => r) }, spec))).toEqual({ is: 'refused' });
  expect(readDeadLetters(folder)).toMatchObject([{ place: 'exporter/out', tries: 1 }]);
});

test('what was delivered meanwhile is dropped by what remembers it, and what is delivered now is remembered', async () => {
  const { spec, taken } = sink();
  const plan = planOf({ picky: processor(r => r), dedupe: dedupe() }, spec);
  for (const fate of ['delivered', 'dropped']) {
    await kept('pipeline/audit/picky', record('x'));
    expect(await resend(plan)).toEqual({ is: fate });
  }
  expect(taken).toHaveLength(1);
  expect(await store.known(`audit/dedupe/${identity}`, ['x'])).toEqual(new Set(['x']));
});

test('one part of a record is not taken for the others, which were delivered', async () => {
  const { spec, taken } = sink();
  const space = `audit/dedupe/${identity}`;
  const move = { after: 0, position: 1, low: 0, date: 0 };
  await store.commit(
    [
      { kind: 'move', receiver: 'opal', identity, move },
      { kind: 'mark', space, ids: ['x'], remember: 1000 },
    ],
    1,
  );
  await kept('pipeline/audit/picky', record('x', { part: 1 }));
  expect(await resend(planOf({ picky: processor(r => r), dedupe: dedupe() }, spec))).toEqual({ is: 'delivered' });
  expect(taken.map(one => one.part)).toEqual([1]);
});

test('what remembers and lies behind a letter is passed by: it knows the record', async () => {
  const { spec, taken } = sink();
  await kept('exporter/out', record('x', { part: 0, event: { is: 'of yesterday' } }));
  const space = `audit/dedupe/${identity}`;
  const move = { after: 0, position: 1, low: 0, date: 0 };
  await store.commit(
    [
      { kind: 'move', receiver: 'opal', identity, move },
      { kind: 'mark', space, ids: ['x'], remember: 1000 },
    ],
    1,
  );
  expect(await resend(planOf({ dedupe: dedupe(), mapping }, spec))).toEqual({ is: 'delivered' });
  expect(taken).toHaveLength(1);
});

test('ended inside of the commit: the letter stays, and nothing that was written with it is true', async () => {
  const { spec } = sink();
  await kept('exporter/out', record('x'));
  listen(name => {
    if (name === 'after writes') throw new Error('out of luck');
  });
  await expect(resend(planOf({}, spec))).rejects.toThrow('out of luck');
  listen(undefined);
  expect(readDeadLetters(folder)).toHaveLength(1);
  expect(await store.get('exporter/out', 'taken')).toBeUndefined();
});

test('a sink that is down is not the letter’s fault: it stays, uncounted', async () => {
  const down = sink(() => {
    throw new Fault('E_NETWORK', 'nobody there');
  });
  await kept('exporter/out', record('x'));
  await expect(resend(planOf({}, down.spec))).rejects.toThrow();
  expect(readDeadLetters(folder)).toMatchObject([{ tries: 1 }]);
});

test.each([
  ['exporter/gone', "no pipeline of the config has an exporter 'gone'"],
  ['pipeline/gone/p', "the config has no pipeline 'gone'"],
  ['pipeline/audit/gone', "the pipeline 'audit' has no processor 'gone'"],
])('a letter of %s has no place to go, and stays', async (place, reason) => {
  await kept(place, record('x'));
  expect(await resend(planOf({}, sink().spec))).toEqual({ is: 'homeless', reason });
  expect(readDeadLetters(folder)).toHaveLength(1);
});

test('a letter that is gone is not removed twice', async () => {
  await kept('exporter/out', record('x'));
  const revive: Write = { kind: 'revive', seq: 1, date: 0 };
  await store.commit([revive], 1);
  await expect(store.commit([revive], 1)).rejects.toMatchObject({ code: 'E_COMMIT_STALE' });
});

test('there is room for so many letters, and then none is dropped for another', async () => {
  await kept('exporter/out', record('x'));
  await expect(assertRoom(store, 0, { limit: 1, most: 2 })).resolves.toBeUndefined();
  await expect(assertRoom(store, 2, { limit: 1, most: 2 })).rejects.toMatchObject({ code: 'E_DEAD_LIMIT' });
  await kept('exporter/out', record('y'));
  await expect(assertRoom(store, 0, { limit: 1, most: 2 })).rejects.toMatchObject({
    code: 'E_DEAD_FULL',
    kind: 'denied',
  });
});
