// What a drop folder's receiver does next, in words. The folder is looked at, and nothing in it is touched.
import { readdir } from 'node:fs/promises';
import type { Explanation } from '../component.ts';
import { describe } from '../fault.ts';
import { iso, lasting } from './words.ts';

export interface Standing {
  readonly directory: string;
  /** How many files were delivered and may lie there still. */
  readonly delivered: number;
  readonly reading: { readonly digest: string; readonly name: string; readonly records: number } | null;
  /** When a file was last read, ms since the epoch. */
  readonly read: number;
  readonly settle: number;
  readonly batch: number;
  accepts(name: string): boolean;
}

export const explainFiles = async (standing: Standing): Promise<Explanation> => {
  const { directory, delivered, reading, settle, batch, read } = standing;
  const names = await readdir(directory).catch(describe);
  const there = typeof names === 'string' ? names : names.filter(n => !n.startsWith('.') && standing.accepts(n)).length;
  const most = batch.toLocaleString('en-US');
  return {
    next: reading
      ? [
          `goes on in ${reading.name} at record ${reading.records + 1}, with ${most} records at most`,
          `the file is known by its content: SHA-256 ${reading.digest}`,
        ]
      : [
          `looks into ${directory} for the oldest finished file that is new, and reads ${most} records of it at most`,
          `a file is finished when it lay unchanged for ${lasting(settle)}, and new when its content is`,
        ],
    why: [
      reading
        ? `${reading.records.toLocaleString('en-US')} records of it were delivered, and it has more`
        : 'no file is half read',
      `${delivered.toLocaleString('en-US')} files were delivered, the last at ${iso(read)}`,
      typeof there === 'string' ? `the folder cannot be read: ${there}` : `${there} such files lie there now`,
    ],
    after: [
      'if the file has more: the number of its records that were delivered',
      'if it ends: its SHA-256, so that it is never read again',
      'if it cannot be used: why; it is then set aside, and the next one read',
    ],
  };
};
