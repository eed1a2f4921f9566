// What an operator may do to a state: positions that are moved, renamed, copied and judged, each change whole, refused
// beside a running engine, and kept in the history.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditRecord, Json, Write } from '../../src/model.ts';
import { DAY, HOUR } from '../../src/options.ts';
import { refuseRenamed } from '../../src/runtime/adoption.ts';
import { KEPT, readHistory } from '../../src/runtime/state/history-sqlite.ts';
import { HIGHEST } from '../../src/runtime/state/position-sqlite.ts';
import { checkState } from '../../src/runtime/state/state-check.ts';
import { exportState, importState } from '../../src/runtime/state/state-copy.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { changeState, markedSince, readStandings, type Tools } from '../../src/runtime/state/state-tools.ts';
import { readDeadLetters } from '../support/letters.ts';

const origin = { receiver: 'opal', type: 'opal', site: 'https://api.example', tenant: '', feed: '' };
const identity = 'opal https%3A%2F%2Fapi.example  ';
const space = `audit/dedupe/${identity}`;
const NOW = Date.UTC(2026, 0, 15, 12);
const record: AuditRecord = { id: 'r', time: [0, 0], observed: [0, 0], origin, raw: { id: 'r' } };
const move = (after: number, more: { low?: number; date?: number; position?: Json } = {}): Write => ({
  kind: 'move',
  receiver: 'opal',
  identity,
  move: { after, position: more.position ?? { at: after + 1 }, low: more.low ?? 0, date: more.date ?? 0 },
});
const mark = (ids: readonly string[]): Write => ({ kind: 'mark', space, ids, remember: DAY });
const put = (key: string): Write => ({ kind: 'set', space: 'exporter/out', key, value: { path: key } });
const dead: Write = { kind: 'dead', place: 'exporter/out', code: 'E_X', reason: 'no', count: 1, records: [record] };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-tools-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Commits one after the other, as an engine did that has ended. */
const lived = async (...commits: readonly { readonly writes: readonly Write[]; readonly now?: number }[]) => {
  const store = openState(folder);
  for (const { writes, now = NOW } of commits) await store.commit(writes, now);
  await store.close();
};
const change = <T>(work: (tools: Tools) => T): T => changeState(folder, NOW, work);
const toGems = { from: 'opal', to: 'gems', identity, reason: '' };
const note = { command: 'state set', receiver: 'opal', identity, before: null, after: '1', reason: 'a test' };

