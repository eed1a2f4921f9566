// How often a vendor may be asked. Vendors count per account, so all clients of one origin and credential share a budget,
// and stop together when the vendor asks for it or is ill.
import { abortable } from '../../abort.ts';
import type { Clock, Logger, Rate } from '../../component.ts';
import { Fault } from '../../fault.ts';
import { HOUR, MINUTE, SECOND } from '../../options.ts';
import { type Bucket, empty, filled, same, settled, taken, waitFor } from './bucket.ts';
import { BETWEEN_PROBES, circuit, MOST_FAILURES } from './circuit.ts';
import { NO_REST, type Rest, restOf, restsFor, settledRest } from './rest.ts';
import { type Headers, quotaOf, waitOf } from './status.ts';

export interface Budget {
  /**
   * Resolves when one more request may be sent: first come, first served. Throws E_PAUSED where that would be long for
   * the vendor's sake. Rejects with the signal's reason.
   */
  take(signal: AbortSignal): Promise<Settle>;
  /** Reads an answer: nobody of this key asks before the vendor allows. */
  heed(status: number, headers: Headers): void;
  /** Its rates no longer count; what the vendor said still does. */
  close(): void;
}

/**
 * How the request ended: to be called once. Resolves when it is noted how long nobody may ask.
 * @param outcome the fault, or none when it worked; `given up` when nobody waited for its end
 */
export type Settle = (outcome: Fault | 'given up' | undefined) => Promise<void>;

export interface Standing {
  readonly key: string;
  /** Requests that could be sent at once; nothing where no rate is known. */
  readonly remaining: number | undefined;
  /** What the vendor itself said last. */
  readonly told: number | undefined;
  /** When the vendor allows the next one, ms since the epoch; 0 when it did not ask us to wait. */
  readonly until: number;
  readonly waiting: number;
  /** It failed so often that it is asked once a minute only. */
  readonly open: boolean;
}

/** Until when nobody of a key may ask. Kept in the notes, so that a restart does not ask before. */
export interface WaitNote {
  readonly key: string;
  /** By our clock, when it was noted and until when it lasts; ms since the epoch. */
  readonly noted: number;
  readonly until: number;
}

export interface Budgets {
  /** One client's share of the pool of this key; the rates of all its clients hold for each of them. */
  open(key: string, rates: readonly Rate[]): Budget;
  standings(): readonly Standing[];
}

export interface BudgetOptions {
  /** Told when a vendor is asked less because it fails, and when it works again. */
  readonly log?: Logger;
  /** What an earlier process noted. */
  readonly kept?: readonly WaitNote[];
  /** Notes it, for the next process. */
  readonly keep?: (note: WaitNote) => Promise<void>;
}

export const budgets = (clock: Clock, options: BudgetOptions = {}): Budgets => {
  const pools = new Map<string, Pool>(); // one a credential in the config: bounded, and kept for what vendors said
  return {
    open: (key, rates) => {
      const shared = pools.get(key) ?? pool(key, clock, options);
      pools.set(key, shared);
      return shared.join(rates);
    },
    standings: () => [...pools].map(([key, shared]) => ({ key, ...shared.standing() })),
  };
};

interface Pool {
  join(rates: readonly Rate[]): Budget;
  standing(): Omit<Standing, 'key'>;
}

/** A longer wait for the vendor's sake is a fault, so that it is said, shown and counted, and not sat out in silence. */
const QUIET = MINUTE;

