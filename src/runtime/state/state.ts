// The store's contract: everything that is true. Read anywhere; it changes by `commit` only, all or nothing. Beside it, notes.
import type { Position } from '../../component.ts';
import type { Portion } from '../../counts.ts';
import type { AuditRecord, Json, Write } from '../../model.ts';
import type { WaitNote } from '../http/budget.ts';
import type { Reading } from '../ledger/ledger.ts';
import type { Notes } from './notes.ts';

export interface Store {
  /** Where a receiver stands; nothing before its first commit. */
  position(receiver: string, identity: string): Promise<Position<Json> | undefined>;
  /** Whose positions there are, and what they are. */
  positions(): Promise<readonly StoredPosition[]>;
  get(space: string, key: string): Promise<Json | undefined>;
  /** Which of the ids were marked by a committed delivery. */
  known(space: string, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** How many records became new dead letters of this identity since then; ms since the epoch. */
  deadSince(identity: string, time: number): Promise<number>;
  /** How many records became new dead letters at an exporter or a processor since then; ms since the epoch. */
  deadAt(place: string, time: number): Promise<number>;
  /** How many dead letters there are. */
  letters(): Promise<number>;
  /**
   * The oldest rows of a queue, in order: as many as fit, but at least one where there is one. Throws E_QUEUE_ROW for a
   * row that is damaged.
   */
  rows(queue: string, most: Size): Promise<readonly Row[]>;
  /** What each queue holds; those that are empty are not named. */
  queues(): Promise<ReadonlyMap<string, Holding>>;
  /** The counters of the ledger, as the last commit left them. */
  reading(): Promise<Reading>;
  /**
   * Makes all the writes true, or none. Throws E_COMMIT_STALE if a move was read from another position than the stored
   * one, or if a row is gone that it removes; E_STATE_FULL or E_STATE_WRITE if the disk refuses: then trying again is right.
   * @param now our clock, ms since the epoch: when dead letters were seen
   */
  commit(writes: readonly Write[], now: number): Promise<void>;
  /**
   * Adds to the notes, which are beside the truth: their own time, their own transaction, bounded. Throws as `commit` does.
   * @param now our clock, ms since the epoch
   */
  note(notes: Notes, now: number): Promise<void>;
  /** What of it is damaged and can be done without, when it was opened; a line each. */
  readonly doubts: readonly string[];
  /** Until when vendors may not be asked, as noted. */
  waits(): Promise<readonly WaitNote[]>;
  close(): Promise<void>;
}

/** Where a receiver stands. */
export interface StoredPosition extends Position<Json> {
  readonly receiver: string;
  readonly identity: string;
  /** Nothing that happened before this will be read again; ms since the epoch. */
  readonly low: number;
}

/** A batch of records in a queue. */
export interface Row {
  /** Rises, and is never used again. */
  readonly seq: number;
  readonly records: readonly AuditRecord[];
  /** By which routes they came; absent where it was written before there was a ledger. */
  readonly portions?: readonly Portion[];
}

/** How much fits into one call of an exporter. */
export interface Size {
  readonly records: number;
  /** Of their JSON. */
  readonly bytes: number;
}

/** What lies in a queue. */
export interface Holding {
  readonly rows: number;
  readonly records: number;
  /** On disk. */
  readonly bytes: number;
}

/** A record kept aside because it alone could not pass. */
export interface DeadLetter {
  readonly seq: number;
  readonly place: string;
  readonly code: string;
  readonly reason: string;
  /** How many records of the batch were refused; 1 unless the sink did not say which. */
  readonly count: number;
  /** How often it came back. */
  readonly tries: number;
  /** ms since the epoch */
  readonly first: number;
  readonly last: number;
  readonly record: AuditRecord;
}
