// The queue in front of an exporter: rows are sent in order and joined, one commit takes them away, and full means wait.
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { listen } from '../../src/point.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { clock, deliver, down, hand, left, lines, never, open, sink, store } from '../support/queue.ts';

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
    expect(faults.length).toBeGreaterThan(5);
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
