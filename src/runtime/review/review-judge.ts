// What drops repeats, asked about each record of a review: whether it was delivered, and if not, whether it is missing.
// Only what is missing goes on; where the review only looks, nothing does.
import type { Processor, Spec } from '../../component.ts';
import type { AuditRecord } from '../../model.ts';
import { toMillis } from '../../time.ts';
import type { Part } from '../plan.ts';

/**
 * - known: it was delivered
 * - dead: it is kept as a dead letter
 * - ahead: its receiver has yet to read it
 * - missing: it was not delivered, and its receiver has read past it
 * - old: it is not known as delivered, but that may be forgotten by now
 */
export type Verdict = 'known' | 'dead' | 'ahead' | 'missing' | 'old';

/** One pipeline of a receiver, under review. */
export interface Case {
  readonly pipeline: string;
  /** From where on it is asked: as it was said, but not from before its receiver began; ms since the epoch. */
  readonly since: number;
  /** The processor that remembers what was delivered, and the space of its marks. */
  readonly processor: string;
  readonly space: string;
  /** What happened before this may be forgotten, and is not delivered; ms since the epoch. */
  readonly horizon: number;
  /** What happened from here on the receiver has yet to read; ms since the epoch. */
  readonly front: number;
  /** Ids of this log that are dead letters of this pipeline. */
  readonly dead: ReadonlySet<string>;
  /** Where a record happened that has no time of the vendor's: not before this; ms since the epoch. */
  readonly floor: () => number;
  /** What was judged of the batch in hand, by id. */
  readonly verdicts: Map<string, Judged>;
}

export interface Judged {
  readonly is: Verdict;
  /** When it happened, as far as is known; ms since the epoch. */
  readonly time: number;
}

/** @param only it looks, and nothing goes on */
export const judged = (
  part: Part<'processor'>,
  given: Case,
  { only }: { readonly only: boolean },
): Part<'processor'> => ({
  ...part,
  spec: {
    ...part.spec,
    create: (context, options) => {
      const inner = (part.spec as Spec<'processor'>).create(context, options);
      return {
        process: records => judge(records, inner, given, only),
        close: async () => inner.close?.(),
      };
    },
  },
});

const judge = async (records: readonly AuditRecord[], inner: Processor, given: Case, only: boolean) => {
  const alive = records.filter(({ id }) => !given.dead.has(id));
  const unknown = new Set((await inner.process(alive)).records.map(({ id }) => id)); // what it stages is not taken
  const missing = records.filter(record => {
    const is = verdictOf(record, unknown, given);
    given.verdicts.set(record.id, { is, time: timeOf(record, given) });
    return is === 'missing';
  });
  return only || missing.length === 0 ? { records: [] } : inner.process(missing);
};

const verdictOf = (record: AuditRecord, unknown: ReadonlySet<string>, given: Case): Verdict => {
  if (given.dead.has(record.id)) return 'dead';
  if (!unknown.has(record.id)) return 'known';
  const time = timeOf(record, given);
  if (time >= given.front) return 'ahead';
  return time < given.horizon ? 'old' : 'missing';
};

const timeOf = ({ time, guessed }: AuditRecord, { floor }: Case): number =>
  guessed === 'time' || guessed === 'both' ? floor() : toMillis(time);
