// Everything between a receiver and the disk, in two phases: processors first, when nothing has left us; then every
// exporter, once; then one commit. Returning is the acknowledgement.
import type { Clock, Exported, Processor, Receiver } from '../component.ts';
import { describe, Fault } from '../fault.ts';
import type { AuditRecord, Batch, Write } from '../model.ts';
import { point } from '../point.ts';
import { persist } from '../retry.ts';
import { account, type Delivery, type Step } from './account.ts';
import type { Hand, Handle } from './handle.ts';
import type { Store } from './state.ts';

/** One pipeline as one receiver sees it: processors of its own, exporters shared by all. */
export interface Route {
  readonly pipeline: string;
  readonly processors: readonly { readonly name: string; readonly type: string; readonly processor: Processor }[];
  readonly exporters: readonly Handle[];
}

/** One receiver with every route that it feeds: the unit of running, reloading and failing. */
export interface Lane {
  /** The receiver's. */
  readonly name: string;
  readonly identity: string;
  readonly receiver: Receiver;
  readonly routes: readonly Route[];
}

export interface Delivering extends Hand {
  readonly store: Store;
  readonly clock: Clock;
}

/** Returns when the batch is safe, for ever, and says what became of it. Throws when nothing of it is true. */
export const deliver = async (batch: Batch, lane: Omit<Lane, 'receiver'>, how: Delivering): Promise<Delivery> => {
  const processed = await Promise.all(lane.routes.map(route => run(route, batch.records)));

  const shares = new Map<Handle, AuditRecord[]>(); // one call an exporter, however many routes name it
  for (const { route, records } of processed)
    for (const handle of route.exporters) shares.set(handle, [...(shares.get(handle) ?? []), ...records]);
  const busy = [...shares].filter(([, records]) => records.length > 0);

  if (busy.length > 0) point('before export');
  const from = how.clock.now();
  const taken = busy.map(() => from);
  const handed = busy.map(([handle, records], i) =>
    handle.hand(records, how).finally(() => {
      taken[i] = how.clock.now();
    }),
  );
  const move: Write[] = batch.move
    ? [{ kind: 'move', receiver: lane.name, identity: lane.identity, move: batch.move }]
    : [];
  const writes = [...move, ...(batch.writes ?? []), ...processed.flatMap(p => p.writes)];
  const exported = await conclude(handed, writes, how);
  return account(
    batch,
    processed,
    busy.map(([handle, records], i) => ({ handle, records, exported: exported[i]!, took: { from, to: taken[i]! } })),
  );
};

/** Waits for every exporter, commits it all, and tells them how it went. */
export const conclude = async (
  handed: readonly Promise<Exported>[],
  writes: readonly Write[],
  how: Delivering,
): Promise<Exported[]> => {
  const outcomes = await Promise.allSettled(handed); // all of them: a second attempt must not overlap the first
  const exported = outcomes.flatMap(o => (o.status === 'fulfilled' ? [o.value] : []));
  let committed = false;
  try {
    for (const o of outcomes) if (o.status === 'rejected') throw o.reason;
    if (handed.length > 0) point('after export');
    const all = [...writes, ...exported.flatMap(e => e.writes ?? [])];
    await persist(() => commit(all, how), how); // a full disk is waited out here, so that no sink is sent the batch again
    committed = true;
  } finally {
    for (const e of exported) await e.release?.(committed);
  }
  return exported;
};

const commit = async (writes: readonly Write[], { store, clock, signal }: Delivering): Promise<void> => {
  signal.throwIfAborted();
  try {
    await store.commit(writes, clock.now());
  } catch (error) {
    // Somebody else moved on: trying this commit again cannot help, reading again does.
    if (error instanceof Fault && error.code === 'E_COMMIT_STALE') throw new Overtaken(error.message, { cause: error });
    throw error;
  }
};

/** Makes the lane begin again from what is committed. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** The processors of a route, in order. */
const run = async (route: Route, records: readonly AuditRecord[]) => {
  const writes: Write[] = [];
  const steps: Step[] = [];
  for (const { name, type, processor } of route.processors) {
    if (records.length === 0) break;
    const done = await apply(processor, records, `pipeline/${route.pipeline}/${name}`);
    steps.push({ name, type, incoming: records, outgoing: done.records, dead: done.dead });
    writes.push(...done.writes);
    records = done.records;
  }
  return { route, records, writes, steps };
};

/** If it throws, each record is tried alone: the culprits become dead letters, and the others go on, together. */
const apply = async (processor: Processor, records: readonly AuditRecord[], place: string) => {
  try {
    const { records: out, writes = [] } = await processor.process(records);
    return { records: out, writes, dead: [] as AuditRecord[] };
  } catch (error) {
    if (error instanceof Fault) throw error; // not the records' doing
    const alone = await Promise.allSettled(records.map(async record => processor.process([record])));
    const culprits = records.filter((_, i) => alone[i]?.status === 'rejected');
    if (culprits.length === 0) throw error; // only together: a defect of the processor
    const others = records.filter((_, i) => alone[i]?.status === 'fulfilled');
    const { records: out, writes = [] } = others.length > 0 ? await processor.process(others) : { records: [] };
    const letters = records.flatMap((record, i): Write[] => {
      const trial = alone[i]!;
      return trial.status === 'fulfilled'
        ? []
        : [{ kind: 'dead', place, code: 'E_PROCESSOR', reason: describe(trial.reason), count: 1, records: [record] }];
    });
    return { records: out, writes: [...writes, ...letters], dead: culprits };
  }
};
