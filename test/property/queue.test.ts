// The queue against a list: whatever is handed to it, however its sink fails and wherever the program crashes, it holds
// what a list would hold, gives it out in order, and forgets a row only when the sink has taken it.
// QUEUE_SEED and QUEUE_HISTORIES choose the histories.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Exporter } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import type { Write } from '../../src/model.ts';
import { listen } from '../../src/point.ts';
import { conclude } from '../../src/runtime/deliver.ts';
import { unrouted } from '../../src/runtime/fate.ts';
import { createQueue } from '../../src/runtime/queue/queue.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { virtualClock } from '../support/clock.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { type Dice, dice } from './crash/dice.ts';
import { bump } from './crash/records.ts';

const FIRST = Number(process.env.QUEUE_SEED ?? 1);
const HISTORIES = Number(process.env.QUEUE_HISTORIES ?? 25);
const RECORDS = 60; // of each history
const root = mkdtempSync(join(tmpdir(), 'tributary-queue-model-'));
const random = Math.random;
const total = { crashes: 0, repeats: 0, full: 0, places: new Map<string, number>() };

afterAll(() => {
  Math.random = random;
  listen(undefined);
  rmSync(root, { recursive: true, force: true });
});

test(`${HISTORIES} histories from seed ${FIRST}: the queue is a list`, { timeout: 300_000 }, async () => {
  for (let seed = FIRST; seed < FIRST + HISTORIES; seed++) await history(seed);
  process.stderr.write(`${JSON.stringify({ ...total, places: Object.fromEntries(total.places) })}\n`);
  expect(total.crashes).toBeGreaterThan(HISTORIES);
  for (const place of ['in commit', 'after commit', 'queue: before delete', 'queue: after delete'])
    expect([...total.places.keys()]).toContain(place);
});

/** What outlives the program. */
interface Outside {
  readonly folder: string;
  /** What the queue must hold: the ids of each row. */
  readonly list: string[][];
  readonly arrived: Map<string, number>;
  /** In the order in which they arrived for the first time. */
  readonly order: string[];
  /** How often each may have been repeated. */
  readonly allowed: Map<string, number>;
}

const history = async (seed: number): Promise<void> => {
  const chances = dice(seed);
  Math.random = chances.next;
  const outside: Outside = {
    folder: join(root, String(seed)),
    list: [],
    arrived: new Map(),
    order: [],
    allowed: new Map(),
  };
  const crash = chances.pick(0.01, 0.03, 0.1);
  while ((await life(outside, chances, crash)) === 'crashed') total.crashes++;

  const all = sampleRecords(RECORDS).map(r => r.id);
  expect(outside.list, `seed ${seed}`).toEqual([]);
  expect(outside.order, `seed ${seed}`).toEqual(all);
  for (const [id, times] of outside.arrived) {
    expect(times, `${id} of seed ${seed}`).toBeLessThanOrEqual(1 + (outside.allowed.get(id) ?? 0));
    total.repeats += times - 1;
  }
};

const life = async (outside: Outside, { chance, between, pick }: Dice, rate: number): Promise<'crashed' | 'done'> => {
  const { list, arrived, order, allowed } = outside;
  const clock = virtualClock();
  let dead = false;
  const never = () => new Promise<never>(() => {});
  const { promise: crashed, resolve: crash } = Promise.withResolvers<'crashed'>();
  let inFlight: readonly string[] = [];
  const mayDie = (place: string): boolean => {
    if (dead || !chance(rate)) return dead;
    dead = true;
    bump(total.places, place);
    for (const id of inFlight) bump(allowed, id);
    crash('crashed');
    return true;
  };

  const inner = openState(outside.folder);
  let writing: readonly Write[] = [];
  const store: Store = {
    ...inner,
    rows: async (...given) => (mayDie('rows') ? never() : inner.rows(...given)),
    commit: async (writes, now) => {
      if (dead) return never();
      writing = writes;
      await inner.commit(writes, now).catch(error => {
        if (dead) return never();
        throw error;
      });
    },
  };
  listen(name => {
    if (!dead && name === 'after commit') follow(list, writing);
    if (!dead && name === 'after commit' && writing.some(w => w.kind === 'dequeue')) inFlight = [];
    if (!dead && name === 'after writes' && chance(0.05)) throw new Fault('E_STATE_FULL');
    if (mayDie(name)) throw new Error('crashed');
  });

  // What is there after the crash is what the list has.
  const most = { records: 1e6, bytes: 1e9 };
  expect((await inner.rows('out', most)).map(row => row.records.map(r => r.id))).toEqual(list);
  const held = (await inner.queues()).get('out');
  expect(held?.rows ?? 0).toBe(list.length);
  expect(held?.records ?? 0).toBe(list.flat().length);

  const exporter: Exporter = {
    best: { records: between(1, 12), bytes: pick(1, 2000, 1e6) },
    export: async (records, signal) => {
      inFlight = records.map(r => r.id);
      if (mayDie('before send')) return never();
      if (chance(0.1)) throw new Fault('E_HTTP_SERVER', 'status 503');
      await clock.sleep(between(1, 2000), signal);
      for (const { id } of records) {
        if (!arrived.has(id)) order.push(id);
        bump(arrived, id);
      }
      if (mayDie('sent')) return never();
      if (!chance(0.1)) return {};
      for (const id of inFlight) bump(allowed, id);
      throw new Fault('E_TIMEOUT');
    },
  };
  const log = { info() {}, warn() {}, error() {} };
  const limit = pick(1, 3000, 1e9);
  const queue = createQueue({
    name: 'out',
    exporter,
    limit,
    store,
    clock,
    log,
    deadLetters: 1e9,
    linger: 0,
    patience: 1e12,
  });
  const running = queue.run();

  const signal = new AbortController().signal;
  const report = (fault: Fault) => void (fault.code === 'E_QUEUE_FULL' && total.full++);
  const fill = async () => {
    // As a receiver's position is, how far we got is committed with the rows.
    for (let next = Number((await inner.get('lane', 'next')) ?? 0); next < RECORDS; ) {
      const records = sampleRecords(Math.min(between(1, 15), RECORDS - next), { first: next });
      next += records.length;
      const how = { store, clock, signal, report };
      await conclude(
        [queue.handle.hand([unrouted(records)], how)],
        [{ kind: 'set', space: 'lane', key: 'next', value: next }],
        how,
      );
      await clock.sleep(between(0, 3000));
    }
    queue.finish();
    expect(await running).toBeUndefined();
    return 'done' as const;
  };
  try {
    return await clock.run(Promise.race([fill(), crashed]));
  } finally {
    dead = true;
    listen(undefined);
    await inner.close();
  }
};

/** The list, after a commit. */
const follow = (list: string[][], writes: readonly Write[]): void => {
  for (const write of writes) {
    if (write.kind === 'enqueue') list.push(write.records.map(r => r.id));
    if (write.kind === 'dequeue') list.splice(0, write.rows.length);
  }
};
