// An export archive is believed when its signature fits, by one of the keys that the user gave, and by OpenSSL as well.
import { execFile } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { refuseMovedRows } from '../../receivers/opaque/boundary.ts';
import { readKeys } from '../../receivers/opaque/signature.ts';
import { verifyArchive } from '../../receivers/opaque/verify.ts';
import { csv, KEYS, keysOf, opened, QUERY, rows, saved, signed, temporary, zip } from '../support/opaque.ts';
import { check, fault } from '../support/opaque-archive.ts';

/** The three files of an archive, as a person would unpack them. */
const unpacked = async (bytes: Buffer): Promise<string> => {
  const folder = await temporary();
  await opened(bytes, async archive => {
    const results: Buffer[] = [];
    for await (const chunk of await archive.results()) results.push(chunk);
    await writeFile(join(folder, 'combined'), Buffer.concat([...results, archive.query]));
    await writeFile(join(folder, 'signature.bin'), archive.signature ?? '');
  });
  return folder;
};

/** What OpenSSL says, by the vendor's own instructions; nothing where it is not installed. */
const openssl = async (bytes: Buffer, key: string): Promise<string | undefined> => {
  const folder = await unpacked(bytes);
  const args = [
    'dgst',
    '-sha256',
    '-verify',
    await saved(key, 'key.pem'),
    '-signature',
    join(folder, 'signature.bin'),
    join(folder, 'combined'),
  ];
  return promisify(execFile)('openssl', args).then(
    ({ stdout }) => stdout.trim(),
    error => (error.code === 'ENOENT' ? undefined : String(error.stdout).trim().split('\n')[0]),
  );
};

describe('the signature', () => {
  const results = csv(rows(0, 20));

  test.each(['rsa', 'ec'] as const)('%s fits, and OpenSSL agrees', async kind => {
    const bytes = signed(results, QUERY, KEYS[kind]);
    await expect(check(bytes, KEYS[kind])).resolves.toMatchObject({ encoding: 'utf8' });
    expect(await openssl(bytes, KEYS[kind].publicKey)).toSatisfy(said => said === undefined || said === 'Verified OK');
  });

  test('any one of several keys will do, in one file or in many', async () => {
    const [, both] = [
      await keysOf(KEYS.other, KEYS.ec),
      readKeys([await saved(KEYS.rsa.publicKey + KEYS.ec.publicKey)]),
    ];
    await expect(check(signed(results, QUERY, KEYS.ec), KEYS.other, KEYS.rsa, KEYS.ec)).resolves.toMatchObject({
      key: both[1]?.fingerprint,
    });
    expect(both).toHaveLength(2);
  });

  const signature = createSign('sha256').update(results).update(QUERY).sign(KEYS.rsa.privateKey);
  const parts = { 'results.csv': results, 'audit_logs_query.txt': QUERY, 'signature.bin': signature };
  const { 'signature.bin': _, ...unsigned } = parts;
  test.each([
    ['changed rows', { ...parts, 'results.csv': results.toString().replace('success', 'failure') }],
    ['a changed query', { ...parts, 'audit_logs_query.txt': '{"filters": {"status": "failure"}}\n' }],
    [
      'a byte moved from the results to the query',
      { ...parts, 'results.csv': results.subarray(0, -1), 'audit_logs_query.txt': `${QUERY}\n` },
    ],
    ['an empty signature', { ...parts, 'signature.bin': '' }],
    ['a signature that is none', { ...parts, 'signature.bin': 'not a signature' }],
    ['no signature', unsigned],
  ])('%s: refused, and OpenSSL agrees', async (_name, entries) => {
    const bytes = await zip(entries as Record<string, Buffer | string>);
    await expect(check(bytes, KEYS.rsa)).rejects.toEqual(fault('E_SIGNATURE', /signature/));
    expect(await openssl(bytes, KEYS.rsa.publicKey)).not.toBe('Verified OK');
  });

  test('a foreign key is refused, and OpenSSL agrees', async () => {
    await expect(check(signed(results), KEYS.other, KEYS.ec)).rejects.toEqual(
      fault('E_SIGNATURE', /keys tried: \w{16}, \w{16}/),
    );
    expect(await openssl(signed(results), KEYS.other.publicKey)).not.toBe('Verified OK');
  });

  test('rows that were moved to the query fit the signature, but are found', async () => {
    // The cut between the two files is not signed: this is the vendor's format, and OpenSSL cannot tell either.
    const cut = results.lastIndexOf('\n', results.length - 2) + 1;
    const moved = await zip({
      ...parts,
      'results.csv': results.subarray(0, cut),
      'audit_logs_query.txt': Buffer.concat([results.subarray(cut), QUERY]),
    });
    const verified = await check(moved, KEYS.rsa);
    await expect(opened(moved, archive => refuseMovedRows(archive, verified, {}))).rejects.toEqual(
      fault('E_SIGNATURE', /row/),
    );
    await expect(opened(signed(results), archive => refuseMovedRows(archive, verified, {}))).resolves.toBeUndefined();
  });

  test('the older name of the query is as good', async () => {
    const { 'audit_logs_query.txt': query, ...rest } = parts;
    await expect(check(await zip({ ...rest, 'audit_log_query.txt': query }), KEYS.rsa)).resolves.toBeDefined();
  });

  test('an answer for a terminal', async () => {
    const [good, bad] = [await saved(signed(results), 'a.zip'), await saved(await zip(unsigned), 'b.zip')];
    const key = await saved(KEYS.rsa.publicKey);
    await expect(verifyArchive(good, [key])).resolves.toMatchObject({
      verified: true,
      text: 'Verified OK',
      exitCode: 0,
    });
    await expect(verifyArchive(bad, [key])).resolves.toMatchObject({
      verified: false,
      text: 'Verification failure',
      reason: /missing/,
      exitCode: 1,
    } as object);
    await expect(verifyArchive(`${good}.gone`, [key])).rejects.toMatchObject({ code: 'E_FOLDER' });
    await expect(verifyArchive(good, [`${key}.gone`])).rejects.toMatchObject({ code: 'E_KEY' });
  });
});

describe('keys', () => {
  const pem = (key: { export(o: object): string | Buffer }, type: string) =>
    String(key.export({ type, format: 'pem' }));
  const ed = generateKeyPairSync('ed25519');
  test.each([
    ['nothing', 'hello', /no key in PEM/],
    ['a private key', pem(KEYS.rsa.privateKey as never, 'pkcs8'), /private key/],
    ['a key that cannot sign this', pem(ed.publicKey as never, 'spki'), /type ed25519/],
    [
      'a damaged key',
      KEYS.rsa.publicKey.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'),
      /cannot|no public key/,
    ],
  ])('%s is refused', async (_name, text, words) => {
    const path = await saved(text);
    expect(() => readKeys([path])).toThrow(
      expect.objectContaining({ code: 'E_KEY', kind: 'denied', message: expect.stringMatching(words) }),
    );
  });
});

test('the archive of the fixtures is read by the vendor’s own instructions', async () => {
  const bytes = await readFile(new URL('../../receivers/opaque/fixtures/export.zip', import.meta.url)).catch(
    () => undefined,
  );
  if (!bytes) return;
  const key = await readFile(new URL('../../receivers/opaque/fixtures/opaque.pem', import.meta.url), 'utf8');
  expect(await openssl(bytes, key)).toSatisfy(said => said === undefined || said === 'Verified OK');
});
