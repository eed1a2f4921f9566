// The embedded store, on node:sqlite: `state.db` holds what is true; beside it `owner.db` is locked for as long as the
// running engine lives, so that a second one fails at start and `kill -9` frees it at once. Nothing but SQLite may open
// these files: closing one with `fs` would drop the process's own lock.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Fault } from '../fault.ts';
import { identify, type Json, type Move, type Write } from '../model.ts';
import { point } from '../point.ts';
import { digestOf, Marks, WIDTH } from './marks.ts';
import { noteWriter } from './notes-sqlite.ts';
import { queueTables } from './queue-sqlite.ts';
import { asStateFault, isBusy, newer } from './sqlite-faults.ts';
import type { DeadLetter, Store } from './state.ts';
import { MIGRATIONS, VERSION } from './tables.ts';

/** Opens the state in a folder and takes it for this process. Throws E_STATE_OWNED, _OPEN, _NEWER, _CORRUPT. */
export const openState = (folder: string): Store => {
  const owner = own(folder);
  let db: DatabaseSync;
  try {
    db = open(folder);
  } catch (error) {
    owner.close();
    throw error;
  }
  const sql = statements(db);
  const marks = load(db);
  const queues = queueTables(db);
  const writeNotes = noteWriter(db);

  const apply = (writes: readonly Write[], now: number): (() => void)[] => {
    const afterwards: (() => void)[] = []; // what the memory learns, once it is true
    const move = writes.find(w => w.kind === 'move')?.move;
    for (const write of writes) {
      point('in commit');
      if (write.kind === 'move') applyMove(sql, write);
      else if (write.kind === 'set') applySet(sql, write);
      else if (write.kind === 'mark') afterwards.push(applyMark(sql, write, move, marks));
      else if (write.kind === 'enqueue') afterwards.push(queues.enqueue(write, now));
      else if (write.kind === 'dequeue') afterwards.push(queues.dequeue(write));
      else applyDead(sql, write, now);
    }
    return afterwards;
  };

  return {
    position: async (receiver, identity) => {
      const row = sql.position.get(receiver, identity) as { count: number; value: string } | undefined;
      return row && { count: row.count, value: JSON.parse(row.value) as Json };
    },
    get: async (space, key) => {
      const row = sql.entry.get(space, key) as { value: string } | undefined;
      return row && (JSON.parse(row.value) as Json);
    },
    known: async (space, ids) => {
      const set = marks.get(space);
      return new Set(set && set.size > 0 ? ids.filter(id => set.has(digestOf(id))) : []);
    },
    deadSince: async (identity, time) => (sql.deadSince.get(identity, time) as { n: number }).n,
    deadAt: async (place, time) => (sql.deadAt.get(place, time) as { n: number }).n,
    rows: async (queue, most) => {
      try {
        return queues.rows(queue, most);
      } catch (error) {
        throw asStateFault(error, folder);
      }
    },
    queues: async () => queues.holdings(),
    commit: async (writes, now) => {
      point('before commit');
      let afterwards: (() => void)[];
      try {
        db.exec('begin immediate');
        afterwards = apply(writes, now);
        point('after writes');
        db.exec('commit');
      } catch (error) {
        rollback(db);
        throw asStateFault(error, folder);
      }
      for (const learn of afterwards) learn(); // memory follows the disk, never leads
      point('after commit');
    },
    note: async (notes, now) => {
      try {
        db.exec('begin immediate');
        writeNotes(notes, now);
        db.exec('commit');
      } catch (error) {
        rollback(db);
        throw asStateFault(error, folder);
      }
    },
    close: async () => {
      db.close();
      owner.close();
    },
  };
};

/** The dead letters in a state, oldest first; reads beside a running engine. */
export const readDeadLetters = (folder: string): DeadLetter[] => {
  if (!existsSync(join(folder, 'state.db'))) return [];
  const db = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
  try {
    const rows = db
      .prepare('select seq, place, code, reason, count, tries, first, last, record from dead order by seq')
      .all();
    return rows.map(row => ({ ...row, record: JSON.parse(String(row.record)) }) as unknown as DeadLetter);
  } catch (error) {
    throw asStateFault(error, folder);
  } finally {
    db.close();
  }
};

// ---- The writes, one by one ----

type Statements = ReturnType<typeof statements>;
type Only<K extends Write['kind']> = Extract<Write, { kind: K }>;

