// The ledger as people and pages look at it, beside a running engine: what was counted in a time, and whether all of it holds.

import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { describe } from '../../fault.ts';
import { reading } from '../state/sqlite-open.ts';
import {
  type AccountReading,
  type Entry,
  FIRST,
  NOTHING,
  nameOf,
  type Reading,
  type ReceiverReading,
  type Sealed,
  sumOf,
  unseal,
} from './ledger.ts';
import { portionsIn } from './ledger-sqlite.ts';

/** The version of the state that brought the ledger. */
export const SINCE = 7;

// ---- Sums ----

/** What was counted in a time. */
export interface LedgerSum {
  /**
   * The time that is counted, by our clock; ms since the epoch. Absent where nothing is; the first, too, where it is that of an
   * entry that is gone. An entry is counted whole.
   */
  readonly since?: number;
  readonly until?: number;
  /** By name. `first`, `last` and `gaps` are of the entries that are kept. */
  readonly receivers: readonly ReceiverReading[];
  /**
   * By name: differences. So `pending` and `dead` are negative where in that time more went than came; over all of the
   * ledger they are what there is now.
   */
  readonly accounts: readonly AccountReading[];
}

/**
 * What was counted since a moment, or since the ledger began: that is remembered, also when the entries are gone. Empty where
 * there is no ledger. Throws E_STATE_NEWER, _CORRUPT, _OPEN.
 * @param since ms since the epoch
 */
export const readLedger = (folder: string, since?: number): LedgerSum =>
  reading<LedgerSum>(folder, SINCE, { receivers: [], accounts: [] }, db => {
    const entries = [...sealedIn(db)].flatMap(sealed => {
      try {
        return [unseal(sealed)];
      } catch {
        return []; // damaged: a check says so
      }
    });
    const at = since === undefined ? 0 : entries.findIndex(({ until }) => until >= since);
    const counted = at < 0 ? [] : entries.slice(at);
    const [first, last] = [counted[0], counted.at(-1)];
    if (!first || !last) return { receivers: [], accounts: [] };
    const before = since === undefined ? NOTHING : (entries[at - 1]?.reading ?? NOTHING);
    return {
      since: first.since,
      until: last.until,
      ...sumOf(
        before,
        counted.map(entry => entry.reading),
      ),
    };
  });

/** The entries as they are kept, oldest first: the text of each, and what chains it. @param since ms since the epoch */
export const readEntries = (folder: string, since = 0): readonly Sealed[] =>
  reading<readonly Sealed[]>(folder, SINCE, [], db =>
    [...sealedIn(db)].filter(sealed => {
      try {
        return unseal(sealed).until >= since;
      } catch {
        return true;
      }
    }),
  );

// ---- Proof ----

export interface LedgerCheck {
  readonly entries: number;
  /** The newest entry: whoever notes it elsewhere can tell later that nothing before it was changed. */
  readonly head?: Pick<Sealed, 'seq' | 'digest'>;
  /** What does not hold, in words; a line each, bounded. */
  readonly problems: readonly string[];
}

/** Lines. */
const MOST = 20;

/**
 * Whether the chain holds, the identity in each entry, and whether the last one agrees with what lies in queues and as dead
 * letters. Throws E_STATE_NEWER, _CORRUPT, _OPEN.
 */
export const checkLedger = (folder: string): LedgerCheck =>
  reading<LedgerCheck>(folder, SINCE, { entries: 0, problems: [] }, db => {
    db.exec('begin'); // one look at all of it, beside an engine that goes on
    return checkIn(db);
  });

/** The same of an open state. */
export const checkIn = (db: DatabaseSync): LedgerCheck => {
  const problems: string[] = [];
  let [entries, last]: [number, { sealed: Sealed; entry?: Entry } | undefined] = [0, undefined];
  for (const sealed of sealedIn(db)) {
    problems.push(...broken(sealed, last?.sealed));
    try {
      const entry = unseal(sealed);
      problems.push(...unbalanced(entry));
      last = { sealed, entry };
    } catch (error) {
      problems.push(`entry ${sealed.seq}: it cannot be read: ${describe(error)}`);
      last = { sealed };
    }
    entries++;
  }
  const newest = Number(db.prepare("select seq from sqlite_sequence where name = 'ledger'").get()?.seq ?? 0);
  if (newest !== (last?.sealed.seq ?? 0)) problems.push(`entry ${newest} is gone, the newest`);
  problems.push(...strayFrom(db, last?.entry?.reading ?? NOTHING));
  const head = last && { seq: last.sealed.seq, digest: last.sealed.digest };
  return { entries, ...(head && { head }), problems: problems.slice(0, MOST) };
};

