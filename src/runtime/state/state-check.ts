// Whether a state is sound: what SQLite says of its pages, and what each row must be. Reads beside a running engine.
import type { DatabaseSync } from 'node:sqlite';
import { describe } from '../../fault.ts';
import { checkIn, SINCE as LEDGER } from '../ledger/ledger-read.ts';
import { areWhole } from './marks-sqlite.ts';
import { BEGAN } from './position-sqlite.ts';
import { reading, versionOf } from './sqlite-open.ts';
import {
  agrees,
  isWhole,
  type SummedEntry,
  type SummedLetter,
  type SummedMarks,
  type SummedPosition,
  sumOfLetter,
} from './sums.ts';

export interface Soundness {
  /** How many of the changes in `tables.ts` it has seen; 0 where there is no state. */
  readonly version: number;
  /** What is wrong, a line each; bounded. */
  readonly problems: readonly string[];
}

/** Lines of each kind. */
const MOST = 20;

/** Throws E_STATE_NEWER; E_STATE_CORRUPT where it is so damaged that nothing can be read. */
export const checkState = (folder: string): Soundness =>
  reading<Soundness>(folder, 1, { version: 0, problems: [] }, db => {
    db.exec('begin'); // one look at all of it, beside an engine that goes on
    const version = versionOf(db);
    const pages = db.prepare(`pragma integrity_check(${MOST})`).all();
    const damaged = pages.map(({ integrity_check: text }) => String(text)).filter(text => text !== 'ok');
    if (damaged.length > 0) return { version, problems: damaged.map(text => `damaged: ${text}`) };
    const problems = [
      ...badTexts(db, 'positions', 'value', "receiver || ' ' || identity"),
      ...badTexts(db, 'entries', 'value', "space || ' ' || key"),
      ...badTexts(db, 'dead', 'record', 'seq'),
      ...badMarks(db),
      ...badLetters(db),
      ...badSums(db, 'positions', "'position of ' || receiver"),
      ...badSums(db, 'entries', "'entry ' || space || ' ' || key"),
      ...rows(db, 'select receiver as name from positions where count < 1').map(
        name => `position of ${name}: its count`,
      ),
      ...rows(
        db,
        `select key as name from entries where space = '${BEGAN}'
          and key not in (select receiver || ' ' || identity from positions)`,
      ).map(name => `position of ${name}: it is gone`),
      ...(version < LEDGER ? [] : checkIn(db).problems.map(text => `ledger: ${text}`)),
    ];
    return { version, problems };
  });

const badMarks = (db: DatabaseSync): readonly string[] => {
  const found = new Set<string>();
  for (const row of db.prepare('select * from marks').iterate()) {
    const block = row as unknown as SummedMarks; // its columns
    if (!areWhole(block)) found.add(`marks of ${block.space}: not what was written`);
    if (found.size >= MOST) break;
  }
  return [...found];
};

const badLetters = (db: DatabaseSync): readonly string[] => {
  const found: string[] = [];
  for (const row of db.prepare('select * from dead').iterate()) {
    const letter = row as unknown as SummedLetter & { readonly seq: number }; // its columns
    if (!agrees(letter, sumOfLetter(letter))) found.push(`dead letter ${letter.seq}: not what was written`);
    if (found.length >= MOST) break;
  }
  return found;
};

const rows = (db: DatabaseSync, query: string): readonly string[] =>
  db
    .prepare(`${query} limit ${MOST}`)
    .all()
    .map(({ name }) => String(name));

const badSums = (db: DatabaseSync, table: 'positions' | 'entries', name: string): readonly string[] =>
  (
    db.prepare(`select *, ${name} as name from ${table}`).all() as unknown as readonly ((
      | SummedPosition
      | SummedEntry
    ) & { name: string })[]
  )
    .filter(row => !isWhole(row))
    .map(({ name: which }) => `${which}: not what was written`)
    .slice(0, MOST);

const badTexts = (db: DatabaseSync, table: string, column: string, name: string): readonly string[] => {
  const found: string[] = [];
  for (const row of db.prepare(`select ${name} as name, ${column} as text from ${table}`).iterate()) {
    try {
      JSON.parse(String(row.text));
    } catch (error) {
      found.push(`${table}, ${row.name}: ${describe(error)}`);
    }
    if (found.length >= MOST) break;
  }
  return found;
};
