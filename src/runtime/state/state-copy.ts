// A state as one file: taken consistently beside a running engine by SQLite's own backup, and put back where none runs.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { Fault } from '../../fault.ts';
import { noteChange } from './history-sqlite.ts';
import { asStateFault, newer } from './sqlite-faults.ts';
import { open, own, versionOf } from './sqlite-open.ts';
import { VERSION } from './tables.ts';

/** Tables that hold what cannot be had again. */
const TRUTH = ['positions', 'entries', 'marks', 'dead', 'queue'] as const;

/** Copies the state to a file that is not there yet, readable by its owner only. Throws E_STATE_OPEN, _CORRUPT. */
export const exportState = async (folder: string, file: string): Promise<void> => {
  try {
    writeFileSync(file, '', { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    throw new Fault('E_STATE_COPY', `${file} cannot be written: ${(cause as Error).message}`, { cause });
  }
  let source: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(join(folder, 'state.db'), { readOnly: true, timeout: 10_000 });
    await backup(source, file);
    const copy = new DatabaseSync(file);
    copy.exec('pragma journal_mode = delete'); // one file, without a log beside it
    copy.close();
  } catch (error) {
    rmSync(file, { force: true });
    throw asStateFault(error, folder, 'E_STATE_OPEN');
  } finally {
    source?.close();
  }
};

/**
 * Makes a copy the state of a folder; says what was there before, as words: `positions (2)`. Throws E_STATE_COPY where the file is none, or where the folder has a state with
 * something in it and that is not meant to go; E_STATE_NEWER, _OWNED, _OPEN.
 * @param now ms since the epoch  @param dryRun only looks, also beside a running engine
 */
export const importState = async (
  folder: string,
  file: string,
  { now, force, dryRun = false }: { readonly now: number; readonly force: boolean; readonly dryRun?: boolean },
): Promise<readonly string[]> => {
  if (!existsSync(file)) throw new Fault('E_STATE_COPY', `there is no ${file}`);
  const source = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
  try {
    inspect(source, file);
    const room = () => {
      const full = contents(folder);
      if (full.length > 0 && !force)
        throw new Fault('E_STATE_COPY', `the state in ${folder} is not empty: it has ${full.join(', ')}`);
      return full;
    };
    if (dryRun) return existsSync(join(folder, 'state.db')) ? room() : [];
    const owner = own(folder);
    try {
      const full = room();
      await backup(source, join(folder, 'state.db'));
      const db = open(folder);
      const note = { command: 'state import', receiver: '', identity: '', before: null, after: null };
      noteChange(db, {
        ...note,
        time: now,
        reason: full.length === 0 ? file : `${file}, in place of ${full.join(', ')}`,
      });
      db.close();
      return full;
    } finally {
      owner.close();
    }
  } catch (error) {
    throw asStateFault(error, folder, 'E_STATE_OPEN');
  } finally {
    source.close();
  }
};

/** Throws unless it is a sound copy that we understand. */
const inspect = (source: DatabaseSync, file: string): void => {
  let version: number;
  try {
    version = versionOf(source);
    const [row] = source.prepare('pragma integrity_check(1)').all();
    if (row?.integrity_check !== 'ok') throw new Error(String(row?.integrity_check));
  } catch (cause) {
    throw new Fault('E_STATE_COPY', `${file} is no sound copy of a state: ${(cause as Error).message}`, { cause });
  }
  if (version > VERSION) throw newer(file, version);
  if (version < 1 || !tablesOf(source).has('positions'))
    throw new Fault('E_STATE_COPY', `${file} is a database, but no state of Tributary`);
};

/** What a state holds, as words: `positions (2)`. */
const contents = (folder: string): readonly string[] => {
  const db = new DatabaseSync(join(folder, 'state.db'), { timeout: 10_000 });
  try {
    const tables = tablesOf(db);
    return TRUTH.filter(table => tables.has(table)).flatMap(table => {
      const { n } = db.prepare(`select count(*) as n from ${table}`).get() as { n: number };
      return n > 0 ? [`${table} (${n})`] : [];
    });
  } finally {
    db.close();
  }
};

const tablesOf = (db: DatabaseSync): ReadonlySet<unknown> =>
  new Set(
    db
      .prepare("select name from sqlite_master where type = 'table'")
      .all()
      .map(({ name }) => name),
  );
