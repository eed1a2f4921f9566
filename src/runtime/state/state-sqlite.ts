// The embedded store, on node:sqlite: `state.db` holds what is true; beside it `owner.db` is locked for as long as the
// running engine lives, so that a second one fails at start and `kill -9` frees it at once.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { Fault } from '../../fault.ts';
import type { Move, Write } from '../../model.ts';
import { point } from '../../point.ts';
import { type Happened, ledgerTable } from '../ledger/ledger-sqlite.ts';
import { queueTables } from '../queue/queue-sqlite.ts';
import { adopt } from './adopt-sqlite.ts';
import { trailOf } from './history-sqlite.ts';
import { type Kept, letterTable } from './letters-sqlite.ts';
import { digestOf, Marks, WIDTH } from './marks.ts';
import { knownIn, loadMarks } from './marks-sqlite.ts';
import { noteWriter, wholeWaits } from './notes-sqlite.ts';
import { BEGAN } from './position-sqlite.ts';
import { asStateFault } from './sqlite-faults.ts';
import { inTransaction, take } from './sqlite-open.ts';
import type { Store, StoredPosition } from './state.ts';
import { readWhole, type SummedEntry, type SummedPosition, sumOf, sumOfMarks } from './sums.ts';

/** Opens the state in a folder and takes it for this process. Throws E_STATE_OWNED, _OPEN, _NEWER, _CORRUPT. */
export const openState = (folder: string): Store => {
  const { db, close } = take(folder);
  const { sql, marks, doubts, letters, queues, trail, ledger, writeNotes } = prepared(db, folder, close);

  const apply = (writes: readonly Write[], now: number): (() => void)[] => {
    const afterwards: (() => void)[] = []; // what the memory learns, once it is true
    const revived = writes.find(w => w.kind === 'revive');
    const dated = revived ?? writes.find(w => w.kind === 'dated');
    const move = writes.find(w => w.kind === 'move')?.move ?? (dated && { low: 0, date: dated.date });
    const counted = revived && letters.revive(revived, writes, now);
    const [kept, rows]: [Kept[], Happened['rows'][number][]] = [[], []];
    for (const write of writes) {
      point('in commit');
      if (write.kind === 'move') {
        applyMove(sql, write);
        afterwards.push(trail(write, now));
      } else if (write.kind === 'set') applySet(sql, write);
      else if (write.kind === 'mark') afterwards.push(applyMark(sql, write, move, marks));
      else if (write.kind === 'enqueue') {
        const { row, learn } = queues.enqueue(write, now);
        afterwards.push(learn);
        if (write.portions) rows.push({ row, portions: write.portions });
      } else if (write.kind === 'dequeue') afterwards.push(queues.dequeue(write));
      else if (write.kind === 'adopt') afterwards.push(adopt(db, ledger, write, now).learn, queues.recount);
      else if (write.kind === 'dead' && write !== counted) kept.push(...letters.keep(write, now));
    }
    const counts = writes.flatMap(write => (write.kind === 'count' ? [write.counts] : []));
    const gone = writes.flatMap(write => (write.kind === 'dequeue' ? write.rows : []));
    const retried = revived && { letter: revived.seq, stays: counted !== undefined };
    afterwards.push(ledger.book(counts, { letters: kept, rows, gone, revived: retried }, now));
    return afterwards;
  };

  const reads =
    <A extends readonly unknown[], R>(read: (...args: A) => R) =>
    async (...args: A): Promise<R> => {
      try {
        return read(...args);
      } catch (error) {
        throw asStateFault(error, folder);
      }
    };

  return {
    doubts,
    position: reads((receiver, identity) => {
      const row = sql.position.get(receiver, identity) as SummedPosition | undefined;
      if (!row && sql.entry.get(BEGAN, `${receiver} ${identity}`))
        throw new Fault('E_STATE_CORRUPT', `the state in ${folder} is damaged: the position of ${receiver} is gone`);
      return row && { count: row.count, value: readWhole(row, `the position of ${receiver}`, folder) };
    }),
    get: reads((space, key) => {
      const row = sql.entry.get(space, key) as SummedEntry | undefined;
      return row && readWhole(row, `the entry ${space} ${key}`, folder);
    }),
    known: reads((space, ids) => knownIn(marks.get(space), ids)),
    positions: reads(() =>
      (sql.positions.all() as unknown as readonly Positioned[]).map(({ sum = null, ...row }) => ({
        ...row,
        value: readWhole({ ...row, sum }, `the position of ${row.receiver}`, folder),
      })),
    ),
    deadSince: reads(letters.since),
    deadAt: reads(letters.at),
    letters: reads(letters.total),
    rows: reads(queues.rows),
    queues: reads(queues.holdings),
    reading: reads(ledger.reading),
    commit: async (writes, now) => {
      point('before commit');
      const afterwards = inTransaction(db, folder, () => {
        const learned = apply(writes, now);
        point('after writes');
        return learned;
      });
      for (const learn of afterwards) learn(); // memory follows the disk, never leads
      point('after commit');
    },
    note: async (notes, now) => inTransaction(db, folder, () => writeNotes(notes, now)),
    waits: reads(() => wholeWaits(sql.waits.all())),
    close: async () => close(),
  };
};

