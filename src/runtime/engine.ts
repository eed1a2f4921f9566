// The engine: creates the components of a plan, runs its lanes, and stops them in order. Read this one first.
import { from, lastValueFrom } from 'rxjs';
import type { Exporter, HttpSettings } from '../component.ts';
import { asFault, describe, Fault } from '../fault.ts';
import { type Batch, identify } from '../model.ts';
import { DAY, MINUTE, SECOND } from '../options.ts';
import { backoff, persist } from '../retry.ts';
import { contextOf, type Ground, receiverContextOf } from './context.ts';
import { deliver, type Lane, Overtaken, type Route } from './deliver.ts';
import { direct, type Handle } from './handle.ts';
import { lane as runLane } from './lane.ts';
import { labelled } from './log.ts';
import { type Observer, together } from './observer.ts';
import type { LanePlan, Plan } from './plan.ts';

export interface EngineOptions {
  /** How long a stop may take before what is in hand is given up; ms. */
  readonly grace?: number;
  /** How many new dead letters a day a lane takes before it holds. */
  readonly deadLetters?: number;
  /** Ends each lane when its vendor has no more; gives one up that has made no progress for so long; ms. */
  readonly once?: { readonly patience: number };
  /** Told what the lanes do. */
  readonly observers?: readonly Observer[];
}

/** How a lane ended. */
export interface Ending {
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
  /** Lanes that have not ended. */
  busy(): readonly string[];
}

/** How long an exporter may take to notice that it was told to stop; ms. */
const LINGER = 5 * SECOND;

/** Creates everything before anything runs; if a component cannot be created, nothing has happened. */
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
  const handles = new Map([...exporters].map(([name, exporter]) => [name, direct(name, exporter)]));

  const all = new AbortController(); // the end of the engine, at once
  const runners = plan.lanes.map(laneplan => prepare(laneplan, handles, ground, options));
  warnOfTwins(runners, ground);

  const abort = () => {
    all.abort();
    for (const runner of runners) runner.abort();
  };
  const stop = () => {
    for (const runner of runners) runner.stop();
    // The grace ends by itself when everything has: nothing is left behind.
    ground.clock.sleep(options.grace ?? 25 * SECOND, all.signal).then(abort, () => {});
  };

  const run = async (): Promise<readonly Ending[]> => {
    const endings = await Promise.all(runners.map(runner => runner.run(abort)));
    all.abort();
    for (const { lane } of runners) {
      await lane.receiver.close?.();
      for (const route of lane.routes) for (const { processor } of route.processors) await processor.close?.();
    }
    for (const exporter of exporters.values()) await exporter.close?.();
    gone.abort();
    return endings;
  };
  return { ended: run(), stop, abort, busy: () => runners.filter(r => r.busy()).map(r => r.lane.name) };
};

/** One lane with what it needs to run: its components, its controls, its memory of faults. */
const prepare = (plan: LanePlan, handles: ReadonlyMap<string, Handle>, ground: Ground, options: EngineOptions) => {
  const { name, spec, options: its } = plan.receiver;
  const { clock, store } = ground;
  const log = labelled(ground.log, { lane: name });
  const [stopping, aborting] = [new AbortController(), new AbortController()];
  const patience = options.once?.patience ?? Number.POSITIVE_INFINITY;
  const watch = together(options.observers ?? []);
  let stuckSince: number | undefined; // the first fault since something was committed
  let last: Fault | undefined;
  let failed: Fault | undefined;
  let busy = true;
  let endAll = () => {};

  const giveUp = (fault: Fault) => {
    failed ??= fault;
    aborting.abort();
  };
  const report = (fault: Fault, wait: number, place = `receiver/${name}`) => {
    watch.faulted(name, fault, place);
    const first = last?.code !== fault.code || last.message !== fault.message;
    last = fault;
    stuckSince ??= clock.now();
    if (fault.code === 'E_STDOUT_CLOSED') {
      giveUp(fault);
      endAll();
    } else if (clock.now() + wait - stuckSince > patience) giveUp(fault);
    else if (first)
      log.warn(
        { code: fault.code, kind: fault.kind, again: `in ${(wait / 1000).toFixed(1)} s`, remedy: fault.remedy },
        describe(fault),
      );
  };
  const progress = () => {
    if (last) log.info({ after: last.code }, 'works again');
    last = undefined;
    stuckSince = undefined;
  };
  const rest = () => {
    progress();
    watch.rested(name);
    if (options.once) stopping.abort();
  };

  const http = (settings: HttpSettings) => {
    watch.opened(name, settings);
    return ground.http(settings, exchange => watch.asked(name, exchange));
  };
  const receiver = spec.create(receiverContextOf(name, { ...ground, http }, { report, rest }), its);
  const identity = identify(receiver.origin);
  const routes = plan.routes.map(
    ({ pipeline, processors, exporters }): Route => ({
      pipeline,
      processors: processors.map(part => ({
        name: part.name,
        type: part.spec.type,
        processor: part.spec.create(contextOf(part.name, `${pipeline}/${part.name}/${identity}`, ground), part.options),
      })),
      exporters: exporters.map(part => handles.get(part.name)!), // the plan lists every exporter that a route names
    }),
  );
  const lane: Lane = { name, identity, receiver, routes };
  const limit = options.deadLetters ?? 1000;

  let inHand: Promise<unknown> = Promise.resolve();
  const keep = <T>(work: Promise<T>): Promise<T> => {
    inHand = work.catch(() => {});
    return work;
  };
  const hand = async (batch: Batch, signal: AbortSignal): Promise<void> => {
    await persist(
      async () => {
        const dead = await store.deadSince(identity, clock.now() - DAY);
        if (dead > limit) throw new Fault('E_DEAD_LIMIT', `${dead} new dead letters in a day, more than ${limit}`);
      },
      { clock, signal, report },
    );
    const delivery = await keep(deliver(batch, lane, { store, clock, signal, report }));
    if (batch.records.length > 0) progress();
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
    stop: () => stopping.abort(),
    abort: () => {
      if (busy && !aborting.signal.aborted)
        failed ??= last ?? new Fault('E_ABANDONED', 'stopped before it was finished');
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
