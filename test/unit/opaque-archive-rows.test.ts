// The rows of a verified export: each comes out whole, with an id, a time and its proof, however the CSV is written.
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRecords } from '../../receivers/opaque/records.ts';
import { readRows } from '../../receivers/opaque/rows.ts';
import { verify } from '../../receivers/opaque/signature.ts';
import type { AuditRecord } from '../../src/index.ts';
import { csv, HEADER, KEYS, keysOf, opened, rows, signed } from '../support/opaque.ts';

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
