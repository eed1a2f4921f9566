// The rows of a queue are part of the commit: none is half there, none is taken away twice, and they are small.
import { describe, expect, test } from 'vitest';
import type { Write } from '../../src/model.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { clock, deliver, hand, left, open, reopen, sink, store } from '../support/queue.ts';

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
    reopen();
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

  test('are not counted when the commit fails after they were written', async () => {
    const { writes = [] } = await hand(open(sink().exporter), sampleRecords(2));
    await expect(store.commit([...writes, move], clock.now())).rejects.toMatchObject({ code: 'E_COMMIT_STALE' });
    expect(await left()).toEqual({ rows: 0, records: 0, bytes: 0 });
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
