// How events become the bytes of a file: compressed or not, in pieces, readable at any length that was committed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { listen } from '../../src/point.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { create, deliver, folder, idsIn } from '../support/files.ts';

describe('files', () => {
  test.each([
    ['gz', gunzipSync],
    ['zst', zstdDecompressSync],
  ] as const)(
    'are compressed when the path ends in .%s, and can be read at any length that was committed',
    async (ending, unpack) => {
      const exporter = create({ path: `{receiver}-{seq}.ndjson.${ending}` });
      const part = join(folder, `opal-000001.ndjson.${ending}.part`);
      await deliver(exporter, sampleRecords(100));
      const first = await readFile(part);
      expect(idsIn(unpack(first).toString())).toHaveLength(100);
      expect(first.length).toBeLessThan(10_000);
      await deliver(exporter, sampleRecords(50, { first: 100 }));
      const second = await readFile(part);
      expect(second.subarray(0, first.length).equals(first)).toBe(true);
      // Node unpacks only the first of several zstd frames.
      const rest = unpack(second.subarray(first.length));
      expect(idsIn(`${unpack(first)}${rest}`)).toEqual(sampleRecords(150).map(r => r.id));
    },
  );

  test.each([
    ['ndjson', (bytes: Buffer) => bytes],
    ['ndjson.gz', gunzipSync],
  ] as const)('take a batch of any size in pieces, and a line that is longer than one: %s', async (ending, unpack) => {
    const small = sampleRecords(4000).map(record => ({ ...record, event: { ...record.event!, message: 'Grüße' } }));
    const long = sampleRecords(3, { first: 4000 }).map(record => ({
      ...record,
      event: { ...record.event!, message: 'ß'.repeat(700_000) },
    }));
    const records = [...small.slice(0, 2000), long[0]!, ...small.slice(2000), ...long.slice(1)];
    const pieces: number[] = [];
    listen(name => name === 'file: in append' && pieces.push(0));
    await deliver(create({ path: `{receiver}-{seq}.${ending}` }), records);
    const written = unpack(await readFile(join(folder, `opal-000001.${ending}.part`))).toString();
    expect(written).toBe(records.map(({ event }) => `${JSON.stringify(event)}\n`).join(''));
    expect(pieces.length).toBeGreaterThan(4);
  });
});
