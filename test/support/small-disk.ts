// A disk that can be filled, and freed again: a real one of memory where this process may mount, and everywhere the page
// limit of SQLite, which says the same of the state alone.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export interface SmallDisk {
  readonly folder: string;
  /** No page more fits. */
  fill(): void;
  free(): void;
  /** From now on nothing can be written to it; or can be again. */
  protect(isReadOnly: boolean): void;
  remove(): void;
}

const mount = (folder: string): boolean => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=700', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // not root, or a container without the right: what is left is the page limit
  }
};

const mayMount = (): boolean => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-mount-'));
  const may = process.platform === 'linux' && mount(folder);
  if (may) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return may;
};

/** The kinds of disk that a test can have here, and what they are called in its title. */
export const disks: readonly (readonly [string, () => SmallDisk])[] = [
  ["SQLite's page limit", () => paged()],
  ...(mayMount() ? [['a tmpfs', () => memory()] as const] : []),
];
/** A real disk; nothing where this process may not mount one, which the title of the test then says. */
export const realDisk = disks[1]?.[1];
if (!realDisk) process.stderr.write("No tmpfs can be mounted here: a full disk is SQLite's page limit alone.\n");

const memory = (): SmallDisk => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-disk-'));
  mount(folder);
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: () => {
      const file = openSync(filler, 'w');
      try {
        for (;;) writeSync(file, Buffer.alloc(4096));
      } catch {
        closeSync(file); // that was the last page
      }
    },
    free: () => rmSync(filler, { force: true }),
    protect: isReadOnly => void execFileSync('mount', ['-o', `remount,${isReadOnly ? 'ro' : 'rw'}`, folder]),
    remove: () => {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    },
  };
};

/** @returns a folder; connections to a state that are opened in it meanwhile obey */
const paged = (): SmallDisk => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-disk-'));
  const open = new Set<DatabaseSync>();
  const { exec } = DatabaseSync.prototype;
  DatabaseSync.prototype.exec = function (sql) {
    if (sql.includes('journal_mode')) open.add(this);
    exec.call(this, sql);
  };
  const tell = (pragma: string) => {
    for (const db of open) if (db.isOpen) exec.call(db, pragma);
  };
  return {
    folder,
    fill: () => tell('pragma max_page_count = 1'), // not below what there is
    free: () => tell('pragma max_page_count = 1000000'),
    protect: isReadOnly => tell(`pragma query_only = ${isReadOnly ? 'on' : 'off'}`),
    remove: () => {
      DatabaseSync.prototype.exec = exec;
      rmSync(folder, { recursive: true });
    },
  };
};
