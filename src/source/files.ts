// A directory of finished files becomes emissions: for vendors whose log is exported by hand. Files are known by their
// content and not by their name, one is read at a time, and one that cannot be used never blocks the next.
import type { Receiver, ReceiverContext } from '../component.ts';
import { Fault } from '../fault.ts';
import type { AuditRecord, Origin } from '../model.ts';
import { isPosition, type Position } from './files-position.ts';
import { explainFiles } from './files-words.ts';
import { type Copy, type Look, type Seen, watchFolder } from './folder.ts';
import { probeFolder } from './folder-probe.ts';
import { poll, type Source, type Turn } from './poll.ts';

/** What the files are. */
export interface FileFormat {
  /** Which names are meant. */
  accepts(name: string): boolean;
  /** The largest file, in bytes. */
  readonly limit: number;
  /**
   * Checks all that can be checked and only then gives records, in an order that is the same each time. The copy is
   * private, whole and stays the caller's to close. A Fault that is rejected says that the file is to blame: it is set
   * aside. Any other is waited out.
   */
  open(copy: Copy, file: Seen): Promise<AsyncIterable<FileRecord>>;
}

export interface FileRecord {
  readonly record: AuditRecord;
  /** About how many bytes it takes. */
  readonly size: number;
}

export interface FilesOptions {
  readonly origin: Origin;
  /** The drop folder; absolute. */
  readonly directory: string;
  /** Where files go that cannot be used; absolute. */
  readonly quarantine: string;
  /** How long a file must lie unchanged before it is read, in ms. */
  readonly settle: number;
  /** How long a file stays after it was delivered, in ms; for ever when true. */
  readonly keep: number | true;
  /**
   * How far back a file may go, in ms. Bounds what `dedupe` must remember. For ever when absent: any file may then hold
   * any old event, and each is still known.
   */
  readonly reach?: number | undefined;
  /** How many records one batch has at most; 1,000 when absent. About 4 MiB end one, too. */
  readonly batch?: number | undefined;
}

/** How many records one batch has at most, unless the options say, and about how many bytes. */
const BATCH = { records: 1000, bytes: 4 * 2 ** 20 } as const;

/** Of how many files that lie in the folder it is known that they were delivered: about 400 kB of position. */
const MOST_DONE = 5000;

/** An open file, and how far it was read. */
interface Reader {
  readonly digest: string;
  at: number;
  readonly records: AsyncIterator<FileRecord>;
  close(): Promise<void>;
}

