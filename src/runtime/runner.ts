// One lane with all that it needs to run: its components, its controls, and its memory of faults.
import { from, lastValueFrom } from 'rxjs';
import type { HttpSettings } from '../component.ts';
import { asFault, describe, Fault } from '../fault.ts';
import { type Batch, identify } from '../model.ts';
import { DAY, MINUTE } from '../options.ts';
import { backoff, persist } from '../retry.ts';
import { contextOf, type Ground, processorSpace, receiverContextOf, within } from './context.ts';
import { createCounter } from './counter.ts';
import { assertRoom } from './dead-limit.ts';
import { deliver, type Lane, Overtaken, type Route } from './deliver.ts';
import { lane as runLane } from './lane.ts';
import { endIn } from './ledger/ledger.ts';
import { labelled } from './log.ts';
import type { LanePlan } from './plan.ts';
import { atMost, closed, LINGER, type Pool, type Use } from './pool.ts';
import type { Exchange, Observer } from './telemetry/observer.ts';
import { createTrouble } from './trouble.ts';

/** How a lane ended; or a queue, if it could not finish. */
export interface Ending {
  /** The receiver's name; `queue NAME` for the queue of an exporter. */
  readonly lane: string;
  /** Why it could not finish; absent when it did. */
  readonly fault?: Fault;
}

export interface Runner {
  readonly lane: Lane;
  /** Whether it has not ended. */
  busy(): boolean;
  /** Stops asking, and ends when what is in hand is finished. */
  stop(): void;
  /** Gives up what is in hand. */
  abort(): void;
  /** To be called once. Resolves when the lane has ended, and everything of it is closed. */
  run(): Promise<Ending>;
  /** Instead of running: closes everything of it. */
  close(): Promise<void>;
}

export interface RunnerOptions {
  readonly ground: Ground;
  readonly pool: Pool;
  readonly watch: Required<Observer>;
  /** How many new dead letters a day it takes before it holds, and how many there may be in all. */
  readonly letters: () => { readonly limit: number; readonly most?: number | undefined };
  /** It ends when its vendor has no more; given up when it has made no progress for so long; ms. */
  readonly once?: { readonly patience: number } | undefined;
  /** Nobody reads standard output any more: then everything ends. */
  readonly endAll: () => void;
}