const pool = (key: string, clock: Clock, { log, kept = [], keep = async () => {} }: BudgetOptions): Pool => {
  const [origin = key] = key.split(' ');
  const shares = new Set<readonly Rate[]>();
  let buckets: readonly Bucket[] = [];
  let told: number | undefined;
  let rest = restKept(kept, key, clock.now());
  let noted = clock.now() + rest.left;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const health = circuit({
    opened: (failures, { code }) => {
      const fault = new Fault('E_PAUSED');
      log?.warn({ origin, code: fault.code, last: code, remedy: fault.remedy }, `${failures} ${IN_A_ROW}`);
    },
    closed: open => log?.info({ origin, seconds: Math.round(open / SECOND) }, 'works again: asked as usual'),
  });

  const rebuild = () => {
    const rates = [...shares].flat().filter((rate, i, all) => all.findIndex(other => same(rate, other)) === i);
    buckets = rates.map(rate => buckets.find(bucket => same(bucket.rate, rate)) ?? empty(rate, clock.now()));
  };

  /** Throws where the vendor is to be left alone for longer. */
  const pause = (now: number) => {
    const ill = health.wait(now);
    if (ill > 0) throw new Fault('E_PAUSED', `${origin}: ${MOST_FAILURES} ${IN_A_ROW}`, { retryAfter: ill });
    const asked = restsFor(rest, now);
    if (asked > QUIET) throw new Fault('E_PAUSED', `${origin}: it asked us to wait`, { retryAfter: asked });
  };

  const admit = async (signal: AbortSignal) => {
    for (;;) {
      signal.throwIfAborted();
      const now = clock.now();
      buckets = buckets.map(bucket => settled(bucket, now));
      rest = settledRest(rest, now);
      if (health.probe !== undefined) await abortable(health.probe, signal);
      else {
        pause(now);
        const wait = Math.max(restsFor(rest, now), ...buckets.map(bucket => waitFor(bucket, now)));
        if (wait <= 0) break;
        await clock.sleep(wait, signal);
      }
    }
    buckets = buckets.map(bucket => taken(bucket, clock.now()));
    return health.enter();
  };

  const note = async () => {
    const now = clock.now();
    const until = now + Math.max(restsFor(rest, now), health.wait(now));
    if (until <= Math.max(now, noted)) return;
    noted = until;
    await keep({ key, noted: now, until }).catch(() => {}); // then a restart asks once too often, and is told again
  };

  const take = async (signal: AbortSignal): Promise<Settle> => {
    const turn = last;
    const { promise: done, resolve: next } = Promise.withResolvers<void>();
    last = turn.then(() => done);
    waiting++;
    try {
      await abortable(turn, signal);
      const ended = await admit(signal);
      return outcome => {
        ended(clock.now(), outcome);
        return note();
      };
    } finally {
      waiting--;
      next();
    }
  };

  const heed = (status: number, headers: Headers) => {
    const now = clock.now();
    const { remaining, reset } = quotaOf(headers, now);
    told = remaining ?? told;
    // Units of a reset differ, so one that is misread may cost an hour at most; if that was too early, a 429 says so.
    const spent = remaining === 0 && reset !== undefined ? Math.min(reset, HOUR) : 0;
    rest = restOf(Math.max(restsFor(rest, now), spent, waitOf(status, headers, now) ?? 0), now);
  };

  return {
    join: rates => {
      const share = [...rates];
      shares.add(share);
      rebuild();
      const close = () => {
        shares.delete(share);
        rebuild();
      };
      return { take, heed, close };
    },
    standing: () => {
      const now = clock.now();
      const levels = buckets.map(bucket => Math.floor(filled(bucket, now)));
      const left = restsFor(rest, now);
      return {
        remaining: levels.length > 0 ? Math.min(...levels) : undefined,
        told,
        until: left > 0 ? now + left : 0,
        waiting,
        open: health.open,
      };
    },
  };
};

const IN_A_ROW = `failures in a row: asked once in ${BETWEEN_PROBES / SECOND} s until it works`;

/** What is left of a wait that was noted; all of it where our clock stepped back since. */
const restKept = (kept: readonly WaitNote[], key: string, now: number): Rest => {
  const note = kept.find(wait => wait.key === key);
  return note ? settledRest(restOf(note.until - note.noted, note.noted), now) : NO_REST;
};
