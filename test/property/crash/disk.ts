// A disk in memory that outlives the program, and that may crash it in the middle of an append.
import type { Disk } from '../../../exporters/file/disk.ts';
import type { Files } from './records.ts';

export interface Crashing {
  readonly place: (name: string) => Promise<void>;
  readonly die: (name: string) => void;
  readonly mayDie: () => boolean;
  readonly isDead: () => boolean;
  readonly between: (low: number, high: number) => number;
  /** Something that no program may do to a disk. */
  readonly broken: (error: Error) => void;
}

export const crashingDisk = (
  { now, finished }: Files,
  { place, die, mayDie, isDead, between, broken }: Crashing,
): Disk => {
  const never = () => new Promise<never>(() => {});
  const mustBe = (fine: boolean, otherwise: string) => {
    if (!fine) broken(new Error(otherwise));
  };
  return {
    stat: async path => {
      await place('file: stat');
      const bytes = now.get(path);
      return bytes && { size: bytes.length, modified: 0 };
    },
    append: async (path, from, pieces) => {
      const bytes = Buffer.concat(await Array.fromAsync(pieces, piece => Buffer.from(piece))); // they are only lent
      await place('file: before append');
      mustBe(!finished.has(path), `appends to the finished file ${path}`);
      const before = now.get(path) ?? Buffer.alloc(0);
      mustBe(before.length >= from, `${path} is shorter than what was committed: ${before.length} < ${from}`);
      const torn = mayDie() ? between(0, bytes.length) : bytes.length;
      now.set(path, Buffer.concat([before.subarray(0, from), bytes.subarray(0, torn)]));
      if (torn < bytes.length) {
        die('file: torn append');
        return never();
      }
      await place('file: after append');
      return bytes.length;
    },
    rename: async (path, length, next) => {
      await place('file: before rename');
      const bytes = now.get(path)?.subarray(0, length) ?? Buffer.alloc(0);
      mustBe(now.has(path), `${path} is not there to be renamed`);
      mustBe(!now.has(next), `overwrites the file ${next}`);
      now.delete(path);
      now.set(next, bytes);
      if (!next.endsWith('.part')) finished.set(next, Buffer.from(bytes));
      await place('file: after rename');
    },
    remove: async path => {
      if (isDead()) return never();
      mustBe(!finished.has(path), `removes the finished file ${path}`);
      now.delete(path);
    },
    list: async folder => {
      if (isDead()) return never();
      const inside = [...now.keys()].filter(path => path.startsWith(`${folder}/`));
      return [...new Set(inside.map(path => path.slice(folder.length + 1).split('/')[0]!))];
    },
  };
};
