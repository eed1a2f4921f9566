// An export archive is opened when it is small enough and holds what it should; damaged ones are refused, not read.
import { describe, expect, test } from 'vitest';
import { BOUNDS } from '../../receivers/opaque/archive.ts';
import { verify } from '../../receivers/opaque/signature.ts';
import { csv, KEYS, keysOf, opened, QUERY, rows, signed, zip } from '../support/opaque.ts';
import { check, fault } from '../support/opaque-archive.ts';

describe('bounds', () => {
  const good = { 'results.csv': csv(rows(0, 1)), 'audit_logs_query.txt': QUERY, 'signature.bin': 'x' };
  const { 'results.csv': _results, ...withoutResults } = good;
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`${i}.txt`, 'x']));
  const refused = async (bytes: Buffer, words: RegExp, bounds = BOUNDS) =>
    expect(opened(bytes, async () => 'opened', bounds)).rejects.toEqual(fault('E_ARCHIVE', words));

  test.each([
    ['an unknown entry', { ...good, 'evil.sh': 'rm' }, /unexpected entry "evil.sh"/],
    ['too many entries', many, /50 entries, of at most 8/],
    ['no results', withoutResults, /results.csv is missing/],
    ['both names of the query', { ...good, 'audit_log_query.txt': QUERY }, /two entries for the query/],
    ['two folders', { ...withoutResults, 'a/results.csv': 'x' }, /different folders/],
    ['a large query', { ...good, 'audit_logs_query.txt': Buffer.alloc(2 ** 20 + 1, 32) }, /at most 1048576/],
    ['a large signature', { ...good, 'signature.bin': Buffer.alloc(9000, 1) }, /at most 8192/],
    ['a bomb', { ...good, 'results.csv': Buffer.alloc(2 ** 24) }, /more than 200 times/],
  ])('%s: refused', async (_name, entries, words) =>
    refused(await zip(entries as Record<string, Buffer | string>), words),
  );

  test('results beyond the limit', async () =>
    refused(await zip(good), /results.csv has \d+ bytes, of at most 10/, { ...BOUNDS, results: 10 }));

  test('one folder around all of them will do', async () => {
    const folded = Object.fromEntries(Object.entries(good).map(([name, content]) => [`audit-logs/${name}`, content]));
    await expect(opened(await zip(folded), async archive => archive.query.toString())).resolves.toBe(QUERY.toString());
  });

  // Our own writer refuses such names, so they are put in by hand, at the same length.
  test.each([
    ['../../results.csv', 'xx/xx/results.csv'],
    ['/bc/results.csv', 'abc/results.csv'],
    ['C:/results.csv', 'Cx/results.csv'],
    ['a\\\\results.csv', 'axxresults.csv'],
    ['results.cs\u0000', 'results.csv'],
  ])('a name that leads elsewhere: %j', async (name, harmless) => {
    const { 'results.csv': results, ...rest } = good;
    const bytes = await zip({ [harmless]: results, ...rest });
    const patched = Buffer.from(bytes.toString('latin1').replaceAll(harmless, name), 'latin1');
    await refused(patched, /\.\.|absolute|invalid|unexpected|different folders/i);
  });

  test('a directory that promises less than the entry unpacks to', async () => {
    const results = csv(rows(0, 500));
    const bytes = Buffer.from(await zip({ ...good, 'results.csv': results }));
    const line = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2])); // its line in the directory, the first
    bytes.writeUInt32LE(results.length - 100, line + 24);
    await expect(check(bytes, KEYS.rsa)).rejects.toEqual(fault('E_ARCHIVE', /damaged/));
  });

  test('an encrypted entry, an unknown method', async () => {
    const bytes = await zip(good);
    const line = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    const [encrypted, packed] = [Buffer.from(bytes), Buffer.from(bytes)];
    encrypted[line + 8]! |= 1;
    packed[line + 10] = 12;
    await refused(encrypted, /encrypted/);
    await refused(packed, /method 12/);
  });

  test('cut short anywhere: refused with a reason, and never a defect', async () => {
    const bytes = signed(csv(rows(0, 20)));
    for (let length = 0; length < bytes.length; length += 7)
      await expect(check(bytes.subarray(0, length), KEYS.rsa)).rejects.toMatchObject({
        code: 'E_ARCHIVE',
        kind: 'rejected',
      });
  });

  test('any one byte changed: read as it was signed, or refused', async () => {
    const results = csv(rows(0, 5));
    const bytes = signed(results);
    let refusals = 0;
    for (let at = 0; at < bytes.length; at += 3) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x5a;
      const outcome = await opened(changed, async archive => {
        await verify(archive, await keys);
        const chunks: Buffer[] = [];
        for await (const chunk of await archive.results()) chunks.push(chunk);
        return Buffer.concat(chunks);
      }).catch((error: unknown) => error);
      if (outcome instanceof Buffer) expect(outcome).toEqual(results);
      else {
        expect(outcome).toMatchObject({ kind: 'rejected' });
        refusals++;
      }
    }
    expect(refusals).toBeGreaterThan(bytes.length / 6);
  });
  const keys = keysOf(KEYS.rsa);
});
