// The disk as a receiver of files uses it, watched from outside: every operation below a folder can be counted, and can
// be kept waiting until something has happened, or made to fail. What was opened is known until it is closed.
import fs, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

export interface Touch {
  /** `readdir`, `open`, … of `node:fs/promises`, or `read`, `appendFile`, `stat` of an open file. */
  readonly operation: string;
  readonly path: string;
}

export interface Disk {
  /** What is under way, and what is open still; in words. */
  held(): readonly string[];
  /** Gives the disk back. */
  release(): void;
}

const OPERATIONS = [
  ...['access', 'appendFile', 'copyFile', 'lstat', 'mkdir', 'mkdtemp', 'open', 'opendir', 'readdir', 'readFile'],
  ...['realpath', 'rename', 'rm', 'stat', 'unlink', 'utimes', 'writeFile'],
];
const OF_A_FILE = ['appendFile', 'read', 'readFile', 'stat', 'write', 'writeFile'];

type Operation = (...args: readonly unknown[]) => Promise<unknown>;

/** @param before is awaited ahead of each operation below the folder; what it throws, the operation throws */
export const watchDisk = (folder: string, before: (touch: Touch) => Promise<void>): Disk => {
  const underWay = new Set<Touch>();
  const opened = new Map<FileHandle, string>();

  const watched = async (touch: Touch, work: () => Promise<unknown>): Promise<unknown> => {
    underWay.add(touch);
    try {
      await before(touch);
      return await work();
    } finally {
      underWay.delete(touch);
    }
  };

  const follow = (handle: FileHandle, path: string): void => {
    opened.set(handle, path);
    around(handle, OF_A_FILE, (operation, work, args) => watched({ operation, path }, () => work(...args)));
  };

  const restore = around(fs, OPERATIONS, async (operation, work, args) => {
    const path = String(args[0]);
    if (!path.startsWith(folder)) return work(...args);
    const result = await watched({ operation, path }, () => work(...args));
    if (operation === 'open') follow(result as FileHandle, path); // it is what `open` gives
    return result;
  });
  syncBuiltinESMExports();

  return {
    held: () => [
      ...[...underWay].map(({ operation, path }) => `${operation} of ${path} is under way`),
      ...[...opened].filter(([handle]) => handle.fd !== -1).map(([, path]) => `${path} is open`),
    ],
    release: () => {
      restore();
      syncBuiltinESMExports();
    },
  };
};

/** Puts something around some functions of an object; undone by what it returns. */
const around = (
  object: object,
  names: readonly string[],
  wrap: (name: string, work: Operation, args: readonly unknown[]) => Promise<unknown>,
): (() => void) => {
  const functions = object as Record<string, Operation>; // those of these names are asynchronous functions, all of them
  const before = names.map(name => [name, functions[name]!] as const);
  for (const [name, work] of before) functions[name] = (...args) => wrap(name, work.bind(object), args);
  return () => {
    for (const [name, work] of before) functions[name] = work;
  };
};
