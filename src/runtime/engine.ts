// The engine: creates the components of a plan, runs its lanes, exchanges those that a new plan has changed, and stops them
// all in order. Read this one first.
import type { Logger } from '../component.ts';
import { describe, Fault } from '../fault.ts';
import { SECOND } from '../options.ts';
import { persist } from '../retry.ts';
import { type Adopted, type Adoption, adoptionOf, refuseRenamed } from './adoption.ts';
import type { Ground } from './context.ts';
import { DEAD_LETTERS } from './dead-limit.ts';
import { type Difference, difference, type LanePlan, type Plan } from './plan.ts';
import { createPool, type Use } from './pool.ts';
import { orphaned } from './queue/queue.ts';
import { type Ending, prepare, type Runner } from './runner.ts';
import { type Observer, together } from './telemetry/observer.ts';

export type { Ending } from './runner.ts';

/** What a change of the config may change, too. */
export interface Limits {
  /** How long a stop may take before what is in hand is given up; ms. */
  readonly grace?: number;
  /** How many new dead letters a day a lane takes before it holds. */
  readonly deadLetters?: number;
}

export interface EngineOptions extends Limits {
  /** How many dead letters the state keeps before everything holds. */
  readonly mostLetters?: number;
  /** Ends each lane when its vendor has no more, and then each queue when it is empty; gives one up of which nothing has moved for so long; ms. */
  readonly once?: { readonly patience: number };
  /** Nothing is read: only what lies in the queues is sent. */
  readonly queuesOnly?: boolean;
  /** Told what the lanes do. */
  readonly observers?: readonly Observer[];
}

/** What a reload did. */
export interface Change extends Difference {
  /** Receivers that stand where others stood. */
  readonly adopted: readonly Adopted[];
}

export interface Engine {
  /** Settles when every lane has ended and every component is closed. */
  readonly ended: Promise<readonly Ending[]>;
  /**
   * Goes on with another plan: creates what is new in it, then stops the lanes that it changes, and starts those that
   * take their place. The others do not notice. Resolves when the old ones have ended; one that is not ready within the
   * grace is given up, and what it had in hand is read again. Throws what creating a component throws, E_RENAMED and
   * E_ADOPT: then nothing has changed. One at a time.
   * @param adoptions each is carried out when all that stops has stopped, and its receiver begins then
   */
  reload(next: Plan, limits?: Limits, adoptions?: readonly Adoption[]): Promise<Change>;
  /** Stops asking, finishes what is in hand, at most for the grace period. */
  stop(): void;
  /** Gives up what is in hand, at once. It is read again at the next start. */
  abort(): void;
  /** The identity of each receiver of the plan. */
  identities(): ReadonlyMap<string, string>;
  /** Lanes that have not ended, and queues that have something in hand. */
  busy(): readonly string[];
}

/**
 * Creates everything before anything runs; if a component cannot be created, nothing has happened. Throws E_RENAMED where a
 * receiver would read again what another name has read.
 */
