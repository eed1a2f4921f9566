// What the ledger is told with a delivery, in records of the vendor: before one is made into several parts. Data only.
import type { Gap } from './model.ts';

/** Whose counts these are: of one receiver, on one route, to one exporter. */
export interface Account {
  readonly receiver: string;
  readonly pipeline: string;
  readonly exporter: string;
}

/** What a commit adds to the counts. */
export interface Counts {
  /** Of the receiver that it is of; a queue's reader has none. */
  readonly received?: Received;
  /** What became of records, but for those that became dead letters. */
  readonly fates: readonly Fates[];
  readonly dead: readonly Dead[];
}

export interface Received {
  readonly receiver: string;
  /** That were answered, or not, since the commit before. */
  readonly requests: number;
  /** Of these: no answer came, or one that says no. */
  readonly failed: number;
  readonly fetched: number;
  /** How late the new ones appeared: how many in each bucket of `lateness.ts`; empty where nothing tells what is new. */
  readonly lateness: readonly number[];
  /** When the first and the last of them happened; ms since the epoch. Absent where none of them says. */
  readonly events?: { readonly first: number; readonly last: number };
  readonly gap?: Gap;
  /** When the vendor's end was last reached, by its clock; ms since the epoch. */
  readonly end?: number;
}

/** Each record has one fate. What is not named did not change; what leaves a queue is a negative `pending`. */
export interface Fates extends Account {
  readonly fetched?: number;
  readonly duplicate?: number;
  readonly filtered?: number;
  readonly delivered?: number;
  readonly pending?: number;
}

/** A record of which a part became a dead letter, or all of it. */
export interface Dead extends Account {
  /** That of its letters. */
  readonly place: string;
  readonly identity: string;
  readonly id: string;
  readonly parts: readonly number[];
  /** How often it came so, in this batch; 0 where it counts as something else already. */
  readonly times: number;
  /** False where the sink said how many it refused, and this is the copy of one that does not count among them. */
  readonly certain: boolean;
}

/** Which records of a queue's row came by which route. In the order of its records. */
export interface Portion {
  readonly receiver: string;
  readonly pipeline: string;
  /** How many parts. */
  readonly records: number;
  /** How many records of the vendor wait in them. */
  readonly sources: number;
  /** Ids that are in it and do not count there, because they count as dead already; each so often. */
  readonly surplus?: readonly string[];
}
