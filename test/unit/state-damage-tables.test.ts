// One bit of one cell, in every column of every table of a state: it is named, by the run or by `state check`, or it did not
// matter. Nothing is lost, nothing is in a file twice, and no letter goes out altered.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { file } from '../../exporters/file/index.ts';
import { dedupe } from '../../processors/dedupe/index.ts';
import { defineProcessor } from '../../src/component.ts';
import { queued } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import { MINUTE } from '../../src/options.ts';
import { readLedger } from '../../src/runtime/ledger/ledger-read.ts';
import { verifyQueues } from '../../src/runtime/queue/queue-read.ts';
import { readWaits } from '../../src/runtime/review/review-store.ts';
import { readHistory } from '../../src/runtime/state/history-sqlite.ts';
import { lettersOf, listDeadLetters } from '../../src/runtime/state/letters-sqlite.ts';
import { readNotes } from '../../src/runtime/state/notes-sqlite.ts';
import { checkState } from '../../src/runtime/state/state-check.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { changeState, readStandings } from '../../src/runtime/state/state-tools.ts';
import { none, sinkOf, start, vendor } from '../support/engine.ts';
import { linesIn } from '../support/program.ts';

const [BEFORE, AFTER] = [4, 6]; // pages
const DEAD = '1a';
const all = Array.from({ length: AFTER }, (_, n) => [`${n}a`, `${n}b`])
  .flat()
  .filter(id => id !== DEAD);
const picky = defineProcessor({
  type: 'picky',
  options: none,
  create: () => ({
    process: async records => {
      if (records.some(({ id }) => id === DEAD)) throw new TypeError('not this one');
      return { records };
    },
  }),
})({});

const made: string[] = [];
afterAll(() => {
  for (const each of made) rmSync(each, { recursive: true });
});
const folderOf = (from?: string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-cells-'));
  made.push(folder);
  if (from !== undefined) cpSync(from, folder, { recursive: true });
  return folder;
};

/** Reads so many pages into a file and a queue, as `once` does; the faults that it ends with, and what it says. */
const go = async (folder: string, pages: number, send: (ids: readonly string[]) => void) => {
  const lines: { message: string }[] = [];
  const store = openState(folder);
  try {
    const world = vendor(pages);
    const exporters = {
      archive: file({ path: join(folder, 'out/{receiver}-{seq}.ndjson'), rotate: { every: '30d' } }), // so it goes on
      kept: queued(
        sinkOf(async records => send(records.map(({ id }) => id))),
        { limit: '1GiB' },
      ),
    };
    const config = { processors: { dedupe: dedupe({ remember: '30d' }), picky }, exporters };
    const at = { store, folder };
    const engine = await start(config, world, { once: { patience: MINUTE } }, lines, at);
    const endings = await world.clock.run(engine.ended);
    return { faults: endings.flatMap(({ fault }) => fault ?? []), lines, now: world.clock.now() };
  } finally {
    await store.close();
  }
};
const down = () => {
  throw new Fault('E_HTTP_LIMIT', 'status 429', { retryAfter: 40_000 });
};

/** A state with something in every table. */
let whole: string;
let copy: string;
beforeAll(async () => {
  whole = folderOf();
  const { now } = await go(whole, BEFORE, down);
  const store = openState(whole);
  const drift = {
    vendor: 'sim',
    feed: '',
    kind: 'type' as const,
    what: 'x',
    count: 1,
    first: now,
    last: now,
    example: '{}',
  };
  await store.note(
    {
      drift: [drift],
      gaps: [{ receiver: 'sim', from: 1, to: 2, noticed: now }],
      waits: [{ key: 'https://sim.example', noted: now, until: now + MINUTE }],
    },
    now,
  );
  await store.close();
  changeState(whole, now, ({ note }) =>
    note({ command: 'state set', receiver: 'sim', identity: 'i', before: '"0"', after: '"1"', reason: 'a test' }),
  );
  copy = folderOf(whole);
});

/** As it was, in the place where it was made. */
const putBack = (): string => {
  rmSync(whole, { recursive: true });
  cpSync(copy, whole, { recursive: true });
  return whole;
};

type Cell = SQLInputValue;

/** With one bit of it the other way round. */
const flipped = (value: Cell): Cell => {
  if (value === null) return null;
  if (typeof value === 'number' || typeof value === 'bigint') return BigInt(value) ^ 4n;
  const bytes = Buffer.from(typeof value === 'string' ? value : (value as Uint8Array));
  bytes[bytes.length >> 1]! ^= 1;
  return typeof value === 'string' ? bytes.toString() : bytes;
};

