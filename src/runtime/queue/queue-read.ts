// The queues of a state as a person looks at them, beside a running engine: nothing is changed.
import type { DatabaseSync } from 'node:sqlite';
import { describe } from '../../fault.ts';
import { reading } from '../state/sqlite-open.ts';
import type { Holding } from '../state/state.ts';
import { holdingsIn, type StoredRow, unpackRow } from './queue-sqlite.ts';

/** The version of the state that has queues. */
const SINCE = 3;

export interface QueueHolding extends Holding {
  readonly queue: string;
  /** When its oldest row was written, ms since the epoch. */
  readonly oldest: number;
}

/** What each queue holds, by name. Throws E_STATE_NEWER, _CORRUPT, _OPEN, as all of these do. */
export const readQueues = (folder: string): readonly QueueHolding[] => reading(folder, SINCE, [], holdingsIn);

/** The next rows of a queue behind a number, about 4 MiB of them and at least one; not yet unpacked. */
export const readRows = (folder: string, queue: string, after: number): readonly StoredRow[] =>
  reading(folder, SINCE, [], db => {
    const rows: StoredRow[] = [];
    let bytes = 0;
    for (const row of db
      .prepare('select * from queue where queue = ? and seq > ? order by seq')
      .iterate(queue, after)) {
      rows.push(row as unknown as StoredRow); // its own columns
      bytes += rows.at(-1)!.size;
      if (bytes > 4 * 2 ** 20) break;
    }
    return rows;
  });

export interface Verdict {
  readonly rows: number;
  readonly records: number;
  /** What is wrong, in words. */
  readonly problems: readonly string[];
}

/** Looks at every row of every queue, and at the file as SQLite does. */
export const verifyQueues = (folder: string): Verdict =>
  reading(folder, SINCE, { rows: 0, records: 0, problems: [] }, db => {
    const said = db.prepare('pragma integrity_check').all();
    const damaged = said.flatMap(({ integrity_check: text }) => (text === 'ok' ? [] : [`state.db: ${text}`]));
    const { problems, ...verdict } = verdictIn(db);
    return { ...verdict, problems: [...damaged, ...problems] };
  });

/** Looks at every row of every queue. */
export const verifyRows = (folder: string): Verdict =>
  reading(folder, SINCE, { rows: 0, records: 0, problems: [] }, verdictIn);

const verdictIn = (db: DatabaseSync): Verdict => {
  const problems: string[] = [];
  let [rows, records] = [0, 0];
  for (const each of db.prepare('select * from queue order by seq').iterate()) {
    const row = each as unknown as StoredRow; // its own columns
    rows++;
    try {
      records += unpackRow(row).length;
    } catch (error) {
      problems.push(describe(error));
    }
  }
  return { rows, records, problems };
};
