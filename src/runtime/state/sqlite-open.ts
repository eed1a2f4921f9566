// How the files of a state are opened: taken by the one process that may change them, or read beside it. Nothing but
// SQLite may open them: closing one with `fs` would drop the process's own lock.
import { accessSync, chmodSync, constants, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, Fault } from '../../fault.ts';
import { asStateFault, isBusy, newer } from './sqlite-faults.ts';
import { MIGRATIONS, VERSION } from './tables.ts';

/** A state that is this process's own until it is closed. */
export interface Taken {
  readonly db: DatabaseSync;
  close(): void;
}

/** Takes the state in a folder, made where there is none and brought up to date. Throws E_STATE_OWNED, _OPEN, _NEWER, _CORRUPT. */
export const take = (folder: string): Taken => {
  const owner = own(folder);
  try {
    const db = open(folder);
    const close = () => {
      db.close();
      owner.close();
    };
    return { db, close };
  } catch (error) {
    owner.close();
    throw error;
  }
};

/** Locks `owner.db`, for as long as what is returned is open; makes the files that are not there, for their owner only. */
export const own = (folder: string): DatabaseSync => {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of ['owner.db', 'state.db']) {
      const path = join(folder, name);
      if (existsSync(path)) chmodSync(path, 0o600);
      else writeFileSync(path, '', { flag: 'wx', mode: 0o600 });
    }
  } catch (cause) {
    throw new Fault('E_STATE_OPEN', `the state folder ${folder} cannot be used: ${describe(deepest(folder, cause))}`, {
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

/** Why nothing can be written there: on a read-only disk the making of a folder says that there is none. */
const deepest = (folder: string, cause: unknown): unknown => {
  const above = dirname(folder);
  if (!existsSync(folder) && above !== folder) return deepest(above, cause);
  try {
    accessSync(folder, constants.W_OK);
    return cause;
  } catch (error) {
    return error;
  }
};

/** Opens `state.db` and brings it up to date; the folder must be our own. */
export const open = (folder: string): DatabaseSync => {
  const db = new DatabaseSync(join(folder, 'state.db'), { timeout: 10_000 });
  try {
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off');
    const version = versionOf(db);
    if (version > VERSION) throw newer(folder, version);
    if (version < VERSION)
      db.exec(`begin immediate; ${MIGRATIONS.slice(version).join('')} pragma user_version = ${VERSION}; commit`);
    giveBack(db);
    return db;
  } catch (error) {
    db.close();
    throw asStateFault(error, folder, 'E_STATE_OPEN');
  }
};

/** From so many pages on that nobody uses, if they are the half of all, the file is made smaller: 16 MiB. */
const FREE = 4096;

const giveBack = (db: DatabaseSync): void => {
  const count = (pragma: 'page_count' | 'freelist_count') => Number(db.prepare(`pragma ${pragma}`).get()?.[pragma]);
  const free = count('freelist_count');
  if (free < FREE || free * 2 < count('page_count')) return;
  try {
    db.exec('vacuum');
  } catch {
    // no room for it, or somebody reads: the next start tries again, and until then the space is used again
  }
};

/** Whether a process runs on the state in a folder. Looks, and takes nothing. */
export const isOwned = (folder: string): boolean => {
  if (!existsSync(join(folder, 'owner.db'))) return false;
  const owner = new DatabaseSync(join(folder, 'owner.db'), { readOnly: true, timeout: 0 });
  try {
    owner.prepare('select count(*) from sqlite_schema').get();
    return false;
  } catch (error) {
    if (isBusy(error)) return true;
    throw asStateFault(error, folder, 'E_STATE_OPEN');
  } finally {
    owner.close();
  }
};

/** How many of the changes in `tables.ts` a state has seen. */
export const versionOf = (db: DatabaseSync): number =>
  (db.prepare('pragma user_version').get() as { user_version: number }).user_version;

/**
 * Reads a state, also beside a running engine; `empty` where there is none, or one that is older than `since`. Throws
 * E_STATE_NEWER, _CORRUPT, _OPEN.
 * @param since the version that made the tables that are read
 */
export const reading = <T>(folder: string, since: number, empty: T, read: (db: DatabaseSync) => T): T => {
  const path = join(folder, 'state.db');
  if (!existsSync(path)) return empty;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    const version = versionOf(db);
    if (version > VERSION) throw newer(folder, version);
    return version < since ? empty : read(db);
  } catch (error) {
    throw asStateFault(error, folder, 'E_STATE_OPEN');
  } finally {
    db?.close();
  }
};

/** All that `work` writes, or nothing of it. */
export const inTransaction = <T>(db: DatabaseSync, folder: string, work: () => T): T => {
  try {
    db.exec('begin immediate');
    const result = work();
    db.exec('commit');
    return result;
  } catch (error) {
    rollback(db);
    throw asStateFault(error, folder);
  }
};

const rollback = (db: DatabaseSync): void => {
  try {
    if (db.isTransaction) db.exec('rollback');
  } catch {
    // SQLite rolled back by itself, as it does on a full disk; the first error tells more
  }
};
