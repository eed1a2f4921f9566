// The exporters that run, shared by lanes and by generations of the config: one of the same fingerprint is the same
// instance, with its connections and its queue, and it goes when nobody uses it any more.
import type { Clock, Exporter } from '../component.ts';
import { describe, type Fault } from '../fault.ts';
import { SECOND } from '../options.ts';
import { contextOf, type Ground, within } from './context.ts';
import { direct, type Handle } from './handle.ts';
import { labelled } from './log.ts';
import type { Part } from './plan.ts';
import { createQueue, type Queue } from './queue/queue.ts';
import type { Observer } from './telemetry/observer.ts';

export interface Pool {
  /** One more use of an exporter; it is created when nobody uses it yet, and throws what creating it throws. */
  take(part: Part<'exporter'>): Use;
  /** Ends each queue as soon as it is empty, and resolves when all have ended. */
  finish(): Promise<void>;
  /** Ends each queue when what it has in hand is sent. */
  stop(): void;
  /** Ends each queue at once. */
  abort(): void;
  /**
   * Does some work while no queue is read: what is in hand is sent before, or given up after the grace. Throws what the
   * work throws.
   */
  still<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when every exporter is closed that nobody uses. */
  released(): Promise<void>;
  /** The names of queues that have something in hand. */
  busy(): readonly string[];
  /** The queues that ended with rows that should not be left, or could not go on. */
  readonly left: readonly { readonly queue: string; readonly fault: Fault }[];
}

/** One use of an exporter that may have several. */
export interface Use {
  readonly handle: Handle;
  /** Its queue is read from now on, or as soon as an earlier one of its name has come to its end. */
  start(): void;
  /** To be called once. When it was the last one, the exporter sends what it has in hand, and is closed. */
  release(): void;
}

export interface PoolOptions {
  readonly ground: Ground;
  readonly watch: Required<Observer>;
  /** How many new dead letters a day a queue may make before its reader holds. */
  readonly deadLetters: () => number;
  /** How long a queue may take to send what it has in hand; ms. */
  readonly grace: () => number;
  /** Queues must be emptied at the end; one that makes no progress for so long is given up; ms. */
  readonly patience?: number | undefined;
  /** Nobody reads standard output any more. */
  readonly endAll: () => void;
}

/** How long a component may take to notice that it was told to stop, or to close; ms. */
export const LINGER = 5 * SECOND;

export const createPool = ({ ground, watch, deadLetters, grace, patience, endAll }: PoolOptions): Pool => {
  const { clock } = ground;
  const running = new Map<unknown, Shared>();
  const open = new Set<Shared>(); // also those that are about to close
  const readers = new Map<string, Promise<void>>(); // by the name of the queue: there is one at a time
  const left: { queue: string; fault: Fault }[] = [];
  const ends = new Set<Promise<void>>();
  let aborted = false;

  const create = ({ name, spec, options, queue }: Part<'exporter'>): Shared => {
    const gone = new AbortController();
    const exporter = spec.create(contextOf(name, `exporter/${name}`, within(ground, gone.signal)), options);
    const made = queue && queueOf(name, exporter, queue.limit);
    return { name, exporter, queue: made, handle: made?.handle ?? direct(name, exporter), gone, uses: 0 };
  };

  const queueOf = (name: string, exporter: Exporter, limit: number): Queue =>
    createQueue({
      name,
      exporter,
      limit,
      store: ground.store,
      clock,
      log: labelled(ground.log, { queue: name }),
      get deadLetters() {
        return deadLetters(); // it may change with the config
      },
      patience,
      linger: LINGER,
      faulted: (fault, place) => watch.faulted(place, fault, place),
      sent: (...told) => watch.dequeued(name, ...told),
    });

  const read = async (queue: Queue, before: Promise<void> | undefined): Promise<void> => {
    await before;
    watch.reading(queue.name);
    const fault = await queue.run();
    if (fault) left.push({ queue: queue.name, fault });
    if ((fault?.cause as Fault | undefined)?.code === 'E_STDOUT_CLOSED') endAll();
  };

  const start = (shared: Shared): void => {
    if (!shared.queue || shared.reading !== undefined) return;
    shared.reading = read(shared.queue, readers.get(shared.name));
    readers.set(shared.name, shared.reading);
  };

  /** Resolves when its queue is not read any more. */
  const halt = async ({ queue, reading }: Shared): Promise<void> => {
    const enough = new AbortController();
    queue?.stop();
    clock.sleep(grace(), enough.signal).then(
      () => queue?.abort(),
      () => {},
    );
    await reading;
    enough.abort();
  };

  const end = async (shared: Shared): Promise<void> => {
    await halt(shared);
    await closed(shared.exporter, shared.name, ground);
    shared.gone.abort();
    open.delete(shared);
  };

  const resume = (shared: Shared): void => {
    if (shared.uses === 0) return; // it went meanwhile
    shared.queue?.again();
    if (aborted) shared.queue?.abort();
    delete shared.reading;
    start(shared);
  };

  const queues = () => [...open].flatMap(({ queue }) => queue ?? []);
  return {
    take: part => {
      const key = part.fingerprint ?? part.spec; // what cannot be compared is shared within its own plan
      const shared = running.get(key) ?? create(part);
      running.set(key, shared);
      open.add(shared);
      shared.uses++;
      return {
        handle: shared.handle,
        start: () => start(shared),
        release: () => {
          if (--shared.uses > 0) return;
          running.delete(key);
          const ended: Promise<void> = end(shared).finally(() => ends.delete(ended));
          ends.add(ended);
        },
      };
    },
    finish: async () => {
      for (const queue of queues()) queue.finish();
      await Promise.all([...open].map(({ reading }) => reading));
    },
    stop: () => {
      for (const queue of queues()) queue.stop();
    },
    abort: () => {
      aborted = true;
      for (const queue of queues()) queue.abort();
    },
    released: async () => {
      await Promise.all(ends);
    },
    still: async work => {
      const read = [...open].filter(({ reading }) => reading !== undefined);
      await Promise.all(read.map(halt));
      try {
        return await work();
      } finally {
        read.forEach(resume);
      }
    },
    busy: () => queues().flatMap(queue => (queue.busy() ? [queue.name] : [])),
    left,
  };
};

interface Shared {
  readonly name: string;
  readonly exporter: Exporter;
  readonly queue: Queue | undefined;
  readonly handle: Handle;
  readonly gone: AbortController;
  reading?: Promise<void>;
  uses: number;
}

/** Closes a component. One that hangs, or throws, holds nobody up. */
export const closed = async (
  component: { close?(): Promise<void> },
  name: string,
  { clock, log }: Pick<Ground, 'clock' | 'log'>,
): Promise<void> => {
  const closing = async () => component.close?.();
  await atMost(
    LINGER,
    clock,
    closing().catch(error => log.warn({ component: name }, `it could not be closed: ${describe(error)}`)),
  );
};

/** Waits for some work, but not for ever. */
export const atMost = async (ms: number, clock: Clock, work: Promise<unknown>): Promise<void> => {
  const enough = new AbortController();
  await Promise.race([work, clock.sleep(ms, enough.signal).catch(() => {})]);
  enough.abort();
};
