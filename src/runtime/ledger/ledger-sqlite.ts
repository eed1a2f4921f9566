// The ledger in `state.db`: counted in the commit that makes true what it counts, so that both agree after any crash. Nothing
// is decided by it.
import type { DatabaseSync } from 'node:sqlite';
import type { Account, Counts, Dead, Portion } from '../../counts.ts';
import { DAY, HOUR } from '../../options.ts';
import type { Kept } from '../state/letters-sqlite.ts';
import {
  addReceived,
  addToAccount,
  type Change,
  changeOf,
  type Entry,
  FIRST,
  fateIn,
  movedByHand,
  NOTHING,
  nameOf,
  nextOf,
  type Reading,
  renamed,
  type Sealed,
  seal,
  unseal,
} from './ledger.ts';
import { linkTable } from './ledger-links.ts';

/** How long entries are kept, in ms, and how many at most: clocks that jump make more than one an hour. */
export const KEPT = { entries: 10_000, for: 90 * DAY } as const;

/** What else happened in a commit. */
export interface Happened {
  /** Letters that were written, or written again. */
  readonly letters: readonly Kept[];
  /** Rows that queues were given. */
  readonly rows: readonly { readonly row: number; readonly portions: readonly Portion[] }[];
  /** Rows that left queues. */
  readonly gone: readonly number[];
  /** A letter that was sent again, and whether it stays. */
  readonly revived?: { readonly letter: number; readonly stays: boolean } | undefined;
}

/** Each to be called inside of a transaction; what it returns, once that is committed. */
export interface LedgerTable {
  book(counts: readonly Counts[], happened: Happened, now: number): () => void;
  /** Letters that somebody takes away for good. */
  drop(letters: readonly number[], now: number): () => void;
  /** All that is of a receiver is that of another name from now on. */
  rename(from: string, to: string, now: number): () => void;
  /** A receiver was moved by hand: what it reads then is old, and not late. */
  moved(receiver: string, now: number): () => void;
}

/** The counters as the last commit left them. */
export interface Ledger extends LedgerTable {
  reading(): Reading;
}

export const ledgerTable = (db: DatabaseSync): Ledger => {
  const links = linkTable(db);
  const insert = db.prepare('insert into ledger (seq, previous, content, digest) values (?, ?, ?, ?)');
  const update = db.prepare('update ledger set content = ?, digest = ? where seq = ?');
  const enter = db.prepare('insert or replace into ledger_rows values (?, ?)');
  const leave = db.prepare('delete from ledger_rows where row = ?');
  let head = headOf(db);

  /** The counters, and whether the entry that has them goes on; what is counted in the next hour is the next one's. */
  const open = (now: number): { readonly reading: Reading; readonly entry?: Entry } => {
    const { entry } = head;
    if (!entry) return { reading: NOTHING };
    return Math.floor(now / HOUR) === Math.floor(entry.since / HOUR)
      ? { reading: entry.reading, entry }
      : { reading: nextOf(entry.reading) };
  };

  const write = (reading: Reading, now: number): (() => void) => {
    const { entry } = open(now);
    const next: Entry = entry
      ? { ...entry, until: Math.max(entry.until, now), reading }
      : { seq: head.seq + 1, since: now, until: now, reading };
    const sealed = seal(next, entry ? head.previous : head.digest);
    if (entry) update.run(sealed.content, sealed.digest, sealed.seq);
    else {
      insert.run(sealed.seq, sealed.previous, sealed.content, sealed.digest);
      purge(db, now);
    }
    return () => {
      head = { ...sealed, entry: next };
    };
  };

  /** A record that became a dead letter; one that was one already is read again, and is a duplicate of it. */
  const die = (reading: Reading, one: Dead, letters: readonly Kept[]): Reading => {
    const wasDead = links.isDead(one);
    for (const part of one.parts) {
      const letter = letters.find(
        l => l.place === one.place && l.id === one.id && l.part === part && l.identity === one.identity,
      );
      if (letter) links.add(letter.seq, one);
    }
    if (one.times === 0) return reading;
    const first = wasDead ? 0 : 1;
    return addToAccount(reading, one, { dead: first, duplicate: one.times - first });
  };

  /** A letter that went through, or came further than before: its record has another fate, in every account that it is in. */
  const revive = (before: Reading, counts: readonly Counts[], letter: number, letters: readonly Kept[]): Reading => {
    const owners = links.remove(letter);
    // Where nobody knows any more by which route it came, it is sent by a way of its own: that is no account.
    const isNew = ({ exporter }: Account) => owners.every(owner => owner.exporter !== exporter);
    const fates = sums(counts);
    let reading = before;
    for (const one of counts.flatMap(({ dead }) => dead)) {
      const after = die(reading, one, letters);
      if (isNew(one)) reading = after;
    }
    for (const { account, change } of fates.values())
      if (isNew(account)) reading = addToAccount(reading, account, change);
    for (const owner of owners) {
      if (!owner.certain || links.isDead(owner)) continue; // it did not count as dead, or another part of it still is
      const own =
        fates.get(nameOf(owner)) ?? [...fates.values()].find(({ account }) => account.exporter === owner.exporter);
      const fate = own && fateIn(own.change);
      reading = addToAccount(reading, owner, fate ? { dead: -1, [fate]: 1 } : { dropped: 1 });
    }
    return reading;
  };

  return {
    reading: () => head.entry?.reading ?? NOTHING,

    book: (counts, { letters, rows, gone, revived }, now) => {
      for (const { row, portions } of rows) enter.run(row, JSON.stringify(portions));
      for (const row of gone) leave.run(row);
      if (counts.length === 0 || revived?.stays) return () => {};
      let { reading } = open(now);
      for (const { received } of counts) if (received) reading = addReceived(reading, received);
      if (revived) return write(revive(reading, counts, revived.letter, letters), now);
      for (const { account, change } of sums(counts).values()) reading = addToAccount(reading, account, change);
      for (const one of counts.flatMap(({ dead }) => dead)) reading = die(reading, one, letters);
      return write(reading, now);
    },

    drop: (letters, now) => {
      let { reading } = open(now);
      for (const owner of letters.flatMap(letter => links.remove(letter)))
        if (owner.certain && !links.isDead(owner)) reading = addToAccount(reading, owner, { dropped: 1 });
      return write(reading, now);
    },

    rename: (from, to, now) => {
      links.rename(from, to);
      for (const { row, portions } of portionsIn(db))
        if (portions?.some(({ receiver }) => receiver === from)) {
          leave.run(row);
          enter.run(row, JSON.stringify(portions.map(one => (one.receiver === from ? { ...one, receiver: to } : one))));
        }
      return write(renamed(open(now).reading, from, to), now);
    },

    moved: (receiver, now) => write(movedByHand(open(now).reading, receiver), now),
  };
};

