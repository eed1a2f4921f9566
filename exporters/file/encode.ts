// Records as bytes: one event a line, in pieces, so that a batch of any size takes little memory. Each piece is one whole
// gzip member or zstd frame where the path asks for it: a file can be cut between any two batches and stays readable.
import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import { type AuditRecord, textOfAny } from '../../src/index.ts';

/** The bytes of some records. Each piece is lent until the next is asked for: then it is written over. */
export type Encode = (records: readonly AuditRecord[]) => AsyncIterable<Uint8Array>;

/** The encoder for a path, by its ending. */
export const encoderOf = (path: string): Encode => {
  const compress = path.endsWith('.gz') ? gzipped : path.endsWith('.zst') ? zstandard : undefined;
  return async function* (records) {
    const sheet = sheets.pop() ?? Buffer.allocUnsafeSlow(PIECE);
    try {
      for (const lines of linesOf(records, sheet)) yield compress ? await compress(lines) : lines;
    } finally {
      if (sheets.length < SHEETS) sheets.push(sheet);
    }
  };
};

/** Bytes of a piece before it is compressed; a longer line is a piece of its own. */
const PIECE = 2 ** 20;

/** Memory to write on, used again and again. */
const sheets: Buffer[] = [];
const SHEETS = 4;

function* linesOf(records: readonly AuditRecord[], sheet: Buffer): Iterable<Buffer> {
  let end = 0;
  for (const { event, raw } of records) {
    const text = textOfAny(event ?? raw);
    const most = text.length * 3 + 1; // at most 3 bytes a unit
    if (end > 0 && end + most > sheet.length) {
      yield sheet.subarray(0, end);
      end = 0;
    }
    if (most > sheet.length) yield Buffer.from(`${text}\n`);
    else {
      end += sheet.write(text, end);
      sheet[end++] = NEWLINE; // joined to the text, it would make a second text of that size
    }
  }
  if (end > 0) yield sheet.subarray(0, end);
}

const NEWLINE = 0x0a;

const gzip1 = promisify<Uint8Array, object, Buffer>(gzip);
const zstd3 = promisify<Uint8Array, object, Buffer>(zstdCompress);
const gzipped = (lines: Buffer) => gzip1(lines, { level: 1 });
const zstandard = (lines: Buffer) => zstd3(lines, { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
