// Records as bytes: one event a line, and each batch one whole gzip member or zstd frame where the path asks for it, so
// that a file can be cut between any two batches and stays readable.
import { promisify } from 'node:util';
import { constants, gzip, zstdCompress } from 'node:zlib';
import type { AuditRecord } from '../../src/index.ts';

export type Encode = (records: readonly AuditRecord[]) => Promise<Uint8Array>;

/** The encoder for a path, by its ending. */
export const encoderOf = (path: string): Encode => {
  if (path.endsWith('.gz')) return async records => gzipped(text(records), { level: 1 });
  if (path.endsWith('.zst'))
    return async records => zstandard(text(records), { params: { [constants.ZSTD_c_compressionLevel]: 3 } });
  return async records => text(records);
};

const text = (records: readonly AuditRecord[]): Buffer =>
  Buffer.from(records.map(record => `${JSON.stringify(record.event ?? record.raw)}\n`).join(''));

const gzipped = promisify<Uint8Array, object, Buffer>(gzip);
const zstandard = promisify<Uint8Array, object, Buffer>(zstdCompress);