/** Where an entry is not what was sealed, or does not follow the one before. The oldest that is kept is the anchor. */
const broken = ({ seq, previous, content, digest }: Sealed, before: Sealed | undefined): readonly string[] => [
  ...(hash('sha256', previous + content) === digest ? [] : [`entry ${seq}: it was changed: its digest is another`]),
  ...(before === undefined && seq === 1 && previous !== FIRST ? [`entry ${seq}: nothing can be before it`] : []),
  ...(before !== undefined && seq !== before.seq + 1 ? [`entry ${before.seq + 1} is gone`] : []),
  ...(before !== undefined && seq === before.seq + 1 && previous !== before.digest
    ? [`entry ${seq}: it does not follow entry ${before.seq}`]
    : []),
];

/** fetched = duplicate + filtered + delivered + dead + pending, each of them a count. */
const unbalanced = ({ seq, reading: { accounts } }: Pick<Entry, 'seq' | 'reading'>): readonly string[] =>
  accounts.flatMap(account => {
    const { fetched, duplicate, filtered, delivered, dead, pending, dropped } = account;
    const counts = [fetched, duplicate, filtered, delivered, dead, pending, dropped, dead - dropped];
    const sum = duplicate + filtered + delivered + dead + pending;
    const name = `entry ${seq}, ${inWords(account)}`;
    if (!counts.every(count => Number.isSafeInteger(count) && count >= 0)) return [`${name}: a count is none`];
    return sum === fetched ? [] : [`${name}: ${fetched} fetched, and ${sum} have a fate`];
  });

/** Where the counts are not those of what lies in queues and as dead letters. */
const strayFrom = (db: DatabaseSync, { accounts }: Reading): readonly string[] => {
  const waiting = new Map<string, number>();
  const queues = new Map(
    db
      .prepare('select seq, queue from queue')
      .all()
      .map(({ seq, queue }) => [Number(seq), String(queue)]),
  );
  const strays: string[] = [];
  for (const { row, portions } of portionsIn(db)) {
    const exporter = queues.get(row);
    if (exporter === undefined) strays.push(`row ${row} of a queue is gone, and still counted`);
    else if (portions === undefined)
      strays.push(`row ${row} of the queue ${exporter}: whose records it has cannot be read`);
    else
      for (const { sources, ...portion } of portions) {
        const name = nameOf({ ...portion, exporter });
        waiting.set(name, (waiting.get(name) ?? 0) + sources);
      }
  }
  const dead = new Map(
    db
      .prepare(
        `select receiver, pipeline, exporter, count(distinct identity || ' ' || id) as n from ledger_letters
        where certain = 1 and letter in (select seq from dead) group by receiver, pipeline, exporter`,
      )
      .all()
      .map(row => [nameOf(row as unknown as AccountReading), Number(row.n)]), // its own columns
  );
  for (const account of accounts) {
    const [rows, letters] = [waiting.get(nameOf(account)) ?? 0, dead.get(nameOf(account)) ?? 0];
    waiting.delete(nameOf(account));
    dead.delete(nameOf(account));
    if (account.pending !== rows)
      strays.push(`${inWords(account)}: ${account.pending} pending, and ${rows} in the queue`);
    if (account.dead - account.dropped !== letters)
      strays.push(`${inWords(account)}: ${account.dead - account.dropped} dead, and letters of ${letters}`);
  }
  return [...strays, ...[...waiting.keys(), ...dead.keys()].map(name => `${name}: not counted at all`)];
};

const inWords = ({ receiver, pipeline, exporter }: Pick<AccountReading, 'receiver' | 'pipeline' | 'exporter'>) =>
  `${receiver} > ${pipeline} > ${exporter}`;

function* sealedIn(db: DatabaseSync): Generator<Sealed> {
  for (const row of db.prepare('select seq, previous, content, digest from ledger order by seq').iterate())
    yield row as unknown as Sealed; // its own columns
}