describe('a change by hand', () => {
  test('moves a position, and what was read from the old one can be committed no more', async () => {
    await lived({ writes: [move(0, { low: 500 })] });
    change(({ put }) => put('opal', identity, { at: 'elsewhere' }, 100));
    const store = openState(folder);
    expect(await store.position('opal', identity)).toEqual({ count: 2, value: { at: 'elsewhere' } });
    await expect(store.commit([move(1)], NOW)).rejects.toMatchObject({ code: 'E_COMMIT_STALE' });
    await store.close();
    const highest = readStandings(folder).entries.find(entry => entry.space === HIGHEST);
    expect(highest?.value).toBe('500'); // what is older than this may be forgotten, wherever it stands now
  });

  test('is refused beside a running engine, while reading is not', async () => {
    const store = openState(folder);
    await store.commit([move(0)], NOW);
    expect(() => change(({ put }) => put('opal', identity, 1, 1))).toThrow(
      expect.objectContaining({ code: 'E_STATE_OWNED' }),
    );
    expect(readStandings(folder).positions).toMatchObject([{ receiver: 'opal', count: 1 }]);
    await store.close();
  });

  test('that fails leaves nothing, in the history neither', async () => {
    await lived({ writes: [move(0)] });
    const failing = () =>
      change(tools => {
        tools.put('opal', identity, 'gone', 1);
        tools.note(note);
        throw new Error('out of luck');
      });
    expect(failing).toThrow('out of luck');
    expect(readStandings(folder).positions[0]?.value).toBe('{"at":1}');
    expect(readHistory(folder).changes).toEqual([]);
  });

  test('forgets marks from a moment on, of one space', async () => {
    await lived(
      { writes: [move(0, { date: 1000 }), mark(['old'])] },
      { writes: [move(1, { date: 2000 }), mark(['a', 'b']), { ...mark(['x']), space: 'other' } as Write] },
    );
    expect(markedSince(folder, space, 2000)).toBe(2);
    expect(change(({ forget }) => forget(space, 2000))).toBe(2);
    const store = openState(folder);
    expect(await store.known(space, ['old', 'a', 'b'])).toEqual(new Set(['old']));
    expect(await store.known('other', ['x'])).toEqual(new Set(['x']));
    await store.close();
  });

  test('gives all that a receiver has to its new name', async () => {
    await lived({
      writes: [move(0), put('opal'), put('other'), dead, { kind: 'enqueue', queue: 'q', records: [record] }],
    });
    expect(change(({ adopt }) => adopt(toGems)).left).toEqual([]);
    const { positions, entries } = readStandings(folder);
    expect(positions.map(row => row.receiver)).toEqual(['gems']);
    expect(entries.map(entry => entry.key)).toEqual(['gems', 'other', `gems ${identity}`]);
    expect(entries[0]?.value).toBe('{"path":"opal"}'); // the file of the old name: it is finished under it
    expect(readDeadLetters(folder)[0]?.record.origin.receiver).toBe('gems');
    const store = openState(folder);
    const rows = await store.rows('q', { records: 10, bytes: 1e6 });
    expect(rows[0]?.records[0]?.origin).toEqual({ ...origin, receiver: 'gems' });
    await store.close();
    expect(readHistory(folder).trail.map(stood => stood.receiver)).toEqual(['gems']);
  });

  test('gives nothing to a name that stands there itself, or of one that stands nowhere', async () => {
    await lived({ writes: [move(0)] }, { writes: [{ ...move(0), receiver: 'gems' } as Write] });
    expect(() => change(({ adopt }) => adopt(toGems))).toThrow("'gems' has a position of its own already");
    expect(() => change(({ adopt }) => adopt({ ...toGems, from: 'none' }))).toThrow("'none' has no position any more");
  });

  test('keeps an entry where the new name has one of its own, and says so', async () => {
    await lived({ writes: [move(0), put('opal'), put('gems')] });
    expect(change(({ adopt }) => adopt(toGems)).left).toMatchObject([{ key: 'opal' }]);
    expect(readStandings(folder).entries.map(entry => entry.key)).toEqual(['gems', 'opal', `gems ${identity}`]);
  });
});

describe('the history', () => {
  test('has each change by hand, and the position of one delivery an hour, for 30 days', async () => {
    await lived(
      { writes: [move(0)], now: NOW },
      { writes: [move(1)], now: NOW + HOUR / 2 },
      { writes: [move(2)], now: NOW + HOUR },
      { writes: [move(3, { position: 'x'.repeat(KEPT.position) })], now: NOW + 2 * HOUR },
    );
    change(tools => tools.note(note));
    const before = readHistory(folder);
    expect(before.changes).toEqual([{ time: NOW, ...note }]);
    expect(before.trail.map(({ time, value }) => [time - NOW, value])).toEqual([
      [0, '{"at":1}'],
      [HOUR, '{"at":3}'],
      [2 * HOUR, null], // too large to be kept
    ]);
    await lived({ writes: [move(4)], now: NOW + KEPT.trail + 2 * HOUR });
    expect(readHistory(folder).trail.map(({ time }) => time - NOW)).toEqual([2 * HOUR, KEPT.trail + 2 * HOUR]);
  });

  test('of changes is bounded: the oldest go', async () => {
    await lived();
    change(tools => {
      for (let i = 0; i < KEPT.changes + 3; i++) tools.note({ ...note, reason: String(i) });
    });
    const { changes } = readHistory(folder);
    expect(changes.length).toBe(KEPT.changes);
    expect(changes[0]?.reason).toBe('3');
  });
});

