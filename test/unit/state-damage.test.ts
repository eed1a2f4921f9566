// A state file with flipped bytes, or cut short, anywhere: it is refused or held with a clear message, or what is damaged did
// not matter; never is an event skipped. Put back from a backup, it goes on.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, expect, test } from 'vitest';
import { queued } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import type { Code } from '../../src/faults.ts';
import { MINUTE } from '../../src/options.ts';
import { readWaits } from '../../src/runtime/review/review-store.ts';
import { lettersOf } from '../../src/runtime/state/letters-sqlite.ts';
import { checkState } from '../../src/runtime/state/state-check.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { dice } from '../property/crash/dice.ts';
import { sinkOf, start, vendor } from '../support/engine.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { readDeadLetters } from '../support/letters.ts';

const [BEFORE, AFTER] = [20, 24]; // pages
const idsOf = (pages: number) => Array.from({ length: pages }, (_, n) => [`${n}a`, `${n}b`]).flat();
const down = sinkOf(async () => {
  throw new Fault('E_NETWORK', 'connection refused');
});
const into = (got: string[]) => sinkOf(async records => void got.push(...records.map(({ id }) => id)));

/** What an operator may read of a state that is damaged. */
const NAMED: readonly Code[] = ['E_STATE_CORRUPT', 'E_STATE_OPEN', 'E_STATE_NEWER', 'E_STATE_WRITE', 'E_QUEUE_ROW'];

const made: string[] = [];
const folderOf = (files: Readonly<Record<string, Buffer>>) => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-damaged-'));
  made.push(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  return folder;
};

/** A state as it lies on the disk while it is open: mostly in its log; and when it was closed: in one file. */
const copies: Record<'open' | 'closed', Record<string, Buffer>> = { open: {}, closed: {} };
const straight: string[] = []; // what was delivered before
beforeAll(async () => {
  const folder = folderOf({});
  const store = openState(folder);
  const world = vendor(BEFORE);
  const exporters = { straight: into(straight), kept: queued(down, { limit: '1GiB' }) };
  const engine = await start({ exporters }, world, {}, [], { store, folder });
  await world.clock.advance(MINUTE);
  engine.stop();
  await world.clock.run(engine.ended);
  const read = (name: string) => readFileSync(join(folder, name));
  copies.open = { 'state.db': read('state.db'), 'state.db-wal': read('state.db-wal') };
  await store.close();
  copies.closed = { 'state.db': read('state.db') };
  return () => {
    for (const each of made) rmSync(each, { recursive: true });
  };
});

/** Goes on from a state: the faults that end it, and what was delivered neither before nor after. */
const goOn = async (files: Readonly<Record<string, Buffer>>) => {
  const folder = folderOf(files);
  const [got, kept]: [string[], string[]] = [[], []];
  const store = openState(folder);
  try {
    const world = vendor(AFTER);
    const exporters = { straight: into(got), kept: queued(into(kept), { limit: '1GiB' }) };
    const once = { once: { patience: MINUTE } };
    const engine = await start({ exporters }, world, once, [], { store, folder });
    const endings = await world.clock.run(engine.ended);
    const causes = endings.flatMap(({ fault }) => (fault ? [fault.cause instanceof Fault ? fault.cause : fault] : []));
    const all = idsOf(AFTER);
    const lost = all.filter(id => !(straight.includes(id) || got.includes(id)) || !kept.includes(id));
    return { causes, lost };
  } finally {
    await store.close();
  }
};

/** It is refused or held by name, or nothing is lost; and what only reads says it, too. */
const survives = async (files: Readonly<Record<string, Buffer>>) => {
  const told = (error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    expect(NAMED).toContain(error.code);
    expect(error.message.length).toBeGreaterThan(20);
    return error.code;
  };
  const run = await goOn(files).catch(error => ({ causes: [error], lost: [] }));
  const codes = run.causes.map(told);
  if (codes.length === 0) expect(run.lost).toEqual([]);
  try {
    checkState(folderOf(files));
  } catch (error) {
    told(error);
  }
  return codes[0] ?? 'fine';
};

const flip = (bytes: Buffer, at: number, mask: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= mask;
  return copy;
};

const { between, pick } = dice(1);
const HEADER = [0, 16, 18, 28, 47, 56, 63, 100, 103, 110];

