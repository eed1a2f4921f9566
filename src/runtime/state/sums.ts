// Check sums beside what would make us skip events, repeat or alter them if one of its bits fell over: SQLite has none of
// its own for pages.
import { crc32 } from 'node:zlib';
import { Fault } from '../../fault.ts';
import type { Json } from '../../model.ts';

type Part = string | number;

export const sumOf = (...parts: readonly Part[]): number => crc32(parts.join('\0'));

/** A row of `positions`, as far as its sum goes: not the name, which may be changed. */
export interface SummedPosition {
  readonly count: number;
  readonly value: string;
  readonly low: number;
  /** Nothing where an older version wrote it. */
  readonly sum?: number | null;
}

/** A row of `entries`, as far as its sum goes. */
export type SummedEntry = Pick<SummedPosition, 'value' | 'sum'>;

/** A row of `marks`, as far as its sum goes. */
export interface SummedMarks {
  readonly space: string;
  readonly date: number;
  readonly ids: Uint8Array;
  readonly sum?: number | null;
}

export const sumOfMarks = ({ space, date, ids }: SummedMarks): number => crc32(ids, sumOf(space, date));

/** A dead letter, as far as its sum goes. */
export interface SummedLetter {
  readonly place: string;
  readonly identity: string;
  readonly id: string;
  readonly part: number;
  readonly record: string;
  readonly sum?: number | null;
}

export const sumOfLetter = ({ place, identity, id, part, record }: SummedLetter): number =>
  sumOf(place, identity, id, part, record);

/** Whether a row is what was written, as far as anybody knows. @param due what its sum has to be */
export const agrees = ({ sum }: { readonly sum?: number | null }, due: number): boolean =>
  (sum ?? null) === null || sum === due;

export const isWhole = (row: SummedPosition | SummedEntry): boolean =>
  agrees(row, 'count' in row ? sumOf(row.count, row.value, row.low) : sumOf(row.value));

/** The value of a row; throws E_STATE_CORRUPT where it is not what was written. @param what it is, for people */
export const readWhole = (row: SummedPosition | SummedEntry, what: string, folder: string): Json => {
  const damaged = (cause?: unknown) =>
    new Fault('E_STATE_CORRUPT', `the state in ${folder} is damaged: ${what} is not what was written`, { cause });
  if (!isWhole(row)) throw damaged();
  try {
    return JSON.parse(row.value) as Json;
  } catch (error) {
    throw damaged(error);
  }
};