const statements = (db: DatabaseSync) => {
  const make = (text: string): StatementSync => db.prepare(text);
  return {
    position: make('select count, value from positions where receiver = ? and identity = ?'),
    move: make('insert or replace into positions values (?, ?, ?, ?, ?)'),
    entry: make('select value from entries where space = ? and key = ?'),
    set: make('insert or replace into entries values (?, ?, ?)'),
    unset: make('delete from entries where space = ? and key = ?'),
    mark: make('insert into marks (space, date, ids) values (?, ?, ?)'),
    purge: make('delete from marks where space = ? and date < ? returning ids'),
    dead: make(`insert into dead (place, identity, id, part, code, reason, count, first, last, record)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      on conflict (place, identity, id, part) where code <> 'E_SINK_PARTIAL'
      do update set tries = tries + 1, last = excluded.last, reason = excluded.reason`),
    deadSince: make('select coalesce(sum(count), 0) as n from dead where identity = ? and first >= ?'),
    deadAt: make('select coalesce(sum(count), 0) as n from dead where place = ? and first >= ?'),
  };
};

/** Positions are counted, because two of them can be equal: a receiver that rests writes the same one again. */
const applyMove = (sql: Statements, { receiver, identity, move }: Only<'move'>): void => {
  const count = (sql.position.get(receiver, identity) as { count: number } | undefined)?.count ?? 0;
  if (count !== move.after)
    throw new Fault('E_COMMIT_STALE', `${receiver} stands at ${count}, the delivery was read at ${move.after}`);
  sql.move.run(receiver, identity, count + 1, JSON.stringify(move.position), Math.floor(move.low));
};

const applySet = (sql: Statements, { space, key, value }: Only<'set'>): void => {
  if (value === null) sql.unset.run(space, key);
  else sql.set.run(space, key, JSON.stringify(value));
};

/** A blob of marks goes when the receiver's low-water time has passed its date by `remember`: then it can't be read again. */
const applyMark = (
  sql: Statements,
  { space, ids, remember }: Only<'mark'>,
  move: Move | undefined,
  marks: Map<string, Marks>,
) => {
  if (!move) throw new Error('marks without a move: they would have no date'); // a defect of the engine
  const gone = sql.purge.all(space, Math.floor(move.low - remember)) as { ids: Uint8Array }[];
  const digests = ids.map(digestOf);
  if (digests.length > 0) sql.mark.run(space, Math.floor(move.date), Buffer.concat(digests));
  return () => {
    const set = marks.get(space) ?? new Marks();
    for (const blob of gone) for (let at = 0; at < blob.ids.length; at += WIDTH) set.delete(blob.ids, at);
    for (const digest of digests) set.add(digest);
    marks.set(space, set);
  };
};

/** A culprit that is read again raises its count; it does not become another letter. */
const applyDead = (sql: Statements, { place, code, reason, count, records }: Only<'dead'>, now: number): void => {
  for (const [index, record] of records.entries()) {
    const share = records.length === 1 ? count : code === 'E_SINK_PARTIAL' ? (index === 0 ? count : 0) : 1;
    sql.dead.run(
      place,
      identify(record.origin),
      record.id,
      record.part ?? 0,
      code,
      reason,
      share,
      now,
      now,
      JSON.stringify(record),
    );
  }
};

// ---- Opening ----

const own = (folder: string): DatabaseSync => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of ['owner.db', 'state.db']) {
      const path = join(folder, name);
      if (existsSync(path)) chmodSync(path, 0o600);
      else writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
    }
  } catch (cause) {
    throw new Fault('E_STATE_OPEN', `the state folder ${folder} cannot be used: ${(cause as Error).message}`, {
      cause,
    });
  }
  const owner = new DatabaseSync(join(folder, 'owner.db'));
  try {
    owner.exec('pragma busy_timeout = 0; begin exclusive');
    return owner;
  } catch (error) {
    owner.close();
    if (isBusy(error))
      throw new Fault('E_STATE_OWNED', `another process runs on the state in ${folder}`, { cause: error });
    throw asStateFault(error, folder, 'E_STATE_OPEN');
  }
};

const open = (folder: string): DatabaseSync => {
  const db = new DatabaseSync(join(folder, 'state.db'), { timeout: 10_000 });
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off');
    const { user_version: version } = db.prepare('pragma user_version').get() as { user_version: number };
    if (version > VERSION) throw newer(folder, version);
    if (version < VERSION)
      db.exec(`begin immediate; ${MIGRATIONS.slice(version).join('')} pragma user_version = ${VERSION}; commit`);
    return db;
  } catch (error) {
    db.close();
    throw asStateFault(error, folder, 'E_STATE_OPEN');
  }
};

const load = (db: DatabaseSync): Map<string, Marks> => {
  const marks = new Map<string, Marks>();
  for (const row of db.prepare('select space, ids from marks').iterate()) {
    const { space, ids } = row as { space: string; ids: Uint8Array };
    const set = marks.get(space) ?? new Marks();
    for (let at = 0; at < ids.length; at += WIDTH) set.add(ids, at);
    marks.set(space, set);
  }
  return marks;
};

const rollback = (db: DatabaseSync): void => {
  try {
    if (db.isTransaction) db.exec('rollback');
  } catch {
    // SQLite rolled back by itself, as it does on a full disk; the first error tells more
  }
};
