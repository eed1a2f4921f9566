// The state, as an operator's commands see it: read beside a running engine, and changed by hand where none runs. Each
// change is one transaction, and leaves a line in the history.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import type { Json } from '../../model.ts';
import type { Adopted } from '../adoption.ts';
import { ledgerTable } from '../ledger/ledger-sqlite.ts';
import { adopt, type Taken } from './adopt-sqlite.ts';
import { type Change, noteChange } from './history-sqlite.ts';
import { WIDTH } from './marks.ts';
import { BEGAN, type EntryRow, HIGHEST, type PositionRow, rowOf } from './position-sqlite.ts';
import { inTransaction, reading, take } from './sqlite-open.ts';
import { sumOf } from './sums.ts';

/** The marks of one space. */
export interface MarkSum {
  readonly space: string;
  readonly ids: number;
  /** When the first and the last were read, by the vendor's clock; ms since the epoch. */
  readonly oldest: number;
  readonly newest: number;
}

export interface Standings {
  readonly positions: readonly PositionRow[];
  readonly entries: readonly EntryRow[];
  readonly marks: readonly MarkSum[];
}

/** Everything but records and notes; reads beside a running engine. */
export const readStandings = (folder: string): Standings =>
  reading(folder, 1, { positions: [], entries: [], marks: [] }, db => ({
    // The columns are named as the fields.
    positions: db
      .prepare('select * from positions order by receiver, identity')
      .all() as unknown as readonly PositionRow[],
    entries: db.prepare('select * from entries order by space, key').all() as unknown as readonly EntryRow[],
    marks: db
      .prepare(
        `select space, sum(length(ids)) / ${WIDTH} as ids, min(date) as oldest, max(date) as newest
        from marks group by space order by space`,
      )
      .all() as unknown as readonly MarkSum[],
  }));

/** How many ids were marked in a space since then; ms since the epoch. */
export const markedSince = (folder: string, space: string, time: number): number =>
  reading(folder, 1, 0, db => {
    const sum = `select coalesce(sum(length(ids)), 0) / ${WIDTH} as n from marks where space = ? and date >= ?`;
    return (db.prepare(sum).get(space, Math.floor(time)) as { n: number }).n;
  });

/** What is noted of a receiver in one of these spaces; ms since the epoch. */
export const notedOf = (
  { entries }: Pick<Standings, 'entries'>,
  space: string,
  { receiver, identity }: Pick<PositionRow, 'receiver' | 'identity'>,
): number | undefined => {
  const entry = entries.find(each => each.space === space && each.key === `${receiver} ${identity}`);
  return entry && Number(entry.value);
};

/** What may be done in a change. */
export interface Tools {
  /** Where a receiver stands. */
  find(receiver: string, identity: string): PositionRow | undefined;
  /** Moves a receiver to a position; its count goes on, so that nothing that was read before can be committed any more. */
  put(receiver: string, identity: string, position: Json, low: number): void;
  /** Forgets what was marked in a space since then; how many ids that were. */
  forget(space: string, time: number): number;
  /** Gives what a receiver has to another name, and keeps that in the history. Throws E_ADOPT where it cannot be any more. */
  adopt(adopted: Adopted): Taken;
  /** Takes dead letters away; how many of them were there. */
  dropLetters(seqs: readonly number[]): number;
  note(change: Omit<Change, 'time'>): void;
}

/** Whether there is a state in a folder. */
export const hasState = (folder: string): boolean => existsSync(join(folder, 'state.db'));

/** One change by hand, whole or not at all. Throws E_STATE_OWNED while an engine runs on the state. */
export const changeState = <T>(folder: string, now: number, work: (tools: Tools) => T): T => {
  const { db, close } = take(folder);
  try {
    return inTransaction(db, folder, () => work(toolsOf(db, now)));
  } finally {
    close();
  }
};

/** What the ledger counts of a change, it counts in the same transaction. */
const toolsOf = (db: DatabaseSync, now: number): Tools => ({
  find: (receiver, identity) => rowOf(db, receiver, identity),
  put: (receiver, identity, position, low) => {
    const old = rowOf(db, receiver, identity);
    const key = `${receiver} ${identity}`;
    const noted = (space: string) =>
      db.prepare('select value from entries where space = ? and key = ?').get(space, key)?.value;
    const note = (space: string, time: number) => {
      const text = String(Math.floor(time));
      db.prepare('insert or replace into entries values (?, ?, ?, ?)').run(space, key, text, sumOf(text));
    };
    note(HIGHEST, Math.max(low, old?.low ?? low, Number(noted(HIGHEST) ?? low)));
    const began = noted(BEGAN);
    if (!old || began !== undefined) note(BEGAN, Math.min(low, Number(began ?? low)));
    const [count, value, lowest] = [(old?.count ?? 0) + 1, JSON.stringify(position), Math.floor(low)];
    const row = [receiver, identity, count, value, lowest, sumOf(count, value, lowest)];
    db.prepare('insert or replace into positions values (?, ?, ?, ?, ?, ?)').run(...row);
    ledgerTable(db).moved(receiver, now);
  },
  forget: (space, time) =>
    db
      .prepare('delete from marks where space = ? and date >= ? returning length(ids) as bytes')
      .all(space, Math.floor(time))
      .reduce((sum, { bytes }) => sum + Number(bytes) / WIDTH, 0),
  adopt: adopted => adopt(db, ledgerTable(db), adopted, now),
  dropLetters: seqs => {
    const drop = db.prepare('delete from dead where seq = ?');
    ledgerTable(db).drop(seqs, now);
    return seqs.reduce((sum, seq) => sum + Number(drop.run(seq).changes), 0);
  },
  note: change => noteChange(db, { ...change, time: now }),
});

/** An identity for people: `opal https://api.opal.dev acme`. */
export const identityInWords = (identity: string): string =>
  identity
    .split(' ')
    .map(part => decodeURIComponent(part))
    .filter(part => part !== '')
    .join(' ');