test('flipped bits in the header and the pages of the file: refused, held, or harmless', async () => {
  const file = copies.closed['state.db']!;
  const pages = Array.from({ length: file.length >> 12 }, (_, page) => page << 12).slice(1);
  const inPages = [
    ...pages.map(page => page + pick(0, 3, 5, 8)),
    ...Array.from({ length: 24 }, () => between(100, file.length - 1)),
  ];
  const outcomes = new Map<string, number>();
  for (const at of [...HEADER, ...inPages]) {
    const outcome = await survives({ 'state.db': flip(file, at, pick(0x01, 0x10, 0x80)) });
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  expect(outcomes.get('E_STATE_CORRUPT')).toBeGreaterThan(5); // the damage was real
});

test('flipped bits in the log of an open state: what was committed last is read again', async () => {
  const log = copies.open['state.db-wal']!;
  for (const at of [0, 8, 24, 32, 40, 56, 600, log.length >> 1, log.length - 1])
    expect(await survives({ ...copies.open, 'state.db-wal': flip(log, at, 0x04) })).toBe('fine');
});

test('cut short anywhere: refused, or read again', async () => {
  const [file, log] = [copies.closed['state.db']!, copies.open['state.db-wal']!];
  for (const at of [0, 1, 50, 100, 4095, 4096, 5000, file.length >> 1, file.length - 4096, file.length - 1])
    await survives({ 'state.db': file.subarray(0, at) });
  for (const at of [0, 20, 32, 4000, log.length >> 1, log.length - 1])
    expect(await survives({ ...copies.open, 'state.db-wal': log.subarray(0, at) })).toBe('fine');
});

test('one bit of a position or of an entry, which would skip events or cut a file: named, and held', async () => {
  const file = copies.closed['state.db']!;
  const at = file.indexOf(`"${BEFORE}"`); // the cursor of the last position
  expect(at).toBeGreaterThan(0);
  const spoilt = flip(file, at + 1, 0x01);
  expect(await survives({ 'state.db': spoilt })).toBe('E_STATE_CORRUPT');
  expect(checkState(folderOf({ 'state.db': spoilt })).problems).toEqual(['position of sim: not what was written']);
});

/** A closed state in which something was done behind the back of everybody. */
const tampered = (sql: string) => {
  const folder = folderOf({ 'state.db': copies.closed['state.db']! });
  const db = new DatabaseSync(join(folder, 'state.db'));
  db.exec(sql);
  db.close();
  return folder;
};

test('a position that is gone is not taken for a receiver that never began: it would begin behind what it missed', async () => {
  const folder = tampered('delete from positions');
  expect(checkState(folder).problems).toEqual([expect.stringMatching(/^position of sim .*: it is gone$/)]);
  const { causes } = await goOn({ 'state.db': readFileSync(join(folder, 'state.db')) });
  expect(causes).toEqual([
    expect.objectContaining({
      code: 'E_STATE_CORRUPT',
      message: expect.stringContaining('the position of sim is gone'),
    }),
  ]);
});

test('a dead letter that is not what was written is named, and the others are read', async () => {
  const folder = folderOf({});
  const store = openState(folder);
  const records = sampleRecords(3);
  await store.commit([{ kind: 'dead', place: 'exporter/x', code: 'E_X', reason: 'no', count: 3, records }], 1);
  await store.close();
  const db = new DatabaseSync(join(folder, 'state.db'));
  db.exec(
    `update dead set record = replace(record, '"opal-1"', '"opal-3"') where seq = 2; update dead set record = '{' where seq = 3`,
  );
  db.close();
  const named = (seq: number) =>
    expect.objectContaining({ code: 'E_STATE_CORRUPT', message: expect.stringContaining(`dead letter ${seq}`) });
  expect(() => readDeadLetters(folder)).toThrow(named(2));
  const damaged: Fault[] = [];
  const read = [...lettersOf(folder, [1, 2, 3], fault => damaged.push(fault))];
  expect([read.map(({ seq }) => seq), damaged]).toEqual([[1], [named(2), named(3)]]);
  expect(checkState(folder).problems).toEqual(
    expect.arrayContaining([expect.stringContaining('dead letter 2: not what')]),
  );
});

test('a wait that is not what was written is no wait: a vendor is not left alone for years', async () => {
  const folder = folderOf({});
  const store = openState(folder);
  const waits = [
    { key: 'a', noted: 1, until: 60_000 },
    { key: 'b', noted: 1, until: 60_000 },
  ];
  await store.note({ drift: [], gaps: [], waits }, 1);
  await store.close();
  const db = new DatabaseSync(join(folder, 'state.db'));
  db.exec(`update waits set until = until + (1 << 40) where key = 'a'`);
  db.close();
  expect(readWaits(folder)).toEqual([waits[1]]);
  const again = openState(folder);
  expect(await again.waits()).toEqual([waits[1]]);
  await again.close();
});

test('put back from a backup, it goes on: everything is delivered', async () => {
  for (const files of [copies.open, copies.closed]) expect(await goOn(files)).toEqual({ causes: [], lost: [] });
});
