// Records as bytes: one event a line, and each batch one whole gzip member or zstd frame where the path asks for it, so
// that a file can be cut between any two batches and stays readable.
import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import { type AuditRecord, textOfAny } from '../../src/index.ts';

/** Lends the bytes of some records to `use`; afterwards they are written over. */
export type Encode = <T>(records: readonly AuditRecord[], use: (bytes: Uint8Array) => Promise<T>) => Promise<T>;

/** The encoder for a path, by its ending. */
export const encoderOf = (path: string): Encode => {
  const compress = path.endsWith('.gz') ? gzipped : path.endsWith('.zst') ? zstandard : undefined;
  return async (records, use) => {
    const sheet = sheets.pop() ?? { bytes: Buffer.allocUnsafeSlow(2 ** 20) };
    try {
      const lines = write(records, sheet);
      return await use(compress ? await compress(lines) : lines);
    } finally {
      if (sheets.length < SHEETS && sheet.bytes.length <= LARGEST) sheets.push(sheet);
    }
  };
};

/** Memory to write on, used again and again: a new text of megabytes for each batch would fill the heap. */
interface Sheet {
  bytes: Buffer;
}
const sheets: Sheet[] = [];
const SHEETS = 4;
const LARGEST = 16 * 2 ** 20;

const write = (records: readonly AuditRecord[], sheet: Sheet): Buffer => {
  let end = 0;
  for (const { event, raw } of records) {
    const text = textOfAny(event ?? raw);
    const most = end + text.length * 3 + 1; // at most 3 bytes a unit
    if (most > sheet.bytes.length) sheet.bytes = grown(sheet.bytes, most);
    end += sheet.bytes.write(text, end);
    sheet.bytes[end++] = NEWLINE; // joined to the text, it would make a second text of that size
  }
  return sheet.bytes.subarray(0, end);
};

const NEWLINE = 0x0a;

const grown = (bytes: Buffer, needed: number): Buffer => {
  const larger = Buffer.allocUnsafeSlow(Math.max(needed, bytes.length * 2));
  bytes.copy(larger);
  return larger;
};

const gzip1 = promisify<Uint8Array, object, Buffer>(gzip);
const zstd3 = promisify<Uint8Array, object, Buffer>(zstdCompress);
const gzipped = (lines: Buffer) => gzip1(lines, { level: 1 });
const zstandard = (lines: Buffer) => zstd3(lines, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
