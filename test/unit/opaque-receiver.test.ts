// A drop folder is read file by file, each row once, whatever is dropped and in whatever order; what is wrong from the
// start is said at the start.
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dedupe } from '../../processors/dedupe/index.ts';
import { opaque } from '../../receivers/opaque/index.ts';
import type { AuditRecord } from '../../src/index.ts';
import { testContext } from '../support/context.ts';
import { csv, KEYS, rows, signed } from '../support/opaque.ts';
import { create, drop, ids, idsOf, key, place, play, put, run } from '../support/opaque-drop.ts';

test('archives come in the order of their age, with their proof', async () => {
  await put('b.zip', signed(csv(rows(0, 3))));
  await put('a.zip', signed(csv(rows(3, 2))));
  await put('notes.txt', 'not an archive');
  const context = testContext({ folder: place });
  const played = await run(context, { directory: 'drop', organization: 'acme' });
  expect(ids(played)).toEqual(idsOf(0, 5));
  expect(played.records[3]).toMatchObject({
    origin: { type: 'opaque', site: 'drop', tenant: 'acme' },
    raw: {
      row: { Actor: 'ada@example.com' },
      export: { archive: 'a.zip', row: 1, signature: 'verified', filtered: 'no', sha256: /^\w{64}$/ },
    } as object,
  });
});

test('a folder that was read is not read again, by name, by age or by another receiver object', async () => {
  await put('a.zip', signed(csv(rows(0, 3))));
  const context = testContext();
  await run(context);
  await rename(join(drop(), 'a.zip'), join(drop(), 'renamed.zip'));
  await put('copy.zip', await readFile(join(drop(), 'renamed.zip')));
  const again = await run(context);
  expect(again.records).toEqual([]);
  expect(again.batches).toBe(0);
});

test('exports that overlap give each row once', async () => {
  const plain = (from: number, count: number) =>
    csv(
      rows(from, count).map(row => row.slice(1)),
      ['Actor', 'Workspace', 'Action', 'Timestamp', 'Status'],
    );
  for (const [i, [from, count]] of (
    [
      [0, 50],
      [20, 50],
      [0, 100],
      [99, 5],
    ] as const
  ).entries()) {
    await put(`ids-${i}.zip`, signed(csv(rows(from, count))));
    await put(`none-${i}.zip`, signed(plain(from, count)));
  }
  const context = testContext();
  const step = dedupe();
  const checked = step.schema['~standard'].validate(step.options);
  const processor = step.create(context, (checked as { value: unknown }).value);
  const kept: AuditRecord[] = [];
  for (const record of (await run(context)).records) {
    const { records, writes } = await processor.process([record]);
    kept.push(...records);
    context.commit(writes ?? []);
  }
  const given = kept.filter(r => !r.guessed);
  expect(ids({ records: given }).toSorted()).toEqual(idsOf(0, 104));
  expect(kept.length - given.length).toBe(104);
});

describe('what is wrong from the start is said at the start', () => {
  test.each([
    ['a folder that is not there', { directory: '/nowhere/at/all' }, 'E_FOLDER', /does not exist/],
    ['a key that is not there', { publicKey: '/nowhere.pem' }, 'E_KEY', /cannot be read/],
  ])('%s', (_name, options, code, words) => {
    expect(() => create(testContext(), options)).toThrow(
      expect.objectContaining({ code, kind: 'denied', message: expect.stringMatching(words) }),
    );
  });

  test.each([
    ['no key', { publicKey: [] }],
    ['an option that does not exist', { folder: 'x' }],
    ['a column that does not exist', { columns: { when: 'Time' } }],
    ['a duration that is none', { keep: 'forever' }],
  ])('%s', async (_name, options) => {
    const spec = opaque({ directory: 'x', publicKey: 'y', ...options } as never);
    expect(await spec.schema['~standard'].validate(spec.options)).toHaveProperty('issues');
  });

  test('a folder that goes away while it is watched is waited for', async () => {
    const context = testContext();
    const receiver = create(context);
    await rm(drop(), { recursive: true });
    context.report = (fault, wait) => {
      context.faults.push({ fault, wait });
      mkdirSync(drop());
      writeFileSync(join(drop(), 'a.zip'), signed(csv(rows(0, 2))));
    };
    expect(ids(await play(context, receiver))).toEqual(idsOf(0, 2));
    expect(context.faults[0]?.fault).toMatchObject({ code: 'E_FOLDER', kind: 'denied' });
  });

  test('a key that goes away holds the archive, and does not condemn it', async () => {
    await put('a.zip', signed(csv(rows(0, 2))));
    const context = testContext();
    const receiver = create(context);
    await rm(key);
    context.report = (fault, wait) => {
      context.faults.push({ fault, wait });
      writeFileSync(key, KEYS.rsa.publicKey);
    };
    expect(ids(await play(context, receiver))).toEqual(idsOf(0, 2));
    expect(context.faults[0]?.fault).toMatchObject({ code: 'E_KEY' });
    expect((await stat(join(drop(), 'a.zip'))).isFile()).toBe(true);
  });
});

test('headers that are not recognized by themselves can be named', async () => {
  const body = [['2026-01-15T08:00:00Z', 'Log in', '7']];
  await put('a.zip', signed(csv(body, ['Occurred', 'What', 'Ref'])));
  const { records } = await run(testContext(), { columns: { time: 'occurred', action: 'What', id: 'Ref' } });
  expect(records[0]).toMatchObject({
    id: '7',
    time: [Date.UTC(2026, 0, 15, 8) / 1000, 0],
    raw: { export: { columns: { action: 'What' } } },
  });
});
