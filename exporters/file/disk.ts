// The few things that the exporter asks of a file system, behind an interface, so that a test can crash each of them.
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Fault, point } from '../../src/index.ts';

export interface Disk {
  /** Nothing where there is no such file. */
  stat(path: string): Promise<Stat | undefined>;
  /**
   * Cuts the file to `from` bytes and writes after them; it and its folders are made where absent. When it returns, all
   * of it survives a power cut; when it throws, anything from none to all of the bytes may be there.
   * @returns how many bytes it wrote
   */
  append(path: string, from: number, pieces: AsyncIterable<Uint8Array>): Promise<number>;
  /** Cuts the file to `length` bytes and gives it another name in the same folder: survives a power cut. */
  rename(path: string, length: number, next: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** The names in a folder; none where there is no such folder, or something else. */
  list(folder: string): Promise<readonly string[]>;
}

export interface Stat {
  readonly size: number;
  /** ms since the epoch */
  readonly modified: number;
}

/** The machine's own file system. Whatever it throws has the path and the system's words in it. */
export const nodeDisk: Disk = {
  stat: path =>
    within('looked at', path, async () => {
      const found = await absent(stat(path), undefined);
      return found && { size: found.size, modified: found.mtimeMs };
    }),

  append: (path, from, pieces) =>
    within('written', path, async () => {
      const born = from === 0;
      if (born) await makeFolder(dirname(path));
      await using handle = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
      await cut(handle, from);
      let end = from;
      for await (const bytes of pieces) {
        const half = bytes.length >> 1;
        await write(handle, bytes.subarray(0, half), end);
        point('file: in append');
        await write(handle, bytes.subarray(half), end + half);
        end += bytes.length;
      }
      await handle.datasync();
      if (born) await syncFolder(dirname(path));
      return end - from;
    }),

  rename: (path, length, next) =>
    within('renamed', path, async () => {
      {
        await using handle = await open(path, constants.O_RDWR);
        await cut(handle, length);
        await handle.sync();
      }
      point('file: in rename');
      await rename(path, next);
      await syncFolder(dirname(next));
    }),

  remove: path =>
    within('removed', path, async () => {
      await rm(path, { force: true });
      await syncFolder(dirname(path));
    }),

  list: folder => within('listed', folder, () => absent(readdir(folder), [], ['ENOENT', 'ENOTDIR'])),
};

const cut = async (handle: FileHandle, length: number): Promise<void> => {
  const { size } = await handle.stat();
  if (size !== length) await handle.truncate(length);
};

/** A write may take less than it was given. */
const write = async (handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
};

/** For its owner only, as are the files: audit logs are about people. Each folder that is made is synced into its parent. */
const makeFolder = async (folder: string): Promise<void> => {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made));
};

/** A new or renamed file survives a power cut only when its folder was synced too. */
const syncFolder = async (folder: string): Promise<void> => {
  await using handle = await open(folder, constants.O_RDONLY);
  await handle.sync();
};

const absent = <T, N>(found: Promise<T>, nothing: N, codes: readonly unknown[] = ['ENOENT']): Promise<T | N> =>
  found.catch(error => {
    if (codes.includes(codeOf(error))) return nothing;
    throw error;
  });

const within = async <T>(what: string, path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    throw new Fault('E_FILE', `${path} cannot be ${what}`, { cause: error });
  }
};

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && 'errno' in error ? String(error.code) : undefined;
