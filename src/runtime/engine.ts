// The engine: creates the components of a plan, runs its lanes, and stops them in order. Read this one first.
import { from, lastValueFrom } from 'rxjs';
import type { Exporter, HttpSettings } from '../component.ts';
import { asFault, describe, Fault } from '../fault.ts';
import { type Batch, identify } from '../model.ts';
import { DAY, MINUTE, SECOND } from '../options.ts';
import { backoff, persist } from '../retry.ts';
import { contextOf, type Ground, processorSpace, receiverContextOf } from './context.ts';
import { assertRoom, DEAD_LETTERS } from './dead-limit.ts';
import { deliver, type Lane, Overtaken, type Route } from './deliver.ts';
import { direct, type Handle } from './handle.ts';
import { lane as runLane } from './lane.ts';
import { labelled } from './log.ts';
import { type Observer, together } from './observer.ts';
import type { LanePlan, Plan, QueuePlan } from './plan.ts';
import { createQueue, orphaned, type Queue } from './queue.ts';
import { refuseRenamed } from './renamed.ts';
import { createTrouble } from './trouble.ts';

export interface EngineOptions {
  /** How long a stop may take before what is in hand is given up; ms. */
  readonly grace?: number;
  /** How many new dead letters a day a lane takes before it holds. */
  readonly deadLetters?: number;
  /** How many dead letters the state keeps before everything holds. */
  readonly mostLetters?: number;
  /** Ends each lane when its vendor has no more, and then each queue when it is empty; gives one up that has made no progress for so long; ms. */
  readonly once?: { readonly patience: number };
  /** Nothing is read: only what lies in the queues is sent. */
  readonly queuesOnly?: boolean;
  /** Told what the lanes do. */
  readonly observers?: readonly Observer[];
}

/** How a lane ended; or a queue, if it could not finish. */
export interface Ending {
  /** The receiver's name; `queue NAME` for the queue of an exporter. */
  readonly lane: string;
  /** Why it could not finish; absent when it did. */
  readonly fault?: Fault;
}

export interface Engine {
  /** Settles when every lane has ended and every component is closed. */
  readonly ended: Promise<readonly Ending[]>;
  /** Stops asking, finishes what is in hand, at most for the grace period. */
  stop(): void;
  /** Gives up what is in hand, at once. It is read again at the next start. */
  abort(): void;
  /** Lanes that have not ended, and queues that have something in hand. */
  busy(): readonly string[];
}

/** How long an exporter may take to notice that it was told to stop; ms. */
const LINGER = 5 * SECOND;

/**
 * Creates everything before anything runs; if a component cannot be created, nothing has happened. Throws E_RENAMED where a
 * receiver would read again what another name has read.
 */
export const startEngine = async (
  plan: Plan,
  given: Omit<Ground, 'mapping' | 'signal'>,
  options: EngineOptions = {},
): Promise<Engine> => {
  const gone = new AbortController();
  const mappings = new Map(plan.lanes.map(({ receiver: { spec } }) => [spec.type, spec.ocsf]));
  const ground: Ground = { ...given, mapping: type => mappings.get(type), signal: gone.signal };

  const exporters = new Map<string, Exporter>();
  for (const { name, spec, options: its } of plan.exporters)
    exporters.set(name, spec.create(contextOf(name, `exporter/${name}`, ground), its));
  const queues = plan.exporters.flatMap(({ name, queue }) =>
    queue ? [openQueue(name, exporters.get(name)!, queue, ground, options)] : [],
  );
  const handles = new Map([...exporters].map(([name, exporter]) => [name, direct(name, exporter)]));
  for (const queue of queues) handles.set(queue.name, queue.handle);

  const all = new AbortController(); // the end of the engine, at once
  const lanes = options.queuesOnly ? [] : plan.lanes;
  const runners = lanes.map(laneplan => prepare(laneplan, handles, ground, options));
  const closeAll = async () => {
    for (const { lane } of runners) {
      await lane.receiver.close?.();
      for (const route of lane.routes) for (const { processor } of route.processors) await processor.close?.();
    }
    for (const exporter of exporters.values()) await exporter.close?.();
    gone.abort();
  };
  try {
    const named = runners.map(({ lane: { name, identity } }) => ({ receiver: name, identity }));
    refuseRenamed(named, await ground.store.positions());
  } catch (error) {
    await closeAll();
    throw error;
  }
  warnOfTwins(runners, ground);
  for (const message of orphaned(
    await ground.store.queues(),
    queues.map(q => q.name),
  ))
    ground.log.warn({}, message);

  let stopped = false;
  let read = false; // every lane has ended
  const abort = () => {
    all.abort();
    for (const part of [...runners, ...queues]) part.abort();
  };
  const stop = () => {
    stopped = true;
    for (const runner of runners) runner.stop();
    if (read) for (const queue of queues) queue.stop();
    // The grace ends by itself when everything has: nothing is left behind.
    ground.clock.sleep(options.grace ?? 25 * SECOND, all.signal).then(abort, () => {});
  };

  const run = async (): Promise<readonly Ending[]> => {
    const reading = queues.map(queue => drain(queue, abort));
    const endings = await Promise.all(runners.map(runner => runner.run(abort)));
    read = true;
    // Until now the queues made room for the lanes.
    for (const queue of queues) options.once && !stopped ? queue.finish() : queue.stop();
    const left = (await Promise.all(reading)).flatMap(ending => ending ?? []);
    all.abort();
    await closeAll();
    return [...endings, ...left];
  };
  const busy = () => [
    ...runners.filter(r => r.busy()).map(r => r.lane.name),
    ...queues.filter(q => q.busy()).map(q => `queue ${q.name}`),
  ];
  return { ended: run(), stop, abort, busy };
};

