// Every way to end a queue: between tries, in the middle of a batch, at once, and by patience when it must be emptied.
import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { clock, deliver, down, left, open, sink } from '../support/queue.ts';

describe('an end', () => {
  test('asked for while a batch only waits for its next try: at once, and the rows stay', async () => {
    const queue = open(sink(down).exporter);
    await deliver(queue, sampleRecords(1));
    const run = queue.run();
    await clock.advance(HOUR);
    const now = clock.now();
    queue.stop();
    await clock.advance(0);
    expect(await Promise.race([run, 'it still waits'])).toBeUndefined();
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
