// The durable queue in front of an exporter. Handing to it stages a row, which is committed with the position; its reader
// sends the oldest rows, and removes them in one commit with whatever the exporter wrote. Full means wait.
import type { Clock, Exporter, Logger } from '../../component.ts';
import { asFault, Fault } from '../../fault.ts';
import type { AuditRecord, Write } from '../../model.ts';
import { DAY, SECOND } from '../../options.ts';
import { point } from '../../point.ts';
import { backoff, HOLD, persist } from '../../retry.ts';
import { createBell } from '../bell.ts';
import { assertRoom } from '../dead-limit.ts';
import { conclude, type Delivering, Overtaken } from '../deliver.ts';
import { unrouted } from '../fate.ts';
import { direct, type Hand, type Handle } from '../handle.ts';
import { cut, settled } from '../portion.ts';
import type { Holding, Store } from '../state/state.ts';
import { createTrouble } from '../trouble.ts';

export interface QueueOptions {
  /** The exporter's. */
  readonly name: string;
  readonly exporter: Exporter;
  /** Full from so many bytes on disk on. What is in hand then still goes in: a row for each receiver. */
  readonly limit: number;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** How many new dead letters a day the exporter may make before the reader holds. */
  readonly deadLetters: number;
  /** It must be emptied: from `finish` on it is given up when nothing was sent for so long; ms. */
  readonly patience?: number | undefined;
  /** How long an exporter may take to notice that it was told to stop; ms. */
  readonly linger: number;
  /** Told of each fault of the reader. */
  readonly faulted?: (fault: Fault, place: string) => void;
  /** Told of what was sent, after its commit; how many of it were refused; and since when it was under way, ms since the epoch. */
  readonly sent?: (records: readonly AuditRecord[], refused: number, from: number) => void;
}

export interface Queue {
  readonly name: string;
  /** What a delivery is handed to. */
  readonly handle: Handle;
  /** Reads until it is stopped, or finished and empty. Resolves with why rows are left that should not be. Never throws. */
  run(): Promise<Fault | undefined>;
  /** Ends when it is empty. */
  finish(): void;
  /** Ends when what is in hand is sent; rows stay. A batch that only waits for its next try is not waited for. */
  stop(): void;
  /** Ends at once; what was in hand is sent again at the next start. */
  abort(): void;
  /** After `run` has ended: it may be called once more. */
  again(): void;
  /** Whether something is in hand. */
  busy(): boolean;
}

/** How much is read at once where the exporter does not say what it likes best. */
const BEST = { records: 1000, bytes: 4 * 2 ** 20 } as const;

/** Once full, it has room again below this share of its limit: so that it does not turn full with every row. */
const ROOM = 0.9;

/** How soon somebody who waits for room says so again, at first; ms. */
const LOOK = 10 * SECOND;

