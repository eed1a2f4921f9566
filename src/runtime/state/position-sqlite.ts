// Where receivers stand, as rows of `state.db`; and what is noted of each beside its position.
import type { DatabaseSync } from 'node:sqlite';

export interface PositionRow {
  readonly receiver: string;
  readonly identity: string;
  readonly count: number;
  /** JSON */
  readonly value: string;
  /** Nothing that happened before this is read again; ms since the epoch. */
  readonly low: number;
}

export interface EntryRow {
  readonly space: string;
  readonly key: string;
  /** JSON */
  readonly value: string;
}

/** The highest low-water time a receiver ever had: what is older may be forgotten by now. Kept when its position goes back. */
export const HIGHEST = 'tributary/low';

/** The lowest low-water time a receiver ever had: what is older it was never asked for. Older states do not know it. */
export const BEGAN = 'tributary/began';

export const rowOf = (db: DatabaseSync, receiver: string, identity: string): PositionRow | undefined =>
  // The columns are named as the fields.
  db.prepare('select * from positions where receiver = ? and identity = ?').get(receiver, identity) as unknown as
    | PositionRow
    | undefined;