/** A row of `positions`. */
type Positioned = SummedPosition & Omit<StoredPosition, 'value'>;

// ---- The writes, one by one ----

type Statements = ReturnType<typeof statements>;
type Only<K extends Write['kind']> = Extract<Write, { kind: K }>;

const statements = (db: DatabaseSync) => {
  const make = (text: string): StatementSync => db.prepare(text);
  return {
    position: make('select count, value, low, sum from positions where receiver = ? and identity = ?'),
    waits: make('select * from waits'),
    positions: make('select receiver, identity, count, value, low, sum from positions'),
    move: make('insert or replace into positions values (?, ?, ?, ?, ?, ?)'),
    entry: make('select value, sum from entries where space = ? and key = ?'),
    set: make('insert or replace into entries values (?, ?, ?, ?)'),
    unset: make('delete from entries where space = ? and key = ?'),
    mark: make('insert into marks (space, date, ids, sum) values (?, ?, ?, ?)'),
    purge: make('delete from marks where space = ? and date < ? returning ids'),
  };
};

/** Positions are counted, because two of them can be equal: a receiver that rests writes the same one again. */
const applyMove = (sql: Statements, { receiver, identity, move }: Only<'move'>): void => {
  const count = (sql.position.get(receiver, identity) as { count: number } | undefined)?.count ?? 0;
  if (count !== move.after)
    throw new Fault('E_COMMIT_STALE', `${receiver} stands at ${count}, the delivery was read at ${move.after}`);
  const [value, low] = [JSON.stringify(move.position), Math.floor(move.low)];
  if (count === 0) sql.set.run(BEGAN, `${receiver} ${identity}`, String(low), sumOf(String(low)));
  sql.move.run(receiver, identity, count + 1, value, low, sumOf(count + 1, value, low));
};

const applySet = (sql: Statements, { space, key, value }: Only<'set'>): void => {
  if (value === null) sql.unset.run(space, key);
  else {
    const text = JSON.stringify(value);
    sql.set.run(space, key, text, sumOf(text));
  }
};

/** A blob of marks goes when the receiver's low-water time has passed its date by `remember`: then it can't be read again. */
const applyMark = (
  sql: Statements,
  { space, ids, remember }: Only<'mark'>,
  move: Pick<Move, 'low' | 'date'> | undefined,
  marks: Map<string, Marks>,
) => {
  if (!move) throw new Error('marks without a move: they would have no date'); // a defect of the engine
  const gone = sql.purge.all(space, Math.floor(move.low - remember)) as { ids: Uint8Array }[];
  const digests = ids.map(digestOf);
  if (digests.length > 0) {
    const block = { space, date: Math.floor(move.date), ids: Buffer.concat(digests) };
    sql.mark.run(block.space, block.date, block.ids, sumOfMarks(block));
  }
  return () => {
    const set = marks.get(space) ?? new Marks();
    for (const blob of gone) for (let at = 0; at < blob.ids.length; at += WIDTH) set.delete(blob.ids, at);
    for (const digest of digests) set.add(digest);
    marks.set(space, set);
  };
};

// ---- Opening ----

const marksIn = (db: DatabaseSync) => {
  const { marks, damaged } = loadMarks(db);
  const doubts = [...damaged].map(
    space =>
      `marks of ${space} are not what was written: what they stood for is delivered again where it is read again`,
  );
  return { marks, doubts };
};

/** All that is known of a state before anything is asked of it. What it lacks for that, only damage can have taken. */
const prepared = (db: DatabaseSync, folder: string, close: () => void) => {
  try {
    return {
      sql: statements(db),
      ...marksIn(db),
      letters: letterTable(db),
      queues: queueTables(db),
      trail: trailOf(db),
      ledger: ledgerTable(db),
      writeNotes: noteWriter(db),
    };
  } catch (error) {
    close();
    throw asStateFault(error, folder, 'E_STATE_CORRUPT');
  }
};