/** What is added to each account, by its name. */
const sums = (
  counts: readonly Counts[],
): ReadonlyMap<string, { readonly account: Account; readonly change: Change }> => {
  const all = new Map<string, { account: Account; change: Change }>();
  for (const fates of counts.flatMap(one => one.fates)) {
    const [name, more] = [nameOf(fates), changeOf(fates)];
    const { account, change } = all.get(name) ?? { account: fates, change: {} };
    if (Object.keys(more).length > 0) all.set(name, { account, change: added(change, more) });
  }
  return all;
};

const added = (a: Change, b: Change): Change => {
  const sum: Record<string, number> = { ...a };
  for (const [key, n] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + n;
  return sum;
};

/** The last entry; without its reading where it is damaged. Then counting begins anew behind it, and a check says so. */
const headOf = (db: DatabaseSync): Sealed & { readonly entry?: Entry } => {
  const row = db.prepare('select seq, previous, content, digest from ledger order by seq desc limit 1').get();
  if (!row) return { seq: 0, previous: '', content: '', digest: FIRST };
  const sealed = row as unknown as Sealed; // its own columns
  try {
    return { ...sealed, entry: unseal(sealed) };
  } catch {
    return sealed;
  }
};

/** The last entry that is too old stays, so that what came after it is a difference: it is the anchor of the chain. */
const purge = (db: DatabaseSync, now: number): void => {
  let anchor = 0;
  for (const row of db.prepare('select seq, content from ledger order by seq').iterate()) {
    const { seq, content } = row as { seq: number; content: string };
    const until = untilIn(content);
    if (until === undefined) continue; // damaged: it goes with those before it, and those behind it
    if (until > now - KEPT.for) break;
    anchor = seq;
  }
  db.prepare('delete from ledger where seq < ? or seq <= (select max(seq) from ledger) - ?').run(anchor, KEPT.entries);
};

const untilIn = (content: string): number | undefined => {
  try {
    return unseal({ content }).until;
  } catch {
    return undefined;
  }
};

/** Which records of which rows came by which routes; nothing where that is damaged. */
export const portionsIn = (
  db: DatabaseSync,
): readonly { readonly row: number; readonly portions: readonly Portion[] | undefined }[] =>
  db
    .prepare('select row, portions from ledger_rows order by row')
    .all()
    .map(({ row, portions }) => ({ row: Number(row), portions: portionsOf(String(portions)) }));

const portionsOf = (text: string): readonly Portion[] | undefined => {
  try {
    return JSON.parse(text) as readonly Portion[]; // nobody else writes them
  } catch {
    return undefined;
  }
};
