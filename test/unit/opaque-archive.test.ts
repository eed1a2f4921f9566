// An export archive is believed when it is small enough, holds what it should, and its signature fits; before that, not
// one row of it is seen.
import { execFile } from 'node:child_process';
import { createSign, generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BOUNDS } from '../../receivers/opaque/archive.ts';
import { refuseMovedRows } from '../../receivers/opaque/boundary.ts';
import { filtered } from '../../receivers/opaque/query.ts';
import { readRecords } from '../../receivers/opaque/records.ts';
import { readRows } from '../../receivers/opaque/rows.ts';
import { readKeys, verify } from '../../receivers/opaque/signature.ts';
import { verifyArchive } from '../../receivers/opaque/verify.ts';
import type { AuditRecord } from '../../src/index.ts';
import { csv, HEADER, KEYS, keysOf, opened, QUERY, rows, saved, signed, temporary, zip } from '../support/opaque.ts';

const fault = (code: string, words: RegExp) =>
  expect.objectContaining({ code, kind: 'rejected', message: expect.stringMatching(words) });

const ORIGIN = { receiver: 'opaque', type: 'opaque', site: 'drop', tenant: '', feed: '' };

const read = async (results: Buffer | string, query?: string): Promise<readonly AuditRecord[]> =>
  opened(signed(results, query), async archive => {
    const verified = await verify(archive, await keysOf(KEYS.rsa));
    const about = {
      name: 'export.zip',
      digest: 'd'.repeat(64),
      verified,
      origin: ORIGIN,
      columns: {},
      observed: Date.UTC(2026, 0, 20),
    };
    const found: AuditRecord[] = [];
    for await (const { record } of readRecords(archive, about)) found.push(record);
    return found;
  });

const cells = (records: readonly AuditRecord[]) =>
  records.map(({ raw }) => (raw as { row?: object; text?: string }).row ?? (raw as { text: string }).text);

const check = async (bytes: Buffer, ...keys: readonly { readonly publicKey: string }[]) =>
  opened(bytes, async archive => verify(archive, await keysOf(...keys)));

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

