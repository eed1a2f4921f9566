// A drop folder, seen from a distance: which of its files are finished, what they contain by digest, and the few things
// done to them. Whoever drops files owns the folder; we never write into a file that we did not make.
import { createHash } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import {
  copyFile,
  type FileHandle,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  rename,
  rm,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import type { Clock, Logger } from '../component.ts';
import { describe, Fault } from '../fault.ts';

/** A finished file, as it lay there when it was looked at. */
export interface Seen {
  readonly name: string;
  readonly path: string;
  /** Of its content: SHA-256, hexadecimal. */
  readonly digest: string;
}

export interface Look {
  /** Oldest first. */
  readonly files: readonly Seen[];
  /** Whether these are all: nothing is still being written or cannot be read. */
  readonly complete: boolean;
}

/** A file's content, where nobody else can reach it. */
export interface Copy {
  /** The caller's to close: with it the copy is gone. */
  readonly handle: FileHandle;
  readonly size: number;
}

export interface FolderOptions {
  readonly directory: string;
  /** Which names are meant; hidden files and folders never are. */
  readonly accepts: (name: string) => boolean;
  /** How long a file must have lain unchanged, in ms. */
  readonly settle: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Folder {
  /**
   * The finished files: those that two looks, `settle` apart, found with the same size and times. Waits for the second
   * look only when no finished file is news. Throws E_FOLDER.
   */
  look(isNews: (digest: string) => boolean, signal: AbortSignal): Promise<Look>;
  /**
   * Copies a file; nothing when it has changed since, or cannot be read. Throws E_FILE when there is no room for it, and
   * E_ARCHIVE when it is larger than `limit` bytes.
   */
  copy(file: Seen, limit: number): Promise<Copy | undefined>;
  /** Moves a file away with a note beside it; true when it is gone or has changed since. Says so once when it cannot. */
  setAside(file: Seen, quarantine: string, note: string): Promise<boolean>;
  /** Removes a file; does nothing when it has changed since. */
  remove(file: Seen): Promise<void>;
}

/** Since when, and over how many looks, a file has lain there as it is. */
type Steady = { readonly stamp: string; readonly since: number; readonly looks: number };

type Listed = { readonly name: string; readonly path: string; readonly stamp: string; readonly mtime: number };

export const watchFolder = ({ directory, accepts, settle, clock, log }: FolderOptions): Folder => {
  let steady = new Map<string, Steady>(); // by path
  let digests = new Map<string, string>(); // by path and stamp, so that a file is read once and not with every look
  let told = new Map<string, string>(); // by name

  /** Says a thing about a file once, for as long as it lies there as it is. */
  const tell = (name: string, message: string, error?: unknown) => {
    if (told.get(name) === message) return;
    told.set(name, message);
    log.warn({ file: name, ...(error !== undefined && { error: describe(error) }) }, message);
  };

  const unreadable = (name: string, error: unknown) =>
    tell(name, 'a file in the drop folder cannot be read; the others are', error);

  const list = async (): Promise<readonly Listed[]> => {
    const names = await readdir(directory).catch(cause => {
      throw new Fault('E_FOLDER', `the drop folder ${directory} cannot be read: ${describe(cause)}`, { cause });
    });
    const listed: Listed[] = [];
    for (const name of names.filter(n => !n.startsWith('.') && accepts(n))) {
      const path = join(directory, name);
      const stats = await lstat(path).catch(() => undefined); // gone already
      if (stats?.isFile()) listed.push({ name, path, stamp: stampOf(stats), mtime: stats.mtimeMs });
      else if (stats?.isSymbolicLink()) tell(name, 'a link in the drop folder is not followed; drop the file itself');
    }
    const now = clock.now();
    steady = new Map(
      listed.map(({ path, stamp }) => {
        const before = steady.get(path);
        return [
          path,
          before?.stamp === stamp ? { ...before, looks: before.looks + 1 } : { stamp, since: now, looks: 1 },
        ];
      }),
    );
    const present = new Set(listed.map(keyOf));
    digests = new Map([...digests].filter(([key]) => present.has(key)));
    told = new Map([...told].filter(([name]) => names.includes(name)));
    return listed.toSorted((a, b) => a.mtime - b.mtime || (a.name < b.name ? -1 : 1));
  };

  const isSettled = ({ path }: Listed) => {
    const { since = 0, looks = 0 } = steady.get(path) ?? {};
    return looks > 1 && clock.now() - since >= settle;
  };

  const identify = async (file: Listed): Promise<Seen | undefined> => {
    const known = digests.get(keyOf(file));
    if (known) return { name: file.name, path: file.path, digest: known };
    try {
      const { digest, stamp } = await digestOf(file.path);
      if (stamp !== file.stamp) return undefined;
      digests.set(keyOf(file), digest);
      return { name: file.name, path: file.path, digest };
    } catch (error) {
      unreadable(file.name, error);
      return undefined;
    }
  };

  const isUnchanged = async ({ path, digest }: Seen): Promise<boolean> => {
    const stats = await lstat(path).catch(() => undefined);
    return stats !== undefined && digests.get(keyOf({ path, stamp: stampOf(stats) })) === digest;
  };

  const lookOnce = async (): Promise<Look> => {
    const listed = await list();
    const files: Seen[] = [];
    for (const file of listed) {
      const seen = isSettled(file) ? await identify(file) : undefined;
      if (seen) files.push(seen);
    }
    return { files, complete: files.length === listed.length };
  };

  return {
    look: async (isNews, signal) => {
      const first = await lookOnce();
      if (first.complete || first.files.some(f => isNews(f.digest))) return first;
      await clock.sleep(settle, signal);
      return lookOnce();
    },

    copy: async (file, limit) => {
      try {
        const { handle, size, digest } = await copyPrivately(file.path, limit);
        if (digest === file.digest) return { handle, size };
        await handle.close();
      } catch (error) {
        if (error instanceof Fault) throw error;
        unreadable(file.name, error);
      }
      return undefined;
    },

    setAside: async (file, quarantine, note) => {
      if (!(await isUnchanged(file))) return true; // what lies there now is another file
      try {
        await mkdir(quarantine, { recursive: true, mode: 0o700 });
        const target = await freeName(quarantine, file);
        await writeFile(`${target}.reason.txt`, note, { mode: 0o600 });
        await move(file.path, target);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true; // taken away meanwhile
        tell(
          file.name,
          `a file that cannot be used cannot be moved to ${quarantine} either; it is left where it is`,
          error,
        );
        return false;
      }
    },

    remove: async file => {
      if (!(await isUnchanged(file))) return;
      await unlink(file.path).catch(error => tell(file.name, 'a file that was delivered cannot be removed', error));
    },
  };
};

const keyOf = ({ path, stamp }: Pick<Listed, 'path' | 'stamp'>): string => `${stamp} ${path}`;

const stampOf = ({ size, mtimeMs, ctimeMs, ino }: Stats): string => `${ino}:${size}:${mtimeMs}:${ctimeMs}`;

/** Follows no link and waits for no pipe. */
const openRead = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);

const digestOf = async (path: string): Promise<{ readonly digest: string; readonly stamp: string }> => {
  const handle = await openRead(path);
  try {
    const hash = createHash('sha256');
    for await (const bytes of chunks(handle)) hash.update(bytes);
    return { digest: hash.digest('hex'), stamp: stampOf(await handle.stat()) };
  } finally {
    await handle.close();
  }
};

const copyPrivately = async (path: string, limit: number): Promise<Copy & { readonly digest: string }> => {
  const source = await openRead(path);
  let handle: FileHandle | undefined;
  try {
    handle = await nameless();
    const hash = createHash('sha256');
    let size = 0;
    for await (const bytes of chunks(source)) {
      hash.update(bytes);
      size += bytes.length;
      if (size > limit) throw new Fault('E_ARCHIVE', `the file has more than ${limit} bytes`);
      await handle.appendFile(bytes).catch(full);
    }
    return { handle, size, digest: hash.digest('hex') };
  } catch (error) {
    await handle?.close();
    throw error;
  } finally {
    await source.close();
  }
};

/** A file of our own without a name: removed as soon as it is open, it ends with the process, whatever ends the process. */
const nameless = async (): Promise<FileHandle> => {
  const place = await mkdtemp(join(tmpdir(), 'tributary-')).catch(full); // for its owner only
  let handle: FileHandle | undefined;
  try {
    handle = await open(join(place, 'copy'), 'wx+', 0o600);
    await rm(place, { recursive: true });
    return handle;
  } catch (cause) {
    await handle?.close();
    await rm(place, { recursive: true, force: true }).catch(() => {}); // the first failure is the one to tell
    return full(cause);
  }
};

const full = (cause: unknown): never => {
  throw new Fault('E_FILE', `no private copy can be made below ${tmpdir()}: ${describe(cause)}`, { cause });
};

async function* chunks(handle: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(2 ** 18);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Its own name, or with some of its digest when another file of that name lies there already. */
const freeName = async (folder: string, { name, digest }: Seen): Promise<string> => {
  const plain = join(folder, name);
  if (!(await exists(plain))) return plain;
  const ending = extname(name);
  return join(folder, `${basename(name, ending)}.${digest.slice(0, 8)}${ending}`);
};

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

const move = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyFile(from, to); // another file system
    await unlink(from);
  }
};