export const startEngine = async (
  first: Plan,
  given: Omit<Ground, 'mapping' | 'signal'>,
  options: EngineOptions = {},
): Promise<Engine> => {
  const { clock, store, log } = given;
  const { once, mostLetters: most } = options;
  const gone = new AbortController();
  // Kept for ever: a lane that ends may still have records of a type that the new plan does not read.
  const mappings = new Map<string, LanePlan['receiver']['spec']['ocsf']>();
  const ground: Ground = { ...given, mapping: type => mappings.get(type), signal: gone.signal };
  const watch = together(options.observers ?? []);
  let limits: Limits = options;
  const grace = () => limits.grace ?? 25 * SECOND;
  const deadLetters = () => limits.deadLetters ?? DEAD_LETTERS;

  const endings = new Map<string, Ending>();
  const work = new Set<Promise<unknown>>(); // while there is any, the engine has not ended
  const running = new Map<Runner, Promise<void>>(); // also those that are about to end
  let current: Plan = { lanes: [], exporters: [] };
  let lanes = new Map<string, Runner>(); // of the current plan
  let holds: readonly Use[] = []; // its exporters
  let turn: Promise<unknown> = Promise.resolve(); // one reload at a time
  let stopped = false;
  let read = false; // every lane has ended
  const all = new AbortController(); // the end of the engine, at once

  const abort = () => {
    all.abort();
    for (const runner of running.keys()) runner.abort();
    pool.abort();
  };
  const pool = createPool({ ground, watch, deadLetters, grace, patience: once?.patience, endAll: abort });
  const shared = { ground, pool, watch, once, letters: () => ({ limit: deadLetters(), most }), endAll: abort };

  /** Creates what is new in a plan: all of it, or nothing. */
  const create = async (next: Plan, { keep, start }: Difference, adoptions: readonly Adoption[]) => {
    const made = { lanes: new Map<string, Runner>(), holds: [] as Use[] };
    try {
      for (const part of next.exporters) made.holds.push(pool.take(part));
      for (const lane of next.lanes.filter(({ receiver }) => start.includes(receiver.name)))
        made.lanes.set(lane.receiver.name, await prepare(lane, shared));
      const all = [...keep.map(name => lanes.get(name)!), ...made.lanes.values()];
      const named = all.map(({ lane: { name, identity } }) => ({ receiver: name, identity }));
      const positions = await store.positions();
      const adopted = adoptions.map(one => adoptionOf(one, named, positions));
      refuseRenamed(named, [...positions, ...adopted.map(({ to, identity }) => ({ receiver: to, identity }))]);
      if (stopped || read) throw new Fault('E_ABANDONED', 'the engine is about to stop');
      return { ...made, adopted };
    } catch (error) {
      for (const runner of made.lanes.values()) await runner.close();
      for (const use of made.holds) use.release();
      await pool.released();
      throw error;
    }
  };

  const run = async (runner: Runner, before: Promise<unknown> | undefined): Promise<void> => {
    const { name } = runner.lane;
    await before?.catch(error => {
      log.error({ lane: name }, `it does not begin: ${describe(error)}`);
      runner.abort();
    });
    if (stopped) runner.stop();
    if (all.signal.aborted) runner.abort();
    const ending = await runner.run();
    running.delete(runner);
    if (lanes.get(name) === runner) endings.set(name, ending);
    else if (ending.fault) log.warn({ lane: name }, 'it was not ready in time: what it had in hand is read again');
  };

  /** Ends a lane that is not in the plan any more. */
  const end = async (runner: Runner): Promise<void> => {
    runner.stop();
    const enough = new AbortController();
    clock.sleep(grace(), enough.signal).then(runner.abort, () => {});
    await running.get(runner);
    enough.abort();
  };

  /** While nothing is read and nothing is sent of those whom it concerns. */
  const adopt = async (adopted: readonly Adopted[]): Promise<void> => {
    if (adopted.length === 0) return;
    const report = (fault: Fault) => log.warn({ code: fault.code }, `an adoption waits: ${describe(fault)}`);
    await pool.still(async () => {
      for (const one of adopted) {
        await persist(() => store.commit([{ kind: 'adopt', ...one }], clock.now()), {
          clock,
          signal: all.signal,
          report,
        });
        log.info({ from: one.from, to: one.to }, 'a receiver goes on where another name stood');
      }
    });
  };

  const exchange = async (next: Plan, adoptions: readonly Adoption[] = []): Promise<Change> => {
    const change = difference(current, next);
    const made = await create(next, change, adoptions);
    const [before, left] = [lanes, holds];
    current = next;
    lanes = new Map(next.lanes.map(({ receiver: { name } }) => [name, made.lanes.get(name) ?? before.get(name)!]));
    holds = made.holds;
    for (const { receiver } of next.lanes) mappings.set(receiver.spec.type, receiver.spec.ocsf);
    watch.planned(next);

    for (const use of holds) use.start();
    const ends = new Map(change.stop.map(name => [name, end(before.get(name)!)]));
    for (const use of left) use.release();
    const gone = Promise.all(ends.values()).then(pool.released);
    const handedOver = gone.then(() => adopt(made.adopted));
    for (const [name, runner] of made.lanes) {
      const before = made.adopted.some(({ to }) => to === name) ? handedOver : ends.get(name);
      running.set(runner, track(run(runner, before)));
    }
    await gone;
    const isDone = await handedOver.then(
      () => true,
      () => false, // those whom it concerns do not begin, and say so
    );
    warnOfTwins([...lanes.values()], log);
    await warnOfOrphans(next, ground);
    return { ...change, adopted: isDone ? made.adopted : [] };
  };

  const track = <T>(task: Promise<T>): Promise<T> => {
    const kept: Promise<unknown> = task.then(
      () => work.delete(kept),
      () => work.delete(kept),
    );
    work.add(kept);
    return task;
  };

  const untilEnded = async (): Promise<readonly Ending[]> => {
    while (work.size > 0) await Promise.all(work);
    read = true;
    // Until now the queues made room for the lanes.
    if (once && !stopped) await pool.finish();
    for (const use of holds) use.release();
    await pool.released();
    all.abort();
    gone.abort();
    const left = pool.left.map(({ queue, fault }) => ({ lane: `queue ${queue}`, fault }));
    return [...[...lanes.keys()].flatMap(name => endings.get(name) ?? []), ...left];
  };

  for (const { receiver } of first.lanes) mappings.set(receiver.spec.type, receiver.spec.ocsf);
  for (const doubt of store.doubts) log.warn({}, doubt);
  await exchange(options.queuesOnly ? { ...first, lanes: [] } : first);
  return {
    ended: untilEnded(),
    reload: (next, changed = {}, adoptions = []) => {
      const work = turn.then(async () => {
        const change = await exchange(next, adoptions);
        limits = changed;
        return change;
      });
      turn = work.catch(() => {});
      return track(work);
    },
    stop: () => {
      stopped = true;
      for (const runner of running.keys()) runner.stop();
      if (read) pool.stop();
      // The grace ends by itself when everything has: nothing is left behind.
      clock.sleep(grace(), all.signal).then(abort, () => {});
    },
    abort,
    identities: () => new Map([...lanes].map(([name, { lane }]) => [name, lane.identity])),
    busy: () => [
      ...[...running.keys()].filter(runner => runner.busy()).map(({ lane }) => lane.name),
      ...pool.busy().map(name => `queue ${name}`),
    ],
  };
};

const warnOfTwins = (runners: readonly Runner[], log: Logger): void => {
  for (const [identity, twins] of Map.groupBy(runners, ({ lane }) => lane.identity))
    if (twins.length > 1)
      log.warn(
        { receivers: twins.map(({ lane }) => lane.name), identity },
        'several receivers read the same log; name one of them in several pipelines instead',
      );
};

const warnOfOrphans = async ({ exporters }: Plan, { store, log }: Ground): Promise<void> => {
  const queued = exporters.flatMap(({ name, queue }) => (queue ? [name] : []));
  for (const message of orphaned(await store.queues(), queued)) log.warn({}, message);
};