/** Creates the components of a lane; throws what creating one of them throws, and then nothing is left behind. */
export const prepare = async (plan: LanePlan, options: RunnerOptions): Promise<Runner> => {
  const { name, spec, options: its } = plan.receiver;
  const { pool, watch, once, letters, endAll } = options;
  const { clock, store } = options.ground;
  const log = labelled(options.ground.log, { lane: name });
  const [stopping, aborting, gone] = [new AbortController(), new AbortController(), new AbortController()];
  const trouble = createTrouble(clock, log);
  const counter = createCounter(name);
  let failed: Fault | undefined;
  let busy = true;

  const giveUp = (fault: Fault) => {
    failed ??= fault;
    aborting.abort();
  };
  const report = (fault: Fault, wait: number, place = `receiver/${name}`) => {
    watch.faulted(name, fault, place);
    void counter.tell(store, clock);
    if (fault.code === 'E_STDOUT_CLOSED') {
      giveUp(fault);
      endAll();
    } else if (trouble.meet(fault, wait, once?.patience ?? Number.POSITIVE_INFINITY)) giveUp(fault);
  };
  const rest = () => {
    trouble.over();
    counter.rested();
    watch.rested(name);
    if (once) stopping.abort();
  };

  // ---- Its components. Whoever looks on hears of their clients when the lane begins: the one before may still run. ----

  let tell: ((settings: HttpSettings) => void) | undefined;
  const clients: HttpSettings[] = [];
  const opened = (settings: HttpSettings) => (tell ? tell(settings) : void clients.push(settings));
  const begin = () => {
    watch.began(name, lane.identity);
    tell = settings => watch.opened(name, settings);
    clients.splice(0).forEach(tell);
  };

  const uses = new Map<string, Use>();
  const parts: { name: string; component: { close?(): Promise<void> } }[] = [];
  const use = (part: LanePlan['routes'][number]['exporters'][number]) => {
    const taken = uses.get(part.name) ?? pool.take(part);
    uses.set(part.name, taken);
    return taken.handle;
  };
  const close = async () => {
    for (const part of parts) await closed(part.component, part.name, options.ground);
    gone.abort();
    for (const each of uses.values()) each.release(); // nobody waits here for what an exporter has in hand
  };
  const create = (): Lane => {
    const inner = within(options.ground, gone.signal);
    const asked = (exchange: Exchange) => {
      counter.asked(exchange);
      watch.asked(name, exchange);
    };
    const asking = within(options.ground, gone.signal, { opened, asked });
    const receiver = spec.create(receiverContextOf(name, asking, { report, rest }), its);
    parts.push({ name, component: receiver });
    const identity = identify(receiver.origin);
    const routes = plan.routes.map(({ pipeline, processors, exporters }): Route => {
      const steps = processors.map(part => {
        const context = contextOf(part.name, processorSpace(pipeline, part.name, identity), inner);
        const processor = part.spec.create(context, part.options);
        parts.push({ name: part.name, component: processor });
        return { name: part.name, type: part.spec.type, processor, remembers: part.spec.remembers !== undefined };
      });
      return { pipeline, processors: steps, exporters: exporters.map(use) };
    });
    return { name, identity, receiver, routes };
  };
  let lane: Lane;
  try {
    lane = create();
  } catch (error) {
    await close();
    throw error;
  }

  // ---- Its work ----

  let inHand: Promise<unknown> = Promise.resolve();
  const keep = <T>(work: Promise<T>): Promise<T> => {
    inHand = work.catch(() => {});
    return work;
  };
  const hand = async (batch: Batch, signal: AbortSignal): Promise<void> => {
    await persist(async () => assertRoom(store, await store.deadSince(lane.identity, clock.now() - DAY), letters()), {
      clock,
      signal,
      report,
    });
    trouble.moved();
    const delivery = await keep(deliver(batch, lane, { store, clock, signal, report, moved: trouble.moved, counter }));
    trouble.over();
    watch.delivered(name, delivery);
  };

  const restart = (error: unknown, tries: number) => {
    const fault = error instanceof Overtaken ? new Fault('E_COMMIT_STALE', error.message) : asFault(error);
    const wait = fault.kind === 'denied' && error === fault ? MINUTE : backoff(tries + 2);
    if (fault.code === 'E_DEFECT') log.error({ code: fault.code, stack: (error as Error)?.stack }, describe(error));
    trouble.undone();
    report(fault, wait);
    return from(clock.sleep(wait, aborting.signal).catch(() => {}));
  };

  return {
    lane,
    busy: () => busy,
    stop: () => {
      if (once && !stopping.signal.aborted) failed ??= new Fault('E_ABANDONED', 'stopped before it was finished');
      stopping.abort();
    },
    abort: () => {
      if (busy && !aborting.signal.aborted)
        failed ??= trouble.last ?? new Fault('E_ABANDONED', 'stopped before it was finished');
      aborting.abort();
    },
    run: async () => {
      begin();
      counter.begin(endIn(await store.reading(), name)); // as the one before left it
      const controls = { stop: stopping.signal, abort: aborting.signal, restart };
      await lastValueFrom(runLane(lane.receiver, hand, controls), { defaultValue: undefined });
      // A delivery that was given up may still be on its way out of an exporter: nothing is closed under it, for a while.
      await atMost(LINGER, clock, inHand);
      await counter.tell(store, clock);
      busy = false;
      watch.ended(name, failed);
      await close();
      return failed ? { lane: name, fault: failed } : { lane: name };
    },
    close,
  };
};
