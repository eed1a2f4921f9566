// How late events appear at a vendor: counted for the ledger, and read as evidence for a receiver's `overlap`.
import { isObject } from '../../json.ts';
import type { Batch } from '../../model.ts';
import { DAY, HOUR, MINUTE } from '../../options.ts';
import { toMillis } from '../../time.ts';
import type { Step } from '../account.ts';

/**
 * Where the buckets end, in ms; one more is for what is later still. The first is for what is not late: vendors are read up
 * to a little before their end. The ledger's chain covers these numbers: they are never changed.
 */
export const BOUNDS: readonly number[] = [
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
];

/**
 * How many of the new records of a batch appeared how late, by the buckets: how long they had happened when the vendor's end
 * was last reached, and yet were not there. None where the end never was, or where nothing tells what is new.
 * @param end when it was last reached, by the vendor's clock; ms since the epoch
 */
export const latenessOf = (
  batch: Pick<Batch, 'records'>,
  routes: readonly { readonly steps: readonly Step[] }[],
  end: number | undefined,
): readonly number[] => {
  const sieve = routes.flatMap(({ steps }) => steps).find(({ remembers }) => remembers);
  if (end === undefined || batch.records.length === 0 || !sieve) return [];
  const buckets = Array<number>(BOUNDS.length + 1).fill(0);
  for (const { part, guessed, time } of sieve.outgoing) {
    if (part || guessed === 'time' || guessed === 'both') continue;
    const late = end - toMillis(time);
    const bucket = BOUNDS.findIndex(bound => late <= bound);
    buckets[bucket < 0 ? BOUNDS.length : bucket]!++;
  }
  return buckets;
};

/** How many of them are late. */
export const lateIn = (lateness: readonly number[]): number => total(lateness.slice(1));

const total = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

/** What was seen, and what follows from it. Times in ms. */
export interface OverlapAdvice {
  /** New records of which it is known how late they appeared. */
  readonly seen: number;
  readonly late: number;
  /** 99.9% of them appeared within this time; infinite where that is later than the last bucket; absent without enough of them. */
  readonly most?: number;
  /** How many appeared later than `overlap` reaches: the sweep found them. */
  readonly missed: number;
  /** The `overlap` that the evidence suggests; absent where it is fine, or where there is too little evidence. */
  readonly suggested?: number;
}

/** So many must have been seen before 99.9% of them mean anything. */
const ENOUGH = 1000;

/** The longest `overlap` that a receiver takes. */
const LONGEST = 23 * HOUR;

/**
 * What lateness says of an `overlap`. What appeared later than it reaches was found by the sweep, a day later: how late it
 * really was, nobody knows. So if that is more than one in a thousand, twice the overlap is suggested, and not what was seen.
 * Pure; for `tributary ledger` and `tributary doctor`.
 * @param lateness how many in each bucket, as the ledger has them
 * @param overlap of the receiver, ms
 */
export const adviseOverlap = (lateness: readonly number[], overlap: number): OverlapAdvice => {
  const seen = total(lateness);
  const late = lateIn(lateness);
  const missed = lateness.reduce((n, count, bucket) => ((BOUNDS[bucket - 1] ?? 0) >= overlap ? n + count : n), 0);
  if (seen < ENOUGH) return { seen, late, missed };
  const bucket = lateness.findIndex((_, at) => total(lateness.slice(0, at + 1)) >= seen * 0.999);
  const most = BOUNDS[bucket] ?? Number.POSITIVE_INFINITY;
  const suggested = missed > seen / 1000 ? Math.min(2 * overlap, LONGEST) : undefined;
  return { seen, late, missed, most, ...(suggested !== undefined && suggested > overlap && { suggested }) };
};

/** The `overlap` in the checked options of a receiver, in ms; nothing where it has none. */
export const overlapOf = (options: unknown): number | undefined =>
  isObject(options) && typeof options.overlap === 'number' ? options.overlap : undefined;
