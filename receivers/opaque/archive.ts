// Opens an export archive within bounds: a ZIP from outside is an attack until its entries have been counted, named and
// measured. Nothing of it is ever written under a name that it brings.
import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import yauzl from 'yauzl';
import { describe, Fault } from '../../src/index.ts';

/** What an archive may have. The vendor's own hold three files. */
export interface Bounds {
  /** Entries, folders included. */
  readonly entries: number;
  /** Bytes of `results.csv`, unpacked. */
  readonly results: number;
  /** Bytes of the query, unpacked. */
  readonly query: number;
  /** Bytes of the signature: RSA with 16,384 bits has 2,048. */
  readonly signature: number;
  /** Unpacked bytes for one packed byte, beyond the first MiB. Repetitive logs reach 40, bombs 1,000. */
  readonly ratio: number;
}

export const BOUNDS: Bounds = { entries: 8, results: 2 ** 30, query: 2 ** 20, signature: 8192, ratio: 200 };

export interface Archive {
  /** The raw bytes of `results.csv`, from the start; each call reads them anew. */
  results(): Promise<Readable>;
  /** The raw bytes of the query. */
  readonly query: Buffer;
  /** The raw signature; nothing where the archive has none. */
  readonly signature: Buffer | undefined;
}

/** The vendor's page names the query file in two ways; either will do, but not both at once. */
const NAMES = {
  'results.csv': 'results',
  'audit_logs_query.txt': 'query',
  'audit_log_query.txt': 'query',
  'signature.bin': 'signature',
} as const;

type Part = (typeof NAMES)[keyof typeof NAMES];

/** Reads the directory of an archive and its small parts; throws E_ARCHIVE. The handle stays the caller's to close. */
export const openArchive = async (handle: FileHandle, bounds: Bounds = BOUNDS): Promise<Archive> => {
  const zip = await open(handle);
  const parts = assign(await entries(zip, bounds), bounds);
  const results = parts.get('results') ?? refuse('results.csv is missing');
  const query = parts.get('query') ?? refuse('the query (audit_logs_query.txt) is missing');
  const signature = parts.get('signature');
  return {
    results: () => stream(zip, results),
    query: await whole(zip, query),
    signature: signature && (await whole(zip, signature)),
  };
};

const refuse = (reason: string, cause?: unknown): never => {
  throw new Fault('E_ARCHIVE', reason, { cause });
};

const open = (handle: FileHandle): Promise<yauzl.ZipFile> =>
  new Promise((resolve, reject) =>
    yauzl.fromFd(handle.fd, { lazyEntries: true, autoClose: false, strictFileNames: true }, (error, zip) => {
      if (error) reject(new Fault('E_ARCHIVE', `not a ZIP archive, or cut short: ${plain(error)}`, { cause: error }));
      else resolve(zip);
    }),
  );

/** All entries, in the order of the archive's directory. */
const entries = (zip: yauzl.ZipFile, bounds: Bounds): Promise<readonly yauzl.Entry[]> =>
  new Promise((resolve, reject) => {
    const found: yauzl.Entry[] = [];
    const fail = (reason: string, cause?: unknown) => reject(new Fault('E_ARCHIVE', reason, { cause }));
    zip.on('error', error => fail(`its directory is damaged: ${plain(error)}`, error));
    zip.on('end', () => resolve(found));
    zip.on('entry', (entry: yauzl.Entry) => {
      found.push(entry);
      if (found.length > bounds.entries) fail(`more than ${bounds.entries} entries`);
      else zip.readEntry();
    });
    if (zip.entryCount > bounds.entries) fail(`${zip.entryCount} entries, of at most ${bounds.entries}`);
    else zip.readEntry();
  });

/** Which entry is which part. All lie in one folder, most often the top one; a folder's own entry means nothing. */
const assign = (found: readonly yauzl.Entry[], bounds: Bounds): ReadonlyMap<Part, yauzl.Entry> => {
  const parts = new Map<Part, yauzl.Entry>();
  const folders = new Set<string>();
  for (const entry of found.filter(e => !e.fileName.endsWith('/'))) {
    const cut = entry.fileName.lastIndexOf('/') + 1;
    const name = entry.fileName.slice(cut);
    if (!isName(name)) refuse(`unexpected entry ${JSON.stringify(entry.fileName.slice(0, 100))}`);
    const part = NAMES[name as keyof typeof NAMES]; // `isName` has just looked
    if (parts.has(part)) refuse(`two entries for the ${part}: ${parts.get(part)?.fileName} and ${entry.fileName}`);
    measure(entry, bounds[part], bounds.ratio);
    parts.set(part, entry);
    folders.add(entry.fileName.slice(0, cut));
  }
  if (folders.size > 1) refuse('its entries lie in different folders');
  return parts;
};

const isName = (name: string): name is keyof typeof NAMES => Object.hasOwn(NAMES, name);

const measure = (entry: yauzl.Entry, limit: number, ratio: number): void => {
  const { fileName, uncompressedSize: size, compressedSize: packed } = entry;
  if ((entry.generalPurposeBitFlag & 1) !== 0) refuse(`${fileName} is encrypted`);
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)
    refuse(`${fileName} is packed by method ${entry.compressionMethod}`);
  if (size > limit) refuse(`${fileName} has ${size} bytes, of at most ${limit}`);
  if (size > 2 ** 20 && size > packed * ratio) refuse(`${fileName} unpacks to more than ${ratio} times its size`);
};

/** An entry's bytes. The reader holds an entry to the size that it declares, which `measure` has judged. */
const stream = (zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Readable> =>
  new Promise((resolve, reject) =>
    zip.openReadStream(entry, (error, bytes) => {
      if (error) reject(damaged(entry.fileName, error));
      else resolve(bytes);
    }),
  );

const whole = async (zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of await stream(zip, entry)) chunks.push(chunk);
  } catch (error) {
    throw damaged(entry.fileName, error);
  }
  return Buffer.concat(chunks);
};

/** The fault of an entry that breaks while it is read; faults stay what they are. */
export const damaged = (name: string, error: unknown): Fault =>
  error instanceof Fault ? error : new Fault('E_ARCHIVE', `${name} is damaged: ${plain(error)}`, { cause: error });

const plain = (error: unknown): string => describe(error).slice(0, 200);