const openQueue = (
  name: string,
  exporter: Exporter,
  { limit }: QueuePlan,
  { store, clock, log }: Ground,
  { once, deadLetters = DEAD_LETTERS, observers = [] }: EngineOptions,
): Queue => {
  const watch = together(observers);
  return createQueue({
    name,
    exporter,
    limit,
    store,
    clock,
    log: labelled(log, { queue: name }),
    deadLetters,
    patience: once?.patience,
    linger: LINGER,
    faulted: (fault, place) => watch.faulted(place, fault, place),
    sent: (records, refused) => watch.dequeued(name, records, refused),
  });
};

/** Nobody reads standard output any more: then everything ends. */
const drain = async (queue: Queue, endAll: () => void): Promise<Ending | undefined> => {
  const fault = await queue.run();
  if ((fault?.cause as Fault | undefined)?.code === 'E_STDOUT_CLOSED') endAll();
  return fault && { lane: `queue ${queue.name}`, fault };
};

/** One lane with what it needs to run: its components, its controls, its memory of faults. */
const prepare = (plan: LanePlan, handles: ReadonlyMap<string, Handle>, ground: Ground, options: EngineOptions) => {
  const { name, spec, options: its } = plan.receiver;
  const { clock, store } = ground;
  const log = labelled(ground.log, { lane: name });
  const [stopping, aborting] = [new AbortController(), new AbortController()];
  const patience = options.once?.patience ?? Number.POSITIVE_INFINITY;
  const watch = together(options.observers ?? []);
  const trouble = createTrouble(clock, log);
  let failed: Fault | undefined;
  let busy = true;
  let endAll = () => {};

  const giveUp = (fault: Fault) => {
    failed ??= fault;
    aborting.abort();
  };
  const report = (fault: Fault, wait: number, place = `receiver/${name}`) => {
    watch.faulted(name, fault, place);
    if (fault.code === 'E_STDOUT_CLOSED') {
      giveUp(fault);
      endAll();
    } else if (trouble.meet(fault, wait, patience)) giveUp(fault);
  };
  const rest = () => {
    trouble.over();
    watch.rested(name);
    if (options.once) stopping.abort();
  };

  const http = (settings: HttpSettings) => {
    watch.opened(name, settings);
    return ground.http(settings, exchange => watch.asked(name, exchange));
  };
  const receiver = spec.create(receiverContextOf(name, { ...ground, http }, { report, rest }), its);
  const identity = identify(receiver.origin);
  watch.began(name, identity);
  const routes = plan.routes.map(
    ({ pipeline, processors, exporters }): Route => ({
      pipeline,
      processors: processors.map(part => ({
        name: part.name,
        type: part.spec.type,
        processor: part.spec.create(
          contextOf(part.name, processorSpace(pipeline, part.name, identity), ground),
          part.options,
        ),
      })),
      exporters: exporters.map(part => handles.get(part.name)!), // the plan lists every exporter that a route names
    }),
  );
  const lane: Lane = { name, identity, receiver, routes };
  const limit = options.deadLetters ?? DEAD_LETTERS;

  let inHand: Promise<unknown> = Promise.resolve();
  const keep = <T>(work: Promise<T>): Promise<T> => {
    inHand = work.catch(() => {});
    return work;
  };
  const hand = async (batch: Batch, signal: AbortSignal): Promise<void> => {
    await persist(
      async () => {
        const recent = await store.deadSince(identity, clock.now() - DAY);
        await assertRoom(store, recent, { limit, most: options.mostLetters });
      },
      { clock, signal, report },
    );
    const delivery = await keep(deliver(batch, lane, { store, clock, signal, report }));
    if (batch.records.length > 0) trouble.over();
    watch.delivered(name, delivery);
  };

  const restart = (error: unknown, tries: number) => {
    const fault = error instanceof Overtaken ? new Fault('E_COMMIT_STALE', error.message) : asFault(error);
    const wait = fault.kind === 'denied' && error === fault ? MINUTE : backoff(tries + 2);
    if (fault.code === 'E_DEFECT') log.error({ code: fault.code, stack: (error as Error)?.stack }, describe(error));
    report(fault, wait);
    return from(clock.sleep(wait, aborting.signal).catch(() => {}));
  };

  return {
    lane,
    busy: () => busy,
    stop: () => {
      if (options.once && !stopping.signal.aborted)
        failed ??= new Fault('E_ABANDONED', 'stopped before it was finished');
      stopping.abort();
    },
    abort: () => {
      if (busy && !aborting.signal.aborted)
        failed ??= trouble.last ?? new Fault('E_ABANDONED', 'stopped before it was finished');
      aborting.abort();
    },
    run: async (end: () => void): Promise<Ending> => {
      endAll = end;
      const controls = { stop: stopping.signal, abort: aborting.signal, restart };
      await lastValueFrom(runLane(receiver, hand, controls), { defaultValue: undefined });
      // A delivery that was given up may still be on its way out of an exporter: nothing is closed under it, for a while.
      const enough = new AbortController();
      await Promise.race([inHand, clock.sleep(LINGER, enough.signal).catch(() => {})]);
      enough.abort();
      busy = false;
      watch.ended(name, failed);
      return failed ? { lane: name, fault: failed } : { lane: name };
    },
  };
};

const warnOfTwins = (runners: readonly { lane: Lane }[], { log }: Ground): void => {
  for (const [identity, twins] of Map.groupBy(runners, r => r.lane.identity))
    if (twins.length > 1)
      log.warn(
        { receivers: twins.map(t => t.lane.name), identity },
        'several receivers read the same log; name one of them in several pipelines instead',
      );
};