describe('rows', () => {
  const line = (id: string, action = 'Log in') => [
    id,
    'ada@example.com',
    '',
    action,
    '2026-01-15T08:00:00.123456789Z',
    'success',
  ];
  const ids = (records: readonly AuditRecord[]) => records.map(r => r.id);

  test('a byte order mark, CRLF, quoted commas, quotes and line ends', async () => {
    const text = `\uFEFF${HEADER.join(',')}\r\nevt-1,"Roe, ""Ada""",,"two\r\nlines",2026-01-15T08:00:00+02:00,success\r\n\r\n`;
    const [record, ...others] = await read(text);
    expect(others).toEqual([]);
    expect(record).toMatchObject({
      id: 'evt-1',
      time: [Date.UTC(2026, 0, 15, 6) / 1000, 0],
      raw: {
        row: { 'Event ID': 'evt-1', Actor: 'Roe, "Ada"', Workspace: '', Action: 'two\r\nlines' },
        export: { row: 1, signature: 'verified', filtered: 'no' },
      },
    });
    expect(record).not.toHaveProperty('guessed');
  });

  test('a byte order mark before a quoted header', async () => {
    const [record] = await read(`\uFEFF"Event ID","Action"\r\n"evt-1","Log in"\r\n`);
    expect(record?.raw).toMatchObject({ row: { 'Event ID': 'evt-1', Action: 'Log in' } });
  });

  test.each(['\n', '\r\n', '\r'])('line ends %j', async end => {
    const text = [HEADER, line('evt-1'), line('evt-2')].map(cells => cells.join(',')).join(end);
    expect(ids(await read(text))).toEqual(['evt-1', 'evt-2']);
  });

  test('a row without an event id has the digest of its content and how often it came before', async () => {
    const [header, ...body] = [HEADER.slice(1), line('').slice(1), line('').slice(1), line('', 'Log out').slice(1)];
    const first = await read(csv(body, header));
    expect(new Set(ids(first)).size).toBe(3);
    expect(first[1]?.id).toBe(`${first[0]?.id}.1`);
    expect(first[0]?.guessed).toBe('id');
    const reordered = await read(
      csv(
        [body[2]!, body[0]!].map(cells => cells.toReversed()),
        header!.map(name => name.toUpperCase()).toReversed(),
      ),
    );
    expect(ids(reordered)).toEqual([first[2]?.id, first[0]?.id]);
  });

  test('a column that is merely called id is believed only where it can be unique', async () => {
    const header = ['id', 'action', 'timestamp'];
    const [numbered, long] = await read(
      csv(
        [
          ['1', 'Log in', '2026-01-15T08:00:00Z'],
          ['0123456789abcdef', 'Log in', '2026-01-15T08:00:00Z'],
        ],
        header,
      ),
    );
    expect(numbered).toMatchObject({ guessed: 'id' });
    expect(numbered?.id).not.toBe('1');
    expect(long?.id).toBe('0123456789abcdef');
  });

  test('a row with more cells than the header, one with fewer, one without a time', async () => {
    const records = await read(`${HEADER.join(',')}\nevt-1,a,b,c,d,e,f,g\nevt-2,ada,,Log in\n`);
    expect(records[0]).toMatchObject({
      guessed: 'both',
      raw: { row: { 'column 8': 'g' }, export: { problem: 'the row has 8 cells, the header 6' } },
    });
    expect(records[1]).toMatchObject({ id: 'evt-2', guessed: 'time', raw: { row: { Action: 'Log in' } } });
    expect(records[1]?.raw).not.toHaveProperty('export.problem');
  });

  test('a quote that nobody closes costs one line, not the rest', async () => {
    const text = `${HEADER.join(',')}\n${line('evt-1').join(',')}\nevt-2,"ada\n${line('evt-3').join(',')}\n${line('evt-4').join(',')}\n`;
    const records = await read(text);
    expect(cells(records).slice(1, 2)).toEqual(['evt-2,"ada']);
    expect(records.filter(r => !r.guessed).map(r => r.id)).toEqual(['evt-1', 'evt-3', 'evt-4']);
    expect(records[1]?.raw).toMatchObject({ export: { problem: 'not CSV: CSV_QUOTE_NOT_CLOSED', row: 2 } });
  });

  test('many such quotes, and a line without end: all of it comes out', async () => {
    const broken = Array.from({ length: 60 }, (_, i) => `evt-${i},"ada`);
    const huge = Array.from({ length: 3e5 }, (_, i) => (i * 7919) % 99_991).join(' ');
    const text = `${HEADER.join(',')}\n${broken.map(b => `${b}\nx"y,1`).join('\n')}\n${huge}\n`;
    const out = cells(await read(text))
      .map(c => (typeof c === 'string' ? c : Object.values(c).join(',')))
      .join('');
    expect(out.replaceAll('\n', '')).toBe(text.slice(text.indexOf('\n')).replaceAll('\n', ''));
  });

  test('any text at all, cut into any pieces: every character comes out, in its order', async () => {
    const piece = fc.oneof(
      fc.constantFrom('"', '""', ',', '\n', '\r\n', '\r', '"\n', ',"', 'evt-1', ' '),
      fc.string({ unit: 'grapheme' }),
    );
    const plain = (text: string) => text.replaceAll(/[",\r\n\uFEFF]/g, '');
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 60 }),
        fc.array(fc.nat(400), { maxLength: 5 }),
        async (pieces, cuts) => {
          const text = `Event ID,Action\n${pieces.join('')}`;
          const bytes = Buffer.from(text);
          const at = [0, ...cuts.filter(cut => cut < bytes.length).toSorted((a, b) => a - b), bytes.length];
          const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
          let out = '';
          for await (const row of readRows(async () => Readable.from(chunks), 'utf8'))
            out += row.text ?? Object.values(row.cells).join('');
          expect(plain(out)).toBe(plain(text).slice('Event IDAction'.length));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('no header at all: the first line is a row too', async () => {
    const records = await read('2026-01-15T08:00:00Z,ada,Log in\n2026-01-15T09:00:00Z,bob,Log in\n');
    expect(cells(records)).toEqual([
      { 'column 1': '2026-01-15T08:00:00Z', 'column 2': 'ada', 'column 3': 'Log in' },
      { 'column 1': '2026-01-15T09:00:00Z', 'column 2': 'bob', 'column 3': 'Log in' },
    ]);
  });

  test('headers that come twice, are missing, or are dangerous', async () => {
    const [record] = await read('Event ID,Action,action,,__proto__\nevt-1,Log in,second,third,fourth\n');
    expect(Object.entries((record!.raw as { row: object }).row)).toEqual([
      ['Event ID', 'evt-1'],
      ['Action', 'Log in'],
      ['action', 'second'],
      ['column 4', 'third'],
      ['__proto__', 'fourth'],
    ]);
  });

  test('bytes that are not UTF-8 lose nothing', async () => {
    const [record] = await read(
      Buffer.from(`${HEADER.join(',')}\nevt-1,Zoë,,Log in,2026-01-15T08:00:00Z,success\n`, 'latin1'),
    );
    expect(record?.raw).toMatchObject({ row: { Actor: 'Zoë' }, export: { encoding: 'latin1' } });
  });

  test('a header without rows is an empty export', async () => expect(await read(csv([]))).toEqual([]));

  test('100,000 rows in flat memory', async () => {
    const bytes = signed(csv(rows(0, 100_000)));
    let [most, count] = [0, 0];
    const before = process.memoryUsage().heapUsed;
    await opened(bytes, async archive => {
      const verified = await verify(archive, await keysOf(KEYS.rsa));
      const about = { name: 'x.zip', digest: 'd', verified, origin: ORIGIN, columns: {}, observed: 0 };
      for await (const { record } of readRecords(archive, about)) {
        if (record.origin === ORIGIN && count++ % 5000 === 0)
          most = Math.max(most, process.memoryUsage().heapUsed - before);
      }
    });
    expect(count).toBe(100_000);
    expect(most).toBeLessThan(64 * 2 ** 20); // the rows alone, all at once, take more than 100 MiB as objects
  });
});

describe('whether an export was filtered', () => {
  test.each([
    ['{"filters": {}}', 'no'],
    ['{"filters": {"status": "failure"}}', 'yes'],
    ['{"range": "30d", "filters": {"actor": [], "status": null}}', 'unknown'],
    ['filters: none', 'no'],
    ["SELECT * FROM audit_logs WHERE workspace = 'claims'", 'yes'],
    ["SELECT * FROM audit_logs WHERE action IN ('Log in')", 'yes'],
    ["SELECT * FROM audit_logs WHERE timestamp > '2026-01-01'", 'unknown'],
    ['actor=ada&range=7d', 'yes'],
    ['', 'unknown'],
  ])('%j: %s', (query, answer) => expect(filtered(query)).toBe(answer));
});

test('the archive of the fixtures is read by the vendor’s own instructions', async () => {
  const bytes = await readFile(new URL('../../receivers/opaque/fixtures/export.zip', import.meta.url)).catch(
    () => undefined,
  );
  if (!bytes) return;
  const key = await readFile(new URL('../../receivers/opaque/fixtures/opaque.pem', import.meta.url), 'utf8');
  expect(await openssl(bytes, key)).toSatisfy(said => said === undefined || said === 'Verified OK');
});