/** @param every ms between two looks into a folder that has nothing new */
export const files = (options: FilesOptions, format: FileFormat, every: number, context: ReceiverContext): Receiver => {
  const { clock, log } = context;
  const { directory, settle, keep, quarantine, batch = BATCH.records } = options;
  const folder = watchFolder({ directory, settle, clock, log, accepts: name => format.accepts(name) });
  let reader: Reader | undefined;

  // A pull that was abandoned may still read when all is closed, or when the next one begins: each waits for the last.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };

  const close = async () => {
    const open = reader;
    reader = undefined;
    await open?.close();
  };

  /** What was committed becomes true in the folder: bad files are moved away, delivered ones removed in time. */
  const tidy = async (position: Position, look: Look): Promise<Position> => {
    if (position.only) return position;
    const stuck = new Set<string>();
    for (const file of look.files) {
      const reason = own(position.bad, file.digest);
      if (reason !== undefined && !(await folder.setAside(file, quarantine, noteOf(file, reason, clock.now()))))
        stuck.add(file.digest);
      const delivered = own(position.done, file.digest);
      if (keep !== true && delivered !== undefined && clock.now() - delivered >= keep) await folder.remove(file);
    }
    const bad = only(position.bad, digest => stuck.has(digest));
    return Object.keys(bad).length === Object.keys(position.bad).length ? position : { ...position, bad };
  };

  /** The file at this place, opened and checked; nothing when it has changed or cannot be read now. */
  const readerAt = async (file: Seen, at: number): Promise<Reader | undefined> => {
    if (reader?.digest === file.digest && reader.at === at) return reader;
    await close();
    const copy = await folder.copy(file, format.limit);
    if (!copy) return undefined;
    try {
      const records = (await format.open(copy, file))[Symbol.asyncIterator]();
      const end = async () => {
        await records.return?.();
        await copy.handle.close();
      };
      reader = { digest: file.digest, at: 0, records, close: end };
    } catch (error) {
      await copy.handle.close();
      throw error;
    }
    while (reader.at < at && !(await reader.records.next()).done) reader.at++;
    return reader;
  };

  const turn = (position: Position, records: readonly AuditRecord[] = []): Turn<Position> => ({
    records,
    position,
    more: true,
    date: clock.now(),
  });

  /** The next batch of a file. */
  const read = async (position: Position, file: Seen, at: number): Promise<Turn<Position> | undefined> => {
    try {
      const from = await readerAt(file, at);
      if (!from) return position.reading ? turn({ ...position, reading: null }) : undefined;
      const { records, ended } = await take(from, batch);
      const now = clock.now();
      if (!ended) {
        const reading = { digest: file.digest, name: file.name, records: from.at };
        return turn({ ...position, reading, read: now }, records);
      }
      log.info({ file: file.name, sha256: file.digest, records: from.at }, 'a file is read to its end');
      await close();
      return turn({ ...position, done: { ...position.done, [file.digest]: now }, reading: null, read: now }, records);
    } catch (error) {
      await close();
      if (!(error instanceof Fault) || error.kind !== 'rejected') throw error;
      const reason = `${error.code}: ${error.message.slice(0, 500)}\n${error.remedy}`;
      log.error(
        { file: file.name, sha256: file.digest, code: error.code, remedy: error.remedy },
        `${position.only ? 'a file cannot be compared' : 'a file is set aside'}: ${error.message}`,
      );
      return turn({ ...position, reading: null, bad: { ...position.bad, [file.digest]: reason } });
    }
  };

  /** The next batch, of the file that is being read or else of the oldest new one. */
  const next = async (position: Position, signal: AbortSignal): Promise<Turn<Position> | undefined> => {
    signal.throwIfAborted();
    const { reading } = position;
    if (reading && reader?.digest === reading.digest && reader.at === reading.records)
      return read(position, { ...reading, path: '' }, reading.records);

    const isNews = (digest: string) =>
      reading
        ? digest === reading.digest
        : own(position.done, digest) === undefined &&
          own(position.bad, digest) === undefined &&
          (position.only?.includes(digest) ?? true);
    const look = await folder.look(isNews, signal);
    const tidied = await tidy(position, look);
    const begun = { ...tidied, done: remembered(tidied.done, look) };
    for (const file of look.files.filter(f => isNews(f.digest))) {
      const batch = await read(begun, file, reading?.records ?? 0);
      if (batch) return batch;
    }
    if (!reading) return tidied === position ? undefined : turn(tidied);
    log.warn(
      { file: reading.name, sha256: reading.digest, records: reading.records },
      'a file was taken away or changed before all of it was delivered; put it back to have the rest',
    );
    return turn({ ...tidied, reading: null });
  };

  const source: Source<Position> = {
    origin: options.origin,
    start: now => ({ shape: 'files/1', done: {}, bad: {}, reading: null, read: now }),
    low: ({ read }) => (options.reach === undefined ? 0 : Math.max(0, read - options.reach)),
    restore: stored => {
      if (isPosition(stored)) return stored;
      throw new Fault('E_POSITION', 'the stored position is not one of a drop folder (files/1)');
    },

    // What was delivered since then is read again, as far as it still lies there.
    rewind: (position, to) => {
      const done = Object.fromEntries(Object.entries(position.done).filter(([, delivered]) => delivered < to));
      const nothing = Object.keys(done).length === Object.keys(position.done).length && !position.reading;
      return nothing ? undefined : { ...position, done, reading: null };
    },

    explain: ({ done, reading, read }) => {
      const delivered = Object.keys(done).length;
      return explainFiles({ directory, settle, batch, delivered, reading, read, accepts: format.accepts });
    },
    // Files that were delivered since then, as far as they still lie there. Their records may be of any time.
    review: (position, to) => {
      const only = Object.keys(position.done).filter(digest => position.done[digest]! >= to);
      return only.length === 0 ? undefined : { ...position, done: {}, bad: {}, reading: null, only };
    },
    reached: () => Number.POSITIVE_INFINITY,

    probe: () => probeFolder({ directory, quarantine, removes: keep !== true }),

    pull: (position, signal) => inTurn(() => next(position, signal)),
  };

  return { ...poll(source, every, context), close: () => inTurn(close) };
};

/** A batch, and whether the file ends with it. */
const take = async (
  reader: Reader,
  most: number,
): Promise<{ readonly records: readonly AuditRecord[]; readonly ended: boolean }> => {
  const records: AuditRecord[] = [];
  for (let bytes = 0; records.length < most && bytes < BATCH.bytes; ) {
    const next = await reader.records.next();
    if (next.done) return { records, ended: true };
    records.push(next.value.record);
    bytes += next.value.size;
    reader.at++;
  }
  return { records, ended: false };
};

/** Delivered files are remembered for as long as they lie there, or may: one that comes back is read again, and deduped. */
const remembered = (done: Position['done'], { files: present, complete }: Look): Position['done'] => {
  const here = new Set(present.map(f => f.digest));
  const kept = complete ? only(done, digest => here.has(digest)) : done;
  if (Object.keys(kept).length < MOST_DONE) return kept;
  const least = only(kept, digest => here.has(digest));
  if (Object.keys(least).length < MOST_DONE) return least;
  throw new Fault('E_FOLDER_FULL', `${MOST_DONE} delivered files lie in the drop folder`);
};

const own = <T>(object: { readonly [key: string]: T }, key: string): T | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

const only = <T>(
  object: { readonly [key: string]: T },
  test: (key: string) => boolean,
): { readonly [key: string]: T } => Object.fromEntries(Object.entries(object).filter(([key]) => test(key)));

const noteOf = (file: Seen, reason: string, now: number): string =>
  [
    `${file.name} was set aside on ${new Date(now).toISOString()}.`,
    '',
    reason,
    '',
    `SHA-256: ${file.digest}`,
    'Once the cause is mended, move the file back into the drop folder to have it read again.',
    '',
  ].join('\n');
