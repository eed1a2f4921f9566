// A queue in front of a sink that the test controls, on a virtual clock and a state folder of its own for each test.
// Importing this makes the folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Exporter } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord, Write } from '../../src/model.ts';
import { SECOND } from '../../src/options.ts';
import { listen } from '../../src/point.ts';
import { unrouted } from '../../src/runtime/fate.ts';
import { createQueue, type QueueOptions } from '../../src/runtime/queue/queue.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { virtualClock } from './clock.ts';

export let folder: string;
export let store: Store;
export let lines: { level: string; fields: { code?: string }; message: string }[];
export let clock: ReturnType<typeof virtualClock>;
/** As another run does; the store must be closed. */
export const reopen = () => {
  store = openState(folder);
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-queue-'));
  reopen();
  lines = [];
  clock = virtualClock();
});
afterEach(async () => {
  listen(undefined);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const ids = (records: readonly AuditRecord[]) => records.map(r => r.id);
/** A sink that keeps what it is sent; `take` may throw. */
export const sink = (take: Exporter['export'] = async () => ({}), best?: Exporter['best']) => {
  const calls: string[][] = [];
  const exporter: Exporter = {
    ...(best && { best }),
    export: async (records, signal) => {
      const taken = await take(records, signal);
      calls.push(ids(records));
      return taken;
    },
  };
  return { calls, exporter };
};
export const down = async () => {
  throw new Fault('E_NETWORK', 'connection refused');
};
/** A queue for this exporter, as the engine opens one. */
export const open = (exporter: Exporter, more: Partial<QueueOptions> = {}) => {
  const tell = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  return createQueue({
    name: 'out',
    exporter,
    limit: 1e6,
    store,
    clock,
    log: { info: tell('info'), warn: tell('warn'), error: tell('error') },
    deadLetters: 1000,
    linger: 5 * SECOND,
    ...more,
  });
};
type Queue = ReturnType<typeof open>;

export const never = new AbortController().signal;
export const hand = (queue: Queue, records: readonly AuditRecord[], signal = never, faults: Fault[] = []) =>
  queue.handle.hand([unrouted(records)], { clock, signal, report: fault => void faults.push(fault) });
/** As a delivery does. */
export const deliver = async (queue: Queue, records: readonly AuditRecord[], more: readonly Write[] = []) => {
  const exported = await hand(queue, records);
  await store.commit([...more, ...(exported.writes ?? [])], clock.now());
  await exported.release?.(true);
};
/** What is in the queue. */
export const left = async () => (await store.queues()).get('out') ?? { rows: 0, records: 0, bytes: 0 };
