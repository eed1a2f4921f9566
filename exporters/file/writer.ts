// Appends each batch to the file of its receiver and stages the new length with the batch: after a crash the file is cut
// back to what was committed, so that each event is in the files once.
import { basename, dirname, join, resolve } from 'node:path';
import { type AuditRecord, type Context, type Exported, type Exporter, Fault, point } from '../../src/index.ts';
import type { Disk } from './disk.ts';
import { encoderOf } from './encode.ts';
import { type Locks, unlessAborted } from './locks.ts';
import { find, type Place, pathOf } from './pattern.ts';
import { probe } from './probe.ts';

/** Sizes in bytes, times in ms. */
export interface FileOptions {
  readonly path: string;
  readonly rotate: { readonly size: number; readonly every: number };
  readonly keep?: { readonly files?: number | undefined; readonly for?: number | undefined } | undefined;
}

/** What is committed of the file that a receiver's records go to: an entry of the state, under the receiver's name. */
type Tail = {
  readonly seq: number;
  /** Its final path, as the pattern made it: relative paths stay relative, so that a folder can be moved as a whole. */
  readonly path: string;
  readonly length: number;
  /** When it was begun, ms since the epoch. */
  readonly born: number;
};

export const createWriter = (disk: Disk, locks: Locks, context: Context, options: FileOptions): Exporter => {
  const { name, state, clock, log, folder } = context;
  const whole = resolve(folder, options.path);
  const encode = encoderOf(options.path);
  const places = new Map<string, Place>();
  let giveBack: (() => void) | undefined;

  const finalOf = (tail: Tail) => resolve(folder, tail.path);
  const partOf = (tail: Tail) => `${finalOf(tail)}.part`;
  /** The name of a file until its first batch is committed: no glob of a reader matches it, and it may always be removed. */
  const newbornOf = (tail: Tail) => join(dirname(finalOf(tail)), `.${basename(partOf(tail))}`);
  const unfinishedOf = (tail: Tail) => (tail.length === 0 ? newbornOf(tail) : partOf(tail));
  const lock = (receiver: string, signal: AbortSignal) => locks.hold(`${whole} ${receiver}`, signal);

  const exportAll = async (records: readonly AuditRecord[], signal: AbortSignal): Promise<Exported> => {
    const shares = [...Map.groupBy(records, record => record.origin.receiver)];
    const done: Exported[] = [];
    const release = async (committed: boolean) => {
      for (const each of done) await each.release?.(committed);
    };
    try {
      // In one order everywhere, so that two exports cannot wait for each other's locks.
      for (const [, share] of shares.toSorted(([a], [b]) => (a < b ? -1 : 1))) done.push(await append(share, signal));
    } catch (error) {
      await release(false);
      throw error;
    }
    return { writes: done.flatMap(each => each.writes ?? []), release };
  };

  /** The records of one receiver. The lock is held until the batch is committed or given up. */
  const append = async (records: readonly AuditRecord[], signal: AbortSignal): Promise<Exported> => {
    const place: Place = records[0]!.origin;
    const unlock = await lock(place.receiver, signal);
    try {
      places.set(place.receiver, place);
      const tail = await open(place);
      signal.throwIfAborted();
      point('file: before append');
      const length = await disk.append(unfinishedOf(tail), tail.length, encode(records));
      point('file: after append');
      const longer: Tail = { ...tail, length: tail.length + length };
      const conclude = async (committed: boolean) => {
        if (committed) await attempt(() => settle(longer, place));
        unlock();
      };
      let concluded: Promise<void> | undefined;
      return {
        writes: [state.set(place.receiver, longer)],
        release: committed => {
          concluded ??= conclude(committed);
          return concluded;
        },
      };
    } catch (error) {
      unlock();
      throw error;
    }
  };

  /** After a commit: the file gets the name that it is read by, and is finished if it is due. */
  const settle = async (tail: Tail, place: Place): Promise<void> => {
    if ((await isOpen(tail)) && isDue(tail, place)) await finish(tail, place);
  };

  /** The file that the next batch goes to: the committed one if it is still open and not due, else a new one. */
  const open = async (place: Place): Promise<Tail> => {
    const tail = await state.get<Tail>(place.receiver);
    if (!tail || !(await isOpen(tail))) return begin(place, tail);
    if (!isDue(tail, place)) return tail;
    await finish(tail, place);
    return begin(place, tail);
  };

  /**
   * A file that is gone was finished before, or taken away by its reader. One that is shorter lost committed events. One
   * whose first commit is new gets its name.
   */
  const isOpen = async (tail: Tail): Promise<boolean> => {
    for (const path of [partOf(tail), newbornOf(tail)]) {
      const found = await disk.stat(path);
      if (!found) continue;
      if (found.size < tail.length)
        throw new Fault('E_FILE_SHORT', `${path} has ${found.size} bytes, but ${tail.length} were committed to it`);
      if (path === newbornOf(tail)) await disk.rename(path, tail.length, partOf(tail));
      return true;
    }
    return false;
  };

  const isDue = (tail: Tail, place: Place): boolean =>
    tail.length >= options.rotate.size ||
    clock.now() - tail.born >= options.rotate.every ||
    tail.path !== pathOf(options.path, place, tail.seq, tail.born);

  /** A number that no file has, after clearing away what no commit knows. */
  const begin = async (place: Place, tail: Tail | undefined): Promise<Tail> => {
    const last = tail?.seq ?? 0;
    const taken = [last];
    for (const { path, seq, stage } of await find(disk, folder, options.path, place)) {
      if (stage === 'newborn') await disk.remove(path);
      else taken.push(seq);
      if (stage === 'part' && seq > last) await setAside(path);
    }
    const [seq, born] = [taken.reduce((a, b) => Math.max(a, b)) + 1, clock.now()];
    return { seq, path: pathOf(options.path, place, seq, born), length: 0, born };
  };

  /** Its first batch was committed, or it had no such name; but to another state than ours. So it is kept, and left. */
  const setAside = async (path: string) => {
    const { size } = (await disk.stat(path)) ?? { size: 0 };
    await disk.rename(path, size, `${path}.unknown`);
    log.warn({ path: `${path}.unknown` }, 'an unfinished file that the state does not know was set aside');
  };

  const finish = async (tail: Tail, place: Place): Promise<void> => {
    if (await disk.stat(finalOf(tail)))
      throw new Fault('E_FILE', `${partOf(tail)} cannot be finished: ${finalOf(tail)} exists already; move it away`);
    point('file: before finish');
    await disk.rename(partOf(tail), tail.length, finalOf(tail));
    point('file: after finish');
    await attempt(() => prune(place));
  };

  /** Removes finished files beyond what is to be kept; never the newest. */
  const prune = async (place: Place): Promise<void> => {
    const { files = Number.POSITIVE_INFINITY, for: age = Number.POSITIVE_INFINITY } = options.keep ?? {};
    if (files === Number.POSITIVE_INFINITY && age === Number.POSITIVE_INFINITY) return;
    const finished = (await find(disk, folder, options.path, place)).filter(({ stage }) => stage === 'finished');
    for (const [i, { path }] of finished.slice(0, -1).entries()) {
      const { modified } = (await disk.stat(path)) ?? { modified: clock.now() };
      if (finished.length - i > files || clock.now() - modified > age) await disk.remove(path);
    }
  };

  /** What need not succeed now: the next batch does it again. */
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      log.warn({ err: error }, 'a file was not finished or removed; it is tried again');
    }
  };

  return {
    export: async (records, signal) => {
      signal.throwIfAborted();
      if (records.length === 0) return {};
      giveBack ??= locks.claim(whole, name);
      const work = exportAll(records, signal);
      try {
        return await unlessAborted(work, signal);
      } catch (error) {
        // A write that is under way cannot be stopped: it keeps the lock until it ends, and is cut away by the next.
        work.then(late => late.release?.(false)).catch(() => {});
        throw error;
      }
    },

    probe: () => probe(options.path, folder),

    close: async () => {
      for (const place of places.values())
        await attempt(async () => {
          const unlock = await lock(place.receiver, context.signal);
          try {
            const tail = await state.get<Tail>(place.receiver);
            if (tail) await settle(tail, place);
          } finally {
            unlock();
          }
        });
      places.clear();
      giveBack?.();
      giveBack = undefined;
    },
  };
};
