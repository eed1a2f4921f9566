// The store: one transaction or none, positions that are counted, marks that follow the disk, files for their owner.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditRecord, Json, Write } from '../../src/model.ts';
import { listen } from '../../src/point.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { VERSION } from '../../src/runtime/state/tables.ts';
import { readDeadLetters } from '../support/letters.ts';

const origin = { receiver: 'opal', type: 'opal', site: 'https://api.example', tenant: '', feed: '' };
const identity = 'opal https%3A%2F%2Fapi.example  ';
const record = (id: string, part?: number): AuditRecord => ({
  id,
  time: [0, 0],
  observed: [0, 0],
  origin,
  raw: { id },
  ...(part !== undefined && { part }),
});
const move = (after: number, more: { low?: number; date?: number; position?: Json } = {}): Write => ({
  kind: 'move',
  receiver: 'opal',
  identity,
  move: { after, position: more.position ?? { at: after + 1 }, low: more.low ?? 0, date: more.date ?? 0 },
});
const mark = (ids: readonly string[], remember = 1000): Write => ({ kind: 'mark', space: 's', ids, remember });
const dead = (code: string, records: readonly AuditRecord[], count = records.length): Write => ({
  kind: 'dead',
  place: 'exporter/x',
  code,
  reason: 'no',
  count,
  records,
});

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-state-'));
  store = openState(folder);
});
afterEach(async () => {
  listen(undefined);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
const reopen = async () => {
  await store.close();
  store = openState(folder);
};

describe('a commit', () => {
  test('makes everything true, durably', async () => {
    await store.commit([move(0), mark(['a', 'b']), { kind: 'set', space: 's', key: 'k', value: { v: [1] } }], 5);
    for (const again of [false, true]) {
      if (again) await reopen();
      expect(await store.position('opal', identity)).toEqual({ count: 1, value: { at: 1 } });
      expect(await store.get('s', 'k')).toEqual({ v: [1] });
      expect(await store.known('s', ['a', 'b', 'c'])).toEqual(new Set(['a', 'b']));
      expect(await store.known('other', ['a'])).toEqual(new Set());
    }
  });

  test.each(['in commit', 'after writes'] as const)('that fails %s makes nothing true, in memory neither', async at => {
    await store.commit([move(0), mark(['a'])], 1);
    listen(name => {
      if (name === at) throw new Error('out of luck');
    });
    await expect(
      store.commit([move(1), mark(['b']), { kind: 'set', space: 's', key: 'k', value: 1 }], 2),
    ).rejects.toThrow('out of luck');
    listen(undefined);
    expect((await store.position('opal', identity))?.count).toBe(1);
    expect(await store.known('s', ['a', 'b'])).toEqual(new Set(['a']));
    expect(await store.get('s', 'k')).toBeUndefined();
    await store.commit([move(1), mark(['b'])], 3); // and the next one works
    expect(await store.known('s', ['a', 'b'])).toEqual(new Set(['a', 'b']));
  });

  test('refuses a move from another position than the stored one, also where the positions are equal', async () => {
    await store.commit([move(0, { position: 'same' })], 1);
    await store.commit([move(1, { position: 'same' })], 2);
    await expect(
      store.commit([move(1, { position: 'same' }), { kind: 'set', space: 's', key: 'k', value: 1 }], 3),
    ).rejects.toMatchObject({ code: 'E_COMMIT_STALE' });
    expect(await store.get('s', 'k')).toBeUndefined();
    expect((await store.position('opal', identity))?.count).toBe(2);
  });

  test('keeps a position under name and identity', async () => {
    await store.commit([move(0)], 1);
    expect(await store.position('opal', 'opal https%3A%2F%2Fother.example  ')).toBeUndefined();
    expect(await store.position('renamed', identity)).toBeUndefined();
  });

  test('gives a position another name; what was read under the old one is not committed any more', async () => {
    const adopt = { kind: 'adopt', from: 'opal', to: 'gems', identity, reason: '' } as const;
    await store.commit([move(0), mark(['a'])], 1);
    listen(name => {
      if (name === 'after writes') throw new Error('out of luck');
    });
    await expect(store.commit([adopt], 2)).rejects.toThrow('out of luck');
    listen(undefined);
    expect((await store.positions()).map(({ receiver }) => receiver)).toEqual(['opal']);

    await store.commit([adopt], 2);
    await expect(store.commit([move(1), mark(['b'])], 3)).rejects.toMatchObject({ code: 'E_COMMIT_STALE' });
    await expect(store.commit([adopt], 3)).rejects.toMatchObject({ code: 'E_ADOPT' });
    await store.commit([{ ...move(1), receiver: 'gems' } as Write, mark(['c'])], 4);
    for (const again of [false, true]) {
      if (again) await reopen();
      expect((await store.positions()).map(({ receiver, count }) => [receiver, count])).toEqual([['gems', 2]]);
      expect(await store.known('s', ['a', 'b', 'c'])).toEqual(new Set(['a', 'c']));
    }
  });

  test('null removes an entry', async () => {
    await store.commit([{ kind: 'set', space: 's', key: 'k', value: 1 }], 1);
    await store.commit([{ kind: 'set', space: 's', key: 'k', value: null }], 1);
    expect(await store.get('s', 'k')).toBeUndefined();
  });
});

test('a file that is mostly empty is made smaller by the next start; what is in it stays', async () => {
  const large = randomBytes(15 * 2 ** 20).toString('base64');
  const set = (key: string, value: Json) => ({ kind: 'set', space: 's', key, value }) as const;
  await store.commit([move(0), set('large', large), set('small', 1), mark(['a'])], 1);
  await store.commit([set('large', null)], 1);
  const size = () => statSync(join(folder, 'state.db')).size;
  await store.close();
  expect(size()).toBeGreaterThan(16 * 2 ** 20);
  const reader = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
  reader.exec('begin; select * from entries'); // somebody reads: it is left as it is
  store = openState(folder);
  expect(await store.get('s', 'small')).toBe(1);
  reader.close();
  await reopen();
  expect(await store.get('s', 'small')).toBe(1);
  expect(await store.known('s', ['a'])).toEqual(new Set(['a']));
  await store.close();
  expect(size()).toBeLessThan(2 ** 20);
  store = openState(folder);
});

describe('marks', () => {
  test('go when the low-water time has passed their date by `remember`, and not before', async () => {
    await store.commit([move(0, { date: 10_000 }), mark(['old'])], 1);
    await store.commit([move(1, { date: 20_000, low: 11_000 }), mark(['new'])], 1);
    expect(await store.known('s', ['old', 'new'])).toEqual(new Set(['old', 'new']));
    await store.commit([move(2, { date: 30_000, low: 11_001 }), mark(['newer'])], 1);
    expect(await store.known('s', ['old', 'new', 'newer'])).toEqual(new Set(['new', 'newer']));
    await reopen();
    expect(await store.known('s', ['old', 'new', 'newer'])).toEqual(new Set(['new', 'newer']));
  });
});

describe('dead letters', () => {
  test('one a culprit: read again it is counted, not kept twice', async () => {
    await store.commit([dead('E_PROCESSOR', [record('a')])], 100);
    await store.commit([dead('E_PROCESSOR', [record('a')]), dead('E_PROCESSOR', [record('a', 1)])], 200);
    const letters = readDeadLetters(folder); // beside the open store
    expect(letters.map(l => [l.record.id, l.record.part ?? 0, l.tries, l.first, l.last])).toEqual([
      ['a', 0, 2, 100, 200],
      ['a', 1, 1, 200, 200],
    ]);
  });

  test("of a partial success: every copy is kept, and the sink's own number counts", async () => {
    await store.commit([dead('E_SINK_PARTIAL', [record('a'), record('b'), record('c')], 2)], 100);
    expect(readDeadLetters(folder)).toHaveLength(3);
    expect(await store.deadSince(identity, 0)).toBe(2);
    expect(await store.deadSince(identity, 101)).toBe(0);
    expect(await store.deadSince('other', 0)).toBe(0);
  });
});

describe('opening', () => {
  test('the folder and its files are for their owner only', async () => {
    const inner = join(folder, 'deeper/state');
    await openState(inner).close();
    expect(statSync(inner).mode & 0o777).toBe(0o700);
    for (const name of ['state.db', 'owner.db']) expect(statSync(join(inner, name)).mode & 0o777).toBe(0o600);
    chmodSync(join(inner, 'state.db'), 0o644);
    await openState(inner).close();
    expect(statSync(join(inner, 'state.db')).mode & 0o777).toBe(0o600);
  });

  test('a second time is refused while the first lives', async () => {
    expect(() => openState(folder)).toThrow(expect.objectContaining({ code: 'E_STATE_OWNED' }));
    await reopen();
  });

  test('a newer state is refused and left as it is', async () => {
    await store.close();
    const db = new DatabaseSync(join(folder, 'state.db'));
    db.exec('pragma user_version = 99');
    db.close();
    expect(() => openState(folder)).toThrow(expect.objectContaining({ code: 'E_STATE_NEWER' }));
    const again = new DatabaseSync(join(folder, 'state.db'));
    expect(again.prepare('pragma user_version').get()).toEqual({ user_version: 99 });
    again.exec(`pragma user_version = ${VERSION}`);
    again.close();
    store = openState(folder);
  });

  test('what is no database, and what is no folder, is said so', async () => {
    const other = join(folder, 'other');
    expect(() => openState(join(folder, 'state.db', 'x'))).toThrow(expect.objectContaining({ code: 'E_STATE_OPEN' }));
    await openState(other).close();
    for (const name of ['state.db-wal', 'state.db-shm']) rmSync(join(other, name), { force: true });
    writeFileSync(join(other, 'state.db'), 'a shopping list '.repeat(1000));
    expect(() => openState(other)).toThrow(expect.objectContaining({ code: 'E_STATE_CORRUPT' }));
  });
});
