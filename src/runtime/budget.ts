// How often a vendor may be asked. Vendors count per account, so all clients of one origin and credential share a budget.
import { abortable } from '../abort.ts';
import type { Clock, Rate } from '../component.ts';
import { HOUR } from '../options.ts';
import { type Headers, quotaOf, waitOf } from './status.ts';

export interface Budget {
  /** Resolves when one more request may be sent: first come, first served. Rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<void>;
  /** Reads an answer: nobody of this key asks before the vendor allows. */
  heed(status: number, headers: Headers): void;
  /** Its rates no longer count; what the vendor said still does. */
  close(): void;
}

export interface Standing {
  readonly key: string;
  /** Requests that could be sent at once; nothing where no rate is known. */
  readonly remaining: number | undefined;
  /** What the vendor itself said last. */
  readonly told: number | undefined;
  /** When the vendor allows the next one, ms since the epoch; 0 when it did not ask us to wait. */
  readonly until: number;
  readonly waiting: number;
}

export interface Budgets {
  /** One client's share of the pool of this key; the rates of all its clients hold for each of them. */
  open(key: string, rates: readonly Rate[]): Budget;
  standings(): readonly Standing[];
}

export const budgets = (clock: Clock): Budgets => {
  const pools = new Map<string, Pool>(); // one a credential in the config: bounded, and kept for what vendors said
  return {
    open: (key, rates) => {
      const shared = pools.get(key) ?? pool(clock);
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

const pool = (clock: Clock): Pool => {
  const shares = new Set<readonly Rate[]>();
  let buckets: readonly Bucket[] = [];
  let until = 0;
  let told: number | undefined;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const rebuild = () => {
    const rates = [...shares].flat().filter((rate, i, all) => all.findIndex(other => same(rate, other)) === i);
    buckets = rates.map(rate => buckets.find(bucket => same(bucket.rate, rate)) ?? empty(rate, clock.now()));
  };

  const admit = async (signal: AbortSignal) => {
    for (;;) {
      signal.throwIfAborted();
      const now = clock.now();
      const wait = Math.max(until - now, ...buckets.map(bucket => waitFor(bucket, now)));
      if (wait <= 0) break;
      await clock.sleep(wait, signal);
    }
    buckets = buckets.map(bucket => taken(bucket, clock.now()));
  };

  const take = async (signal: AbortSignal) => {
    const turn = last;
    const { promise: done, resolve: next } = Promise.withResolvers<void>();
    last = turn.then(() => done);
    waiting++;
    try {
      await abortable(turn, signal);
      await admit(signal);
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
    until = Math.max(until, now + Math.max(spent, waitOf(status, headers, now) ?? 0));
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
      return {
        remaining: levels.length > 0 ? Math.min(...levels) : undefined,
        told,
        until: until > now ? until : 0,
        waiting,
      };
    },
  };
};

// ---- One rate, as a bucket that begins empty: a crash loop cannot exceed the quota, and nothing is kept on disk. ----

/** What one rate allows. */
export interface Bucket {
  readonly rate: Rate;
  /** Requests, at `at`. */
  readonly level: number;
  /** ms since the epoch */
  readonly at: number;
}

export const empty = (rate: Rate, now: number): Bucket => ({ rate, level: 0, at: now });

/** What it holds now: never more than the burst, however long it was idle. */
export const filled = ({ rate, level, at }: Bucket, now: number): number =>
  Math.min(burst(rate), level + Math.max(0, now - at) * speed(rate));

/** ms until it allows a request. */
export const waitFor = (bucket: Bucket, now: number): number => {
  const missing = 1 - filled(bucket, now);
  return missing <= ROUNDING ? 0 : Math.max(1, Math.ceil(missing / speed(bucket.rate) - ROUNDING));
};

export const taken = (bucket: Bucket, now: number): Bucket => ({
  ...bucket,
  level: filled(bucket, now) - 1,
  at: Math.max(now, bucket.at),
});

/** A sixtieth at once: a second's worth of a rate by the minute, a minute's worth of one by the hour. */
const burst = ({ requests }: Rate): number => Math.max(1, Math.floor(requests / 60));

/** Requests a ms: so many that burst and refill together stay within the rate, wherever its window begins. */
const speed = (rate: Rate): number => (rate.requests - burst(rate) + 1) / rate.per;

const ROUNDING = 1e-6; // of a request or a ms: sums of fractions are never exact

const same = (a: Rate, b: Rate): boolean => a.requests === b.requests && a.per === b.per;
