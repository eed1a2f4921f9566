// A lane that counts in a ledger: deliveries on a real state, in a folder of its own for each test. Importing this makes the
// folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach } from 'vitest';
import type { Exporter, Processor, Refusal } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { type AuditRecord, type Gap, identify } from '../../src/model.ts';
import { DAY, SECOND } from '../../src/options.ts';
import { createCounter } from '../../src/runtime/counter.ts';
import { deliver, type Route, type RouteStep } from '../../src/runtime/deliver.ts';
import { direct, type Handle } from '../../src/runtime/handle.ts';
import { checkLedger, readLedger } from '../../src/runtime/ledger/ledger-read.ts';
import { createQueue } from '../../src/runtime/queue/queue.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { fromMillis } from '../../src/time.ts';
import { virtualClock } from './clock.ts';

export let folder: string;
export let store: Store;
export let clock: ReturnType<typeof virtualClock>;
/** As another run does. @param between what is done while nothing runs */
export const reopen = async (between = () => {}) => {
  await store.close();
  between();
  store = openState(folder);
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-ledger-'));
  clock = virtualClock(Date.UTC(2026, 0, 15, 12));
  store = openState(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

export const origin = { receiver: 'opal', type: 'opal', site: 'https://api.example', tenant: '', feed: '' };
export const record = (id: string, more: Partial<AuditRecord> = {}): AuditRecord => {
  const now = fromMillis(clock?.now() ?? 0);
  return { id, time: now, observed: now, origin, raw: { id }, ...more };
};

// ---- Steps of a route ----

const step = (name: string, process: Processor['process'], remembers = false): RouteStep => ({
  name,
  type: name,
  remembers,
  processor: { process },
});
/** As the real one drops and marks. */
export const dedupe = step(
  'dedupe',
  async records => {
    const known = await store.known(
      'marks',
      records.map(({ id }) => id),
    );
    const seen = new Set<string>();
    const kept = records.filter(
      ({ id, part = 0 }) => !known.has(id) && !seen.has(`${part} ${id}`) && seen.add(`${part} ${id}`),
    );
    const ids = [...new Set(kept.map(({ id }) => id))];
    return { records: kept, writes: ids.length > 0 ? [{ kind: 'mark', space: 'marks', ids, remember: DAY }] : [] };
  },
  true,
);
/** Makes so many parts of each. */
export const split = (parts: number) =>
  step('split', records => ({
    records: records.flatMap(r => Array.from({ length: parts }, (_, part) => ({ ...r, part }))),
  }));
/** Lets through what the test says. */
export const only = (passes: (record: AuditRecord) => boolean) =>
  step('filter', records => ({ records: records.filter(passes) }));
/** Throws on these. */
export const throwing = (ids: string) =>
  step('map', records => {
    if (records.some(({ id }) => ids.includes(id))) throw new TypeError('a mapping that throws');
    return { records };
  });

// ---- Exporters ----

/** One that takes what it is given, but for what the test refuses. */
export const sink = (refuse: (records: readonly AuditRecord[]) => readonly Refusal[] = () => []) => {
  const taken: string[] = [];
  const exporter: Exporter = {
    export: async records => {
      const refused = refuse(records);
      const gone = new Set(refused.flatMap(one => (one.count === undefined ? one.records : [])));
      taken.push(...records.filter(r => !gone.has(r)).map(({ id, part = 0 }) => `${id}${part || ''}`));
      return { refused };
    },
  };
  return { exporter, taken };
};
export const refusing = (which: (record: AuditRecord) => boolean) => (records: readonly AuditRecord[]) => {
  const refused = records.filter(which);
  return refused.length === 0 ? [] : [{ fault: new Fault('E_HTTP_REQUEST', 'status 400'), records: refused }];
};
export const to = (name: string, exporter: Exporter): Handle => direct(name, exporter);
/** Behind a queue; `empty` sends what is in it. */
export const queueTo = (name: string, exporter: Exporter, longest = 1000) => {
  const log = { info() {}, warn() {}, error() {} };
  const open = () =>
    createQueue({
      name,
      exporter: { ...exporter, best: { records: longest, bytes: 1e6 } },
      limit: 1e6,
      store,
      clock,
      log,
      deadLetters: 1000,
      linger: SECOND,
    });
  const { handle } = open();
  const empty = async () => {
    const queue = open();
    queue.finish();
    await clock.run(queue.run());
  };
  return { handle, empty };
};

export const route = (processors: readonly RouteStep[], exporters: readonly Handle[], pipeline = 'audit'): Route => ({
  pipeline,
  processors,
  exporters,
});

// ---- A lane ----

/** Delivers batches one after the other, as a lane does. */
export const lane = (...routes: readonly Route[]) => {
  const counter = createCounter('opal');
  const identity = identify(origin);
  let count = 0;
  const feed = async (records: readonly AuditRecord[], date = clock.now(), gap?: Gap) => {
    const batch = { records, move: { after: count, position: count, low: 0, date }, ...(gap && { gap }) };
    const signal = new AbortController().signal;
    await clock.run(deliver(batch, { name: 'opal', identity, routes }, { store, clock, signal, counter }));
    count++;
  };
  return { counter, feed };
};

// ---- What it says ----

/** Of each account, what is not 0: `audit > out`. */
export const counted = (): Record<string, Record<string, number>> =>
  Object.fromEntries(
    readLedger(folder).accounts.map(({ receiver: _, pipeline, exporter, ...counts }) => [
      `${pipeline} > ${exporter}`,
      Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0)),
    ]),
  );
export const problems = () => checkLedger(folder).problems;
/** As somebody does who should not. */
export const tamper = (sql: string) => {
  const db = new DatabaseSync(join(folder, 'state.db'));
  db.exec(sql);
  db.close();
};
