// One rate of a quota as a bucket that begins empty: a crash loop cannot exceed the quota, and nothing is kept on disk.
import type { Rate } from '../../component.ts';

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

/** The same, read by the clock as it is now: one that stepped back gives nothing, and takes nothing away. */
export const settled = (bucket: Bucket, now: number): Bucket => ({ ...bucket, level: filled(bucket, now), at: now });

/** ms until it allows a request. */
export const waitFor = (bucket: Bucket, now: number): number => {
  const missing = 1 - filled(bucket, now);
  return missing <= ROUNDING ? 0 : Math.max(1, Math.ceil(missing / speed(bucket.rate) - ROUNDING));
};

export const taken = (bucket: Bucket, now: number): Bucket => ({ ...bucket, level: filled(bucket, now) - 1, at: now });

export const same = (a: Rate, b: Rate): boolean => a.requests === b.requests && a.per === b.per;

/** A sixtieth at once: a second's worth of a rate by the minute, a minute's worth of one by the hour. */
const burst = ({ requests }: Rate): number => Math.max(1, Math.floor(requests / 60));

/** Requests a ms: so many that burst and refill together stay within the rate, wherever its window begins. */
const speed = (rate: Rate): number => (rate.requests - burst(rate) + 1) / rate.per;

const ROUNDING = 1e-6; // of a request or a ms: sums of fractions are never exact
