// The engine is stopped: what is in hand is finished within the grace period or not committed, and no more is asked.
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import { MINUTE, SECOND } from '../../src/options.ts';
import { sinkOf, start, store, vendor } from '../support/engine.ts';

describe('stopping', () => {
  test('finishes what is in hand and asks for no more', async () => {
    const world = vendor(100);
    const got: string[] = [];
    const slow = sinkOf(async (records, signal) => {
      await world.clock.sleep(10 * SECOND, signal);
      got.push(...records.map(r => r.id));
    });
    const engine = await start({ exporters: { out: slow } }, world);
    await world.clock.advance(SECOND);
    engine.stop();
    expect(engine.busy()).toEqual(['sim']);
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(got).toEqual(['0a', '0b']);
    expect((await store.position('sim', 'sim https%3A%2F%2Fsim.example  '))?.count).toBe(2);
  });

  test('once is not finished by that, and says so', async () => {
    const world = vendor(100);
    const slow = sinkOf((_, signal) => world.clock.sleep(10 * SECOND, signal));
    const engine = await start({ exporters: { out: slow } }, world, { once: { patience: MINUTE } });
    await world.clock.advance(SECOND);
    engine.stop();
    expect(await world.clock.run(engine.ended)).toEqual([
      { lane: 'sim', fault: expect.objectContaining({ code: 'E_ABANDONED' }) },
    ]);
    expect((await store.position('sim', 'sim https%3A%2F%2Fsim.example  '))?.count).toBe(2); // what was in hand is safe
  });

  test('gives up at the end of the grace period; what was in hand is not committed', async () => {
    const world = vendor(100);
    const stuck = sinkOf(
      (_, signal) => new Promise((_done, fail) => signal.addEventListener('abort', () => fail(signal.reason))),
    );
    const engine = await start({ exporters: { out: stuck } }, world, { grace: 5 * SECOND });
    await world.clock.advance(SECOND);
    const asked = world.clock.now();
    engine.stop();
    expect(await world.clock.run(engine.ended)).toEqual([
      { lane: 'sim', fault: expect.objectContaining({ code: 'E_ABANDONED' }) },
    ]);
    expect(world.clock.now() - asked).toBe(5 * SECOND);
    expect((await store.position('sim', 'sim https%3A%2F%2Fsim.example  '))?.count).toBe(1);
    expect(world.clock.sleepers).toBe(0);
  });

  test('when nobody reads standard output, at once and without committing', async () => {
    const world = vendor(3);
    const engine = await start(
      {
        exporters: {
          out: sinkOf(async () => {
            throw new Fault('E_STDOUT_CLOSED');
          }),
        },
      },
      world,
    );
    expect(await world.clock.run(engine.ended)).toEqual([
      { lane: 'sim', fault: expect.objectContaining({ code: 'E_STDOUT_CLOSED' }) },
    ]);
    expect((await store.position('sim', 'sim https%3A%2F%2Fsim.example  '))?.count).toBe(1);
  });
});