export const createQueue = (options: QueueOptions): Queue => {
  const { name, exporter, limit, store, clock, patience = Number.POSITIVE_INFINITY, linger } = options;
  const place = `exporter/${name}`;
  const best = exporter.best ?? BEST;
  const longest = Math.max(1, best.records); // of a row
  const trouble = createTrouble(clock, options.log);
  const [arrivals, departures] = [createBell(), createBell()];
  let turn = newTurn();
  let full = false;
  let finishing = false;
  let inHand = false;
  let failed: Fault | undefined;

  // ---- In ----

  const holding = async (): Promise<Holding> => (await store.queues()).get(name) ?? { rows: 0, records: 0, bytes: 0 };

  const room = async ({ signal, report, moved }: Hand): Promise<void> => {
    /** From here on we are patient; and so is, not a moment later, whoever we report to. */
    const anew = () => {
      const now = clock.now();
      moved?.();
      return now;
    };
    for (let [look, since] = [LOOK, anew()]; ; ) {
      signal.throwIfAborted();
      const freed = departures.next(); // asked for before we look, so that none is missed
      const { bytes } = await holding();
      full = bytes >= (full ? limit * ROOM : limit);
      if (!full) return;
      const left = since + patience - clock.now();
      const wait = left > 0 ? Math.min(look, left) : look; // it is not given up before its patience is over
      report?.(new Fault('E_QUEUE_FULL', `the queue of ${name} is full: ${limit} bytes`), wait, place);
      const enough = new AbortController();
      const slept = clock.sleep(wait, AbortSignal.any([signal, enough.signal])).then(() => false);
      const isMoving = await Promise.race([freed.then(() => true), slept]).finally(() => enough.abort());
      [look, since] = isMoving ? [LOOK, anew()] : [Math.min(2 * look, HOLD), since];
    }
  };

  const handle: Handle = {
    name,
    queued: true,
    hand: async (handed, how) => {
      await room(how);
      const writes = cut(handed, longest).map((row): Write => ({ kind: 'enqueue', queue: name, ...row }));
      return {
        writes,
        release: committed => {
          if (committed) arrivals.ring();
        },
      };
    },
  };

  // ---- Out ----

  const giveUp = (fault: Fault) => {
    failed ??= fault;
    turn.aborting.abort();
    arrivals.ring();
  };
  const report = (fault: Fault, wait: number) => {
    options.faulted?.(fault, place);
    if (fault.code === 'E_STDOUT_CLOSED') giveUp(fault);
    else if (trouble.meet(fault, wait, finishing ? patience : Number.POSITIVE_INFINITY)) giveUp(fault);
  };
  const within = ({ aborting, resting }: Turn): Delivering => ({
    store,
    clock: { now: clock.now, sleep: ms => clock.sleep(ms, resting) },
    signal: aborting.signal,
    report,
    moved: trouble.moved,
  });
  const sink = direct(name, exporter);

  const mayGoOn = async () => {
    const recent = await store.deadAt(place, clock.now() - DAY);
    await assertRoom(store, recent, { limit: options.deadLetters, where: ` at ${name}` });
  };

  /** The oldest rows, as many as the exporter likes best; false when there are none. */
  const send = async (how: Delivering): Promise<boolean> => {
    const rows = await persist(() => store.rows(name, best), how);
    if (rows.length === 0) return false;
    inHand = true;
    point('queue: after read');
    await persist(mayGoOn, how);
    const records = rows.flatMap(row => row.records);
    const dequeue: Write = { kind: 'dequeue', queue: name, rows: rows.map(row => row.seq) };
    const from = clock.now();
    const [exported] = await conclude([sink.hand([unrouted(records)], how)], [dequeue], how, ([sent]) => ({
      writes: [{ kind: 'count', counts: settled(name, rows, sent?.refused ?? []) }],
    }));
    point('queue: after sending');
    trouble.over();
    departures.ring();
    options.sent?.(
      records,
      (exported?.refused ?? []).reduce((sum, r) => sum + (r.count ?? r.records.length), 0),
      from,
    );
    return true;
  };

  const read = async ({ resting }: Turn, how: Delivering): Promise<void> => {
    for (let tries = 0; !resting.aborted; ) {
      const arrived = arrivals.next();
      try {
        if (await send(how)) tries = 0;
        else if (finishing) return;
        else await arrived;
      } catch (error) {
        if (resting.aborted) return;
        // Rows that are gone, or a defect: what is there is read again.
        const fault = error instanceof Overtaken ? new Fault('E_COMMIT_STALE', error.message) : asFault(error);
        const wait = fault.kind === 'denied' ? HOLD : backoff(tries++ + 2);
        trouble.undone();
        report(fault, wait);
        await clock.sleep(wait, resting).catch(() => {});
      } finally {
        inHand = false;
      }
    }
  };

  return {
    name,
    handle,
    busy: () => inHand,
    run: async () => {
      const enough = new AbortController();
      const lingered = turn.aborted.then(() => clock.sleep(linger, enough.signal)).catch(() => {});
      await Promise.race([read(turn, within(turn)), lingered]);
      enough.abort();
      const { rows, records } = await holding();
      if (rows === 0 || (!failed && options.patience === undefined)) return undefined;
      const cause = failed ?? trouble.last ?? new Fault('E_ABANDONED', 'stopped before it was empty');
      return new Fault('E_QUEUE_LEFT', `${counted(rows, 'row')} with ${counted(records, 'record')} left`, { cause });
    },
    finish: () => {
      finishing = true;
      if (trouble.last && trouble.lasts() > patience) giveUp(trouble.last);
      arrivals.ring();
    },
    stop: () => {
      turn.stopping.abort();
      arrivals.ring();
    },
    abort: () => {
      turn.aborting.abort();
      arrivals.ring();
    },
    again: () => {
      turn = newTurn();
    },
  };
};

/** From one start of the reader to its end. */
type Turn = ReturnType<typeof newTurn>;

const newTurn = () => {
  const [stopping, aborting] = [new AbortController(), new AbortController()];
  const aborted = new Promise<void>(done => aborting.signal.addEventListener('abort', () => done(), { once: true }));
  const resting = AbortSignal.any([stopping.signal, aborting.signal]); // nobody sleeps any longer
  return { stopping, aborting, aborted, resting };
};

/** What to say of rows that no exporter of a config takes. */
export const orphaned = (holdings: ReadonlyMap<string, Holding>, queued: readonly string[]): readonly string[] =>
  [...holdings]
    .filter(([name]) => !queued.includes(name))
    .map(
      ([name, { rows, records }]) =>
        `${counted(rows, 'row')} with ${counted(records, 'record')} left in the queue of '${name}', which is no queued exporter of this config: name it again, or send them with \`tributary queue drain\``,
    );

const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