describe('a renamed receiver', () => {
  const named = (receiver: string, of = identity) => ({ receiver, identity: of });
  test('is told from a new one, and from a second one', () => {
    expect(() => refuseRenamed([named('gems')], [named('opal')])).toThrow('tributary state adopt opal gems');
    for (const [receivers, positions] of [
      [[named('gems')], []], // new
      [[named('gems')], [named('opal', 'of another log')]],
      [[named('gems')], [named('gems'), named('opal')]], // begun already
      [[named('gems'), named('opal')], [named('opal')]], // both are there
    ] as const)
      expect(() => refuseRenamed(receivers, positions)).not.toThrow();
  });
});

describe('a copy', () => {
  const file = () => join(folder, 'copy.db');
  test('is taken beside a running engine, for its owner only, and makes the same state elsewhere', async () => {
    const store = openState(folder);
    await store.commit([move(0), mark(['a']), put('opal'), dead], NOW);
    await exportState(folder, file());
    await store.commit([move(1)], NOW);
    await store.close();
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    const elsewhere = join(folder, 'elsewhere');
    await importState(elsewhere, file(), { now: NOW, force: false });
    expect(readStandings(elsewhere).positions).toMatchObject([{ receiver: 'opal', count: 1 }]);
    expect(readDeadLetters(elsewhere)).toHaveLength(1);
    expect(readHistory(elsewhere).changes).toMatchObject([{ command: 'state import', reason: file() }]);
    const there = openState(elsewhere);
    expect(await there.known(space, ['a'])).toEqual(new Set(['a']));
    expect(statSync(join(elsewhere, 'state.db')).mode & 0o777).toBe(0o600);
    await there.close();
  });

  test('does not take the place of a file, nor of a state that is not empty', async () => {
    await lived({ writes: [move(0)] });
    await exportState(folder, file());
    await expect(exportState(folder, file())).rejects.toMatchObject({ code: 'E_STATE_COPY' });
    await lived({ writes: [move(1)] });
    await expect(importState(folder, file(), { now: NOW, force: false })).rejects.toThrow('not empty');
    expect(readStandings(folder).positions).toMatchObject([{ count: 2 }]);
    const store = openState(folder);
    await expect(importState(folder, file(), { now: NOW, force: true })).rejects.toMatchObject({
      code: 'E_STATE_OWNED',
    });
    await store.close();
    await importState(folder, file(), { now: NOW, force: true });
    expect(readStandings(folder).positions).toMatchObject([{ count: 1 }]);
  });

  test('that is none is refused, and changes nothing', async () => {
    await lived({ writes: [move(0)] });
    writeFileSync(file(), 'a shopping list');
    await expect(importState(folder, file(), { now: NOW, force: true })).rejects.toThrow('no sound copy');
    const other = new DatabaseSync(join(folder, 'other.db'));
    other.exec('create table shopping (list text)');
    other.close();
    await expect(importState(folder, join(folder, 'other.db'), { now: NOW, force: true })).rejects.toThrow('no state');
    await expect(importState(folder, join(folder, 'nowhere'), { now: NOW, force: true })).rejects.toThrow(
      'there is no',
    );
    expect(readStandings(folder).positions).toMatchObject([{ count: 1 }]);
  });
});

describe('a check', () => {
  const spoil = (sql: string) => {
    const db = new DatabaseSync(join(folder, 'state.db'));
    db.exec(sql);
    db.close();
  };
  test('finds nothing wrong with a sound state', async () => {
    await lived({ writes: [move(0), mark(['a']), put('opal'), dead] });
    expect(checkState(folder).problems).toEqual([]);
  });

  test.each([
    ['a position that is not JSON', "update positions set value = '{'", 'positions, opal'],
    ['an entry that is not JSON', "update entries set value = 'x'", 'entries, exporter/out opal'],
    ['a letter that is not JSON', "update dead set record = ''", 'dead, 1'],
    ['a block of marks that is cut', "update marks set ids = x'0102'", 'marks of audit/dedupe'],
    ['a count that cannot be', 'update positions set count = 0', 'position of opal'],
  ])('finds %s', async (_, sql, told) => {
    await lived({ writes: [move(0), mark(['a']), put('opal'), dead] });
    spoil(sql);
    expect(checkState(folder).problems.join('\n')).toContain(told);
  });
});