/** Flips a bit in this column of the first row of a table; where there is nothing to flip, nothing. */
const spoil = (folder: string, table: string, column: string): void => {
  const db = new DatabaseSync(join(folder, 'state.db'));
  try {
    const columns = db.prepare(`pragma table_info(${table})`).all();
    const keys = columns.filter(({ pk }) => Number(pk) > 0).map(({ name }) => String(name));
    const row = db.prepare(`select * from ${table} order by ${keys.join(', ')} limit 1`).get();
    const value = (row?.[column] ?? null) as Cell;
    if (!row || value === null || (value as string).length === 0) return;
    db.prepare(`update ${table} set ${column} = ? where ${keys.map(key => `${key} = ?`).join(' and ')}`).run(
      flipped(value),
      ...keys.map(key => row[key] as Cell),
    );
  } finally {
    db.close();
  }
};

/** What only reads: each says that it cannot, or what it read. */
const READERS = [
  readStandings,
  readHistory,
  readNotes,
  readLedger,
  readWaits,
  listDeadLetters,
  (folder: string) => [
    ...lettersOf(
      folder,
      listDeadLetters(folder).map(({ seq }) => seq),
    ),
  ],
];

/** Who says of a damaged state that it is; and how many records are neither in the files nor sent. */
const told = async (folder: string) => {
  const fault = (error: unknown) => {
    if (!(error instanceof Fault)) throw error; // never a defect
    return error;
  };
  for (const read of READERS)
    try {
      read(folder);
    } catch (error) {
      fault(error);
    }
  const isFound = checkState(folder).problems.length > 0 || verifyQueues(folder).problems.length > 0;
  const sent: string[] = [];
  const ended = await go(folder, AFTER, ids => sent.push(...ids)).catch(error => ({
    faults: [fault(error)],
    lines: [],
  }));
  const filed = linesIn(join(folder, 'out')).map(line => String(JSON.parse(line).id));
  expect(filed.length).toBe(new Set(filed).size);
  return {
    missing: all.filter(id => !filed.includes(id) || !sent.includes(id)).length,
    says: ended.faults.length > 0 ? 'held' : ended.lines.length > 0 ? 'warned' : isFound ? 'found' : 'harmless',
  };
};

/**
 * What is said where a bit of a column is another: by a run, which is `held`, or goes on and has `warned`; or it is `found` by
 * `state check` or `queue verify`. All else is harmless: what people read, and what is there twice.
 */
const SAID: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  positions: { held: ['receiver', 'identity', 'count', 'value', 'low', 'sum'] },
  entries: { held: ['value', 'sum'], warned: ['space', 'key'] }, // a file that nobody knows is set aside
  marks: { warned: ['space', 'date', 'ids', 'sum'] },
  dead: { found: ['seq', 'place', 'identity', 'id', 'part', 'record', 'sum'] },
  queue: { held: ['count', 'size', 'bytes', 'data'], warned: ['queue'], found: ['seq'] },
  ledger: { found: ['seq', 'previous', 'content', 'digest'] },
  ledger_rows: { found: ['row', 'portions'] },
  ledger_letters: { found: ['letter', 'receiver', 'pipeline', 'exporter', 'certain'] },
};

test('one bit of any column of any table: it is said, or it does not matter; nothing is lost, or twice in a file', async () => {
  const found: { table: string; says: string; column: string }[] = [];
  for (const { table, column } of columns()) {
    spoil(putBack(), table, column);
    const { says, missing } = await told(whole);
    // A row under the name of another queue waits there.
    if (says !== 'held') expect([table, column, missing]).toEqual([table, column, column === 'queue' ? 2 : 0]);
    if (says !== 'harmless') found.push({ table, says, column });
  }
  const bySaying = (rows: typeof found) => Map.groupBy(rows, ({ says }) => says);
  const by = [...Map.groupBy(found, ({ table }) => table)].map(([table, rows]) => [
    table,
    Object.fromEntries([...bySaying(rows)].map(([says, own]) => [says, own.map(({ column }) => column)])),
  ]);
  expect(Object.fromEntries(by)).toEqual(SAID);
}, 60_000);

test('what is damaged in the marks is delivered again where it is read again, and nothing else', async () => {
  const db = new DatabaseSync(join(putBack(), 'state.db'));
  const { value } = db.prepare('select value from positions').get() as { value: string };
  expect(value).toContain(`"${BEFORE}"`);
  db.prepare('update positions set value = ?, sum = null').run(value.replace(`"${BEFORE}"`, '"0"'));
  db.close();
  spoil(whole, 'marks', 'ids');
  const sent: string[] = [];
  const { lines } = await go(whole, BEFORE, ids => sent.push(...ids));
  expect(lines.map(({ message }) => message)).toEqual([expect.stringContaining('are not what was written')]);
  expect(sent.length).toBe(2 * BEFORE - 1 + 1); // what waited, and one again
});

const columns = (): readonly { readonly table: string; readonly column: string }[] => {
  const db = new DatabaseSync(join(whole, 'state.db'), { readOnly: true });
  const tables = db.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'").all();
  const all = tables.flatMap(({ name }) => {
    expect([name, db.prepare(`select count(*) as n from ${name}`).get()]).not.toEqual([name, { n: 0 }]);
    const its = db.prepare(`pragma table_info(${name})`).all();
    return its.map(column => ({ table: String(name), column: String(column.name) }));
  });
  db.close();
  return all;
};
