// The queue in front of an exporter: full means wait, rows are sent in order and joined, one commit takes them away, and
// a sink that is down holds nobody else up.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Exporter } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord, Write } from '../../src/model.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { listen } from '../../src/point.ts';
import { createQueue, type QueueOptions } from '../../src/runtime/queue.ts';
import type { Store } from '../../src/runtime/state.ts';
import { openState } from '../../src/runtime/state-sqlite.ts';
import { virtualClock } from '../support/clock.ts';
import { sampleRecords } from '../support/exporter-bench.ts';

let folder: string;
let store: Store;
let lines: { level: string; fields: { code?: string }; message: string }[];
let clock: ReturnType<typeof virtualClock>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-queue-'));
  store = openState(folder);
  lines = [];
  clock = virtualClock();
});
afterEach(async () => {
  listen(undefined);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const ids = (records: readonly AuditRecord[]) => records.map(r => r.id);
/** A sink that keeps what it is sent; `take` may throw. */
const sink = (take: Exporter['export'] = async () => ({}), best?: Exporter['best']) => {
  const calls: string[][] = [];
  const exporter: Exporter = {
    ...(best && { best }),
    export: async (records, signal) => {
      const taken = await take(records, signal);
      calls.push(ids(records));
      return taken;
    },
  };
  return { calls, exporter };
};
const down = async () => {
  throw new Fault('E_NETWORK', 'connection refused');
};
const open = (exporter: Exporter, more: Partial<QueueOptions> = {}) => {
  const tell = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  return createQueue({
    name: 'out',
    exporter,
    limit: 1e6,
    store,
    clock,
    log: { info: tell('info'), warn: tell('warn'), error: tell('error') },
    deadLetters: 1000,
    linger: 5 * SECOND,
    ...more,
  });
};
type Queue = ReturnType<typeof open>;

const never = new AbortController().signal;
const hand = (queue: Queue, records: readonly AuditRecord[], signal = never, faults: Fault[] = []) =>
  queue.handle.hand(records, { clock, signal, report: fault => void faults.push(fault) });
/** As a delivery does. */
const deliver = async (queue: Queue, records: readonly AuditRecord[], more: readonly Write[] = []) => {
  const exported = await hand(queue, records);
  await store.commit([...more, ...(exported.writes ?? [])], clock.now());
  await exported.release?.(true);
};
const left = async () => (await store.queues()).get('out') ?? { rows: 0, records: 0, bytes: 0 };
const move: Write = {
  kind: 'move',
  receiver: 'opal',
  identity: 'i',
  move: { after: 7, position: 1, low: 0, date: 0 },
};

describe('rows', () => {
  test('come out as they went in, after a restart too', async () => {
    const strange = JSON.parse('{"__proto__": {"a": 1}, "text": "Grüße \\u0000 \\ud83d", "deep": [[null, -0.5]]}');
    const records = sampleRecords(3).map(r => ({ ...r, raw: strange, attributes: { route: 'a' } }));
    await deliver(open(sink().exporter), records);
    await store.close();
    store = openState(folder);
    const rows = await store.rows('out', { records: 10, bytes: 1e9 });
    expect(rows.flatMap(r => r.records)).toEqual(records);
    expect(Object.hasOwn(rows[0]!.records[0]!.raw as object, '__proto__')).toBe(true);
    expect(await left()).toMatchObject({ rows: 1, records: 3 });
  });

  test('are part of the commit: it fails, and there are none', async () => {
    const queue = open(sink().exporter);
    await expect(deliver(queue, sampleRecords(2), [move])).rejects.toMatchObject({ code: 'E_COMMIT_STALE' });
    expect(await left()).toEqual({ rows: 0, records: 0, bytes: 0 });
    expect(await store.rows('out', { records: 10, bytes: 1e9 })).toEqual([]);
  });

  test('that are gone cannot be taken away again, nor what is committed with them', async () => {
    await deliver(open(sink().exporter), sampleRecords(1));
    const [row] = await store.rows('out', { records: 1, bytes: 1 });
    const dequeue: Write = { kind: 'dequeue', queue: 'out', rows: [row!.seq] };
    await store.commit([dequeue], 1);
    await expect(store.commit([dequeue, { kind: 'set', space: 's', key: 'k', value: 1 }], 1)).rejects.toMatchObject({
      code: 'E_COMMIT_STALE',
    });
    expect(await store.get('s', 'k')).toBeUndefined();
  });

  test('have numbers that are never used again', async () => {
    const queue = open(sink().exporter);
    await deliver(queue, sampleRecords(1));
    const [first] = await store.rows('out', { records: 1, bytes: 1 });
    await store.commit([{ kind: 'dequeue', queue: 'out', rows: [first!.seq] }], 1);
    await deliver(queue, sampleRecords(1));
    const [second] = await store.rows('out', { records: 1, bytes: 1 });
    expect(second!.seq).toBeGreaterThan(first!.seq);
  });

  test('are small: audit events say much the same', async () => {
    const records = sampleRecords(1000);
    await deliver(open(sink().exporter), records);
    expect((await left()).bytes).toBeLessThan(JSON.stringify(records).length / 8);
  });
});

describe('the reader', () => {
  test('joins small rows up to the best size, in order', async () => {
    const { calls, exporter } = sink(undefined, { records: 5, bytes: 1e6 });
    const queue = open(exporter, { patience: MINUTE });
    for (const [i, receiver] of ['opal', 'endor', 'opal', 'opal'].entries())
      await deliver(queue, sampleRecords(2, { receiver, first: 10 * i }));
    const run = queue.run();
    queue.finish();
    expect(await clock.run(run)).toBeUndefined();
    expect(calls).toEqual([
      ['opal-0', 'opal-1', 'endor-10', 'endor-11'],
      ['opal-20', 'opal-21', 'opal-30', 'opal-31'],
    ]);
  });

  test('joins by size in bytes, too; a large row goes alone', async () => {
    const { calls, exporter } = sink(undefined, { records: 100, bytes: 1200 });
    const queue = open(exporter, { patience: MINUTE });
    for (let i = 0; i < 3; i++) await deliver(queue, sampleRecords(i === 0 ? 5 : 1, { first: 10 * i }));
    const run = queue.run();
    queue.finish();
    await clock.run(run);
    expect(calls.map(c => c.length)).toEqual([5, 1, 1]);
  });

  test('cuts a large delivery into rows of the best size', async () => {
    const { calls, exporter } = sink(undefined, { records: 2, bytes: 1e6 });
    const queue = open(exporter, { patience: MINUTE });
    await deliver(queue, sampleRecords(5));
    const run = queue.run();
    queue.finish();
    await clock.run(run);
    expect(calls).toEqual([['opal-0', 'opal-1'], ['opal-2', 'opal-3'], ['opal-4']]);
  });

  test('is woken by a row, and does not look in between', async () => {
    const { calls, exporter } = sink();
    const queue = open(exporter);
    const run = queue.run();
    await clock.advance(HOUR);
    expect(clock.sleepers).toBe(0);
    const now = clock.now();
    await deliver(queue, sampleRecords(1));
    await clock.advance(0);
    expect(calls).toEqual([['opal-0']]);
    expect(clock.now()).toBe(now);
    queue.stop();
    await clock.run(run);
  });

  test("commits the exporter's writes with the removal, and tells it", async () => {
    const told: boolean[] = [];
    const { exporter } = sink(async () => ({
      writes: [{ kind: 'set', space: 'exporter/out', key: 'tail', value: 9 }],
      release: committed => void told.push(committed),
    }));
    const queue = open(exporter, { patience: MINUTE });
    await deliver(queue, sampleRecords(1));
    const run = queue.run();
    queue.finish();
    await clock.run(run);
    expect(await store.get('exporter/out', 'tail')).toBe(9);
    expect(told).toEqual([true]);
    expect(await left()).toMatchObject({ rows: 0 });
  });

  test('tries a failed commit again in place: the sink is not sent the batch again', async () => {
    const { calls, exporter } = sink();
    const queue = open(exporter);
    await deliver(queue, sampleRecords(1));
    let failures = 3;
    listen(point => {
      if (point === 'after writes' && failures-- > 0) throw new Fault('E_STATE_FULL');
    });
    const run = queue.run();
    await clock.advance(HOUR);
    expect(calls).toHaveLength(1);
    expect(await left()).toMatchObject({ rows: 0 });
    expect(lines.map(l => l.fields.code ?? l.message)).toEqual(['E_STATE_FULL', 'works again']);
    queue.stop();
    await clock.run(run);
  });

  test('keeps what one record is refused for as a dead letter, and goes on', async () => {
    const { calls, exporter } = sink(async records => {
      if (records.some(r => r.id === 'opal-1')) throw new Fault('E_HTTP_REQUEST', 'status 400');
      return {};
    });
    const queue = open(exporter, { patience: MINUTE });
    await deliver(queue, sampleRecords(3));
    const run = queue.run();
    queue.finish();
    expect(await clock.run(run)).toBeUndefined();
    expect(calls.flat().toSorted()).toEqual(['opal-0', 'opal-2']);
    expect(await store.deadAt('exporter/out', 0)).toBe(1);
  });

  test('holds when it made too many dead letters today', async () => {
    const { calls, exporter } = sink(
      async records => {
        if (records.some(r => r.id.endsWith('1'))) throw new Fault('E_HTTP_REQUEST', 'status 400');
        return {};
      },
      { records: 3, bytes: 1e6 },
    );
    const queue = open(exporter, { deadLetters: 1 });
    for (const first of [0, 10, 20]) await deliver(queue, sampleRecords(3, { first }));
    const run = queue.run();
    await clock.advance(HOUR);
    expect(lines.at(-1)?.fields.code).toBe('E_DEAD_LIMIT');
    expect(await left()).toMatchObject({ rows: 1 });
    await clock.advance(25 * HOUR);
    expect(await left()).toMatchObject({ rows: 0 });
    expect(calls.flat()).toContain('opal-20');
    queue.abort();
    await clock.run(run);
  });
});

describe('full', () => {
  test('means wait: it says so again and again, and goes on when there is room', async () => {
    let isDown = true;
    const { calls, exporter } = sink(async () => (isDown ? down() : {}));
    const queue = open(exporter, { limit: 1 });
    await deliver(queue, sampleRecords(1));
    const run = queue.run();
    const faults: Fault[] = [];
    let taken = false;
    const waiting = hand(queue, sampleRecords(1, { first: 5 }), never, faults).then(exported => {
      taken = true;
      return exported;
    });
    await clock.advance(10 * MINUTE);
    expect(taken).toBe(false);
    expect(faults.length).toBeGreaterThan(10);
    expect(new Set(faults.map(f => `${f.code} ${f.kind} ${f.message}`)).size).toBe(1); // one line in the log
    expect(faults[0]).toMatchObject({ code: 'E_QUEUE_FULL', kind: 'transient' });
    isDown = false;
    await clock.advance(10 * MINUTE);
    expect(calls).toEqual([['opal-0']]);
    expect((await waiting).writes).toHaveLength(1);
    queue.abort();
    await clock.run(run);
    expect(clock.sleepers).toBe(0);
  });

  test('has room again only some way below the limit: it does not turn full with every row', async () => {
    const queue = open(sink(undefined, { records: 1, bytes: 1 }).exporter, { limit: 1e9 });
    for (let i = 0; i < 20; i++) await deliver(queue, sampleRecords(1, { first: i }));
    const { bytes } = await left();
    const tight = open(sink().exporter, { limit: bytes });
    let taken = false;
    const controller = new AbortController();
    const waiting = hand(tight, sampleRecords(1), controller.signal).then(() => {
      taken = true;
    });
    const rows = await store.rows('out', { records: 3, bytes: 1e9 });
    const remove = (...seqs: number[]) => store.commit([{ kind: 'dequeue', queue: 'out', rows: seqs }], 1);
    await clock.advance(MINUTE);
    await remove(rows[0]!.seq);
    await clock.advance(MINUTE);
    expect(taken).toBe(false);
    await remove(rows[1]!.seq, rows[2]!.seq);
    await clock.advance(MINUTE);
    expect(taken).toBe(true);
    await waiting;
  });

  test('obeys the signal of who waits', async () => {
    const queue = open(sink(down).exporter, { limit: 1 });
    await deliver(queue, sampleRecords(1));
    const controller = new AbortController();
    const waiting = hand(queue, sampleRecords(1), controller.signal);
    await clock.advance(SECOND);
    controller.abort(new Fault('E_ABANDONED'));
    await expect(waiting).rejects.toMatchObject({ code: 'E_ABANDONED' });
    expect(clock.sleepers).toBe(0);
  });
});

describe('an end', () => {
  test('asked for while a batch only waits for its next try: at once, and the rows stay', async () => {
    const queue = open(sink(down).exporter);
    await deliver(queue, sampleRecords(1));
    const run = queue.run();
    await clock.advance(HOUR);
    const now = clock.now();
    queue.stop();
    expect(await run).toBeUndefined();
    expect(clock.now()).toBe(now);
    expect(clock.sleepers).toBe(0);
    expect(await left()).toMatchObject({ rows: 1 });
  });

  test('asked for while a batch is sent: it is finished, and the next one is not begun', async () => {
    const { calls, exporter } = sink(
      async (_, signal) => {
        await clock.sleep(10 * SECOND, signal);
        return {};
      },
      { records: 1, bytes: 1 },
    );
    const queue = open(exporter);
    await deliver(queue, sampleRecords(2));
    const run = queue.run();
    await clock.advance(SECOND);
    expect(queue.busy()).toBe(true);
    queue.stop();
    await clock.run(run);
    expect(calls).toEqual([['opal-0']]);
    expect(queue.busy()).toBe(false);
    expect(await left()).toMatchObject({ rows: 1 });
  });

  test('at once: nothing is committed afterwards, however late the exporter comes back', async () => {
    const held = Promise.withResolvers<void>();
    const told: boolean[] = [];
    const { exporter } = sink(async () => {
      await held.promise;
      return { release: committed => void told.push(committed) };
    });
    const queue = open(exporter);
    await deliver(queue, sampleRecords(1));
    const run = queue.run();
    await clock.advance(SECOND);
    queue.abort();
    await clock.run(run);
    held.resolve();
    await clock.advance(SECOND);
    expect(await left()).toMatchObject({ rows: 1 });
    expect(told).toEqual([false]);
  });

  test('by patience, when it must be emptied: says what is left and why', async () => {
    const queue = open(sink(down).exporter, { patience: MINUTE });
    await deliver(queue, sampleRecords(3));
    const run = queue.run();
    queue.finish();
    const fault = await clock.run(run);
    expect(fault).toMatchObject({
      code: 'E_QUEUE_LEFT',
      message: '1 row with 3 records left',
      cause: { code: 'E_NETWORK' },
    });
  });

  test('by patience: not while lanes still fill it', async () => {
    let isDown = true;
    const { calls, exporter } = sink(async () => (isDown ? down() : {}));
    const queue = open(exporter, { patience: 10 * MINUTE });
    await deliver(queue, sampleRecords(1));
    const run = queue.run();
    await clock.advance(HOUR);
    isDown = false;
    await clock.advance(5 * MINUTE);
    expect(calls).toHaveLength(1);
    queue.finish();
    expect(await run).toBeUndefined();
  });
});
