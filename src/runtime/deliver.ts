// Everything between a receiver and the disk, in two phases: processors first, when nothing has left us; then every
// exporter, once; then one commit. Returning is the acknowledgement.
import type { Clock, Exported, Processor, Receiver } from '../component.ts';
import { describe, Fault } from '../fault.ts';
import type { AuditRecord, Batch, Write } from '../model.ts';
import { point } from '../point.ts';
import { persist } from '../retry.ts';
import { account, type Delivery, type Step } from './account.ts';
import type { Counter } from './counter.ts';
import { fatesOf, type Handed, type Trace, trace } from './fate.ts';
import type { Hand, Handle } from './handle.ts';
import type { Store } from './state/state.ts';

/** One pipeline as one receiver sees it: processors of its own, exporters shared by all. */
export interface Route {
  readonly pipeline: string;
  readonly processors: readonly RouteStep[];
  readonly exporters: readonly Handle[];
}

export interface RouteStep {
  readonly name: string;
  readonly type: string;
  readonly processor: Processor;
  /** It drops what was delivered before. */
  readonly remembers?: boolean;
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
  /** What else the lane tells the ledger; none where letters are sent again. */
  readonly counter?: Counter | undefined;
}

/** Returns when the batch is safe, for ever, and says what became of it. Throws when nothing of it is true. */
export const deliver = async (batch: Batch, lane: Omit<Lane, 'receiver'>, how: Delivering): Promise<Delivery> => {
  const processed = await Promise.all(lane.routes.map(route => run(route, batch)));

  const shares = new Map<Handle, Handed[]>(); // one call an exporter, however many routes name it
  for (const { route, records, trace: traced } of processed)
    for (const handle of records.length > 0 ? route.exporters : []) {
      const handed = { receiver: lane.name, pipeline: route.pipeline, records, surplus: traced.surplus };
      shares.set(handle, [...(shares.get(handle) ?? []), handed]);
    }
  const busy = [...shares].map(([handle, handed]) => ({ handle, handed }));

  if (busy.length > 0) point('before export');
  const from = how.clock.now();
  const taken = busy.map(() => from);
  const working = busy.map(({ handle, handed }, i) =>
    handle.hand(handed, how).finally(() => {
      taken[i] = how.clock.now();
    }),
  );
  const move: Write[] = batch.move
    ? [{ kind: 'move', receiver: lane.name, identity: lane.identity, move: batch.move }]
    : [];
  const writes = [...move, ...(batch.writes ?? []), ...processed.flatMap(p => p.writes)];
  const exported = await conclude(working, writes, how, sent => {
    const received = how.counter?.take(batch, processed);
    const counts = { ...(received && { received }), ...fatesIn(lane, processed, busy, sent) };
    return {
      writes: received || batch.records.length > 0 ? [{ kind: 'count', counts }] : [],
      release: committed => {
        if (received && !committed) how.counter?.putBack(received);
      },
    };
  });
  return account(
    batch,
    processed,
    busy.map((share, i) => ({ ...share, exported: exported[i]!, took: { from, to: taken[i]! } })),
  );
};

/**
 * Waits for every exporter, commits it all, and tells them how it went.
 * @param count what the ledger is told of what they did
 */
export const conclude = async (
  handed: readonly Promise<Exported>[],
  writes: readonly Write[],
  how: Delivering,
  count: (sent: readonly Exported[]) => Exported = () => ({}),
): Promise<readonly Exported[]> => {
  const outcomes = await Promise.allSettled(handed); // all of them: a second attempt must not overlap the first
  const exported = outcomes.flatMap(o => (o.status === 'fulfilled' ? [o.value] : []));
  let counted: Exported | undefined;
  let committed = false;
  try {
    for (const o of outcomes) if (o.status === 'rejected') throw o.reason;
    if (handed.length > 0) point('after export');
    counted = count(exported);
    const all = [...writes, ...[...exported, counted].flatMap(e => e.writes ?? [])];
    await persist(() => commit(all, how), how); // a full disk is waited out here, so that no sink is sent the batch again
    committed = true;
  } finally {
    for (const e of counted ? [...exported, counted] : exported) await e.release?.(committed);
  }
  return exported;
};

/** What became of each record of the vendor, on every route and at every exporter. */
const fatesIn = (
  { name }: Pick<Lane, 'name'>,
  processed: readonly Processed[],
  busy: readonly { readonly handle: Handle; readonly handed: readonly Handed[] }[],
  sent: readonly Exported[],
) =>
  fatesOf(
    name,
    processed.map(({ route: { pipeline, exporters }, trace }) => ({
      pipeline,
      exporters: exporters.map(handle => handle.name),
      trace,
    })),
    busy.map(({ handle, handed }, i) => ({
      exporter: handle.name,
      handed,
      refusals: sent[i]?.refused ?? [],
      queued: handle.queued ?? false,
    })),
  );

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

interface Processed {
  readonly route: Route;
  readonly records: readonly AuditRecord[];
  readonly writes: readonly Write[];
  readonly steps: readonly Step[];
  readonly trace: Trace;
}

/** The processors of a route, in order. */
const run = async (route: Route, batch: Batch): Promise<Processed> => {
  let { records } = batch;
  const writes: Write[] = [];
  const steps: Step[] = [];
  for (const { name, type, remembers, processor } of route.processors) {
    if (records.length === 0) break;
    const done = await apply(processor, records, `pipeline/${route.pipeline}/${name}`);
    steps.push({
      name,
      type,
      ...(remembers && { remembers }),
      incoming: records,
      outgoing: done.records,
      dead: done.dead,
    });
    writes.push(...done.writes);
    records = done.records;
  }
  return { route, records, writes, steps, trace: trace(batch, route.pipeline, steps) };
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
