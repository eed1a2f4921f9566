// The engine as a whole, on a virtual clock: ends when the vendors have no more, gives up by patience, holds at too many
// dead letters, and never lets a receiver run ahead of a stalled exporter.
import { describe, expect, test } from 'vitest';
import { defineProcessor, type Fetch } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord, Write } from '../../src/model.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { folder, none, sinkOf, start, store, vendor } from '../support/engine.ts';

describe('once', () => {
  test('ends when the vendor has no more, with everything delivered', async () => {
    const world = vendor(3);
    const got: string[] = [];
    let closed = 0;
    const engine = await start(
      {
        exporters: {
          out: sinkOf(
            async r => void got.push(...r.map(x => x.id)),
            () => void closed++,
          ),
        },
      },
      world,
      { once: { patience: MINUTE } },
    );
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(got).toEqual(['0a', '0b', '1a', '1b', '2a', '2b']);
    expect(closed).toBe(1);
    expect(engine.busy()).toEqual([]);
  });

  test('waits out a fault that ends within its patience', async () => {
    const world = vendor(2, n => {
      if (n < 4) throw new Fault('E_HTTP_LIMIT', 'status 429', { retryAfter: 20 * SECOND });
    });
    const engine = await start({ exporters: { out: sinkOf(async () => {}) } }, world, { once: { patience: MINUTE } });
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(world.asked.map(a => a.at - world.asked[0]!.at)).toEqual([0, 20_000, 40_000, 60_000, 60_000]); // never early
  });

  test.each([
    [
      'a wait longer than its patience',
      () => {
        throw new Fault('E_HTTP_LIMIT', 'status 429', { retryAfter: HOUR });
      },
      'E_HTTP_LIMIT',
      0,
    ],
    [
      'a hold longer than its patience',
      () => {
        throw new Fault('E_HTTP_DENIED', 'status 401');
      },
      'E_HTTP_DENIED',
      0,
    ],
    [
      'failures that do not end',
      () => {
        throw new Fault('E_NETWORK', 'connection refused');
      },
      'E_NETWORK',
      MINUTE,
    ],
  ] as const)('gives up at %s, and says why', async (_, refuse, code, most) => {
    const world = vendor(2, refuse);
    const began = world.clock.now();
    const engine = await start({ exporters: { out: sinkOf(async () => {}) } }, world, { once: { patience: MINUTE } });
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim', fault: expect.objectContaining({ code }) }]);
    expect(world.clock.now() - began).toBeLessThanOrEqual(most);
  });

  test.each([
    ['', '$&'],
    [', also with nothing in them', '"items":[]'],
  ])('counts its patience from the last page%s', async (_, instead) => {
    const world = vendor(4, n => {
      if (n % 2 === 1) throw new Fault('E_HTTP_LIMIT', 'status 429', { retryAfter: 40 * SECOND });
    });
    const fetch: Fetch = async (...call) => {
      const answer = await world.fetch(...call);
      return { ...answer, text: answer.text.replace(/"items":\[.*?\]/, instead) };
    };
    const exporters = { out: sinkOf(async () => {}) };
    const engine = await start({ exporters }, { ...world, fetch }, { once: { patience: MINUTE } });
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(world.asked.at(-1)!.at - world.asked[0]!.at).toBe(4 * 40 * SECOND);
  });

  test('counts its patience for a sink from when it was handed the page', async () => {
    const slow = (n: number) => {
      if (n === 1) throw new Fault('E_HTTP_LIMIT', 'status 429', { retryAfter: 40 * SECOND });
    };
    const world = vendor(1, slow);
    let sent = 0;
    const out = sinkOf(async () => slow(++sent));
    const engine = await start({ exporters: { out } }, world, { once: { patience: MINUTE } });
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(sent).toBe(2);
  });

  test('counts its patience from the last part that a sink took', async () => {
    const world = vendor(1);
    const tried = new Set<string>();
    const bitByBit = sinkOf(async records => {
      const [{ id }] = records as [AuditRecord];
      if (records.length > 1) throw new Fault('E_HTTP_REQUEST', 'status 400');
      if (tried.has(id)) return;
      tried.add(id);
      throw new Fault('E_HTTP_LIMIT', 'status 429', { retryAfter: 40 * SECOND });
    });
    const engine = await start({ exporters: { out: bitByBit } }, world, { once: { patience: MINUTE } });
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect([...tried]).toEqual(['0a', '0b']);
  });

  test('gives up what begins again and again: pages that are never committed are no progress', async () => {
    const world = vendor(1);
    const broken = {
      ...store,
      commit: async (writes: readonly Write[], now: number) => {
        if (writes.some(({ kind }) => kind === 'count')) throw new TypeError('a defect');
        return store.commit(writes, now);
      },
    };
    const exporters = { out: sinkOf(async () => {}) };
    const at = { store: broken, folder };
    const began = world.clock.now();
    const engine = await start({ exporters }, world, { once: { patience: HOUR } }, [], at);
    void world.clock.sleep(3 * HOUR).then(engine.abort);
    const [ending] = await world.clock.run(engine.ended);
    expect(ending?.fault).toMatchObject({ code: 'E_DEFECT' });
    expect(world.clock.now() - began).toBeLessThanOrEqual(HOUR);
    expect(world.asked.length).toBeGreaterThan(3);
  });

  test('gives up at a sink that is down, too, and reads the same again the next time', async () => {
    const world = vendor(1);
    const down = await start(
      {
        exporters: {
          out: sinkOf(async () => {
            throw new Fault('E_NETWORK', 'connection refused');
          }),
        },
      },
      world,
      { once: { patience: MINUTE } },
    );
    expect((await world.clock.run(down.ended))[0]?.fault?.code).toBe('E_NETWORK');
    const got: string[] = [];
    const up = await start({ exporters: { out: sinkOf(async r => void got.push(...r.map(x => x.id))) } }, world, {
      once: { patience: MINUTE },
    });
    await world.clock.run(up.ended);
    expect(got).toEqual(['0a', '0b']);
  });
});

describe('running', () => {
  test('a quiet vendor is asked once per interval', async () => {
    const world = vendor(1);
    const engine = await start({ exporters: { out: sinkOf(async () => {}) } }, world);
    await world.clock.advance(10 * MINUTE);
    engine.stop();
    await world.clock.run(engine.ended);
    expect(world.asked).toHaveLength(11);
    expect(new Set(world.asked.slice(1).map((a, i) => a.at - world.asked[i]!.at))).toEqual(new Set([MINUTE]));
  });

  test('a stalled exporter never lets the receiver run ahead', async () => {
    const world = vendor(100);
    const stalled = Promise.withResolvers<void>();
    const engine = await start({ exporters: { out: sinkOf(() => stalled.promise) } }, world, { grace: 0 });
    await world.clock.advance(HOUR);
    expect(world.asked).toHaveLength(1);
    engine.stop();
    stalled.resolve();
    await world.clock.run(engine.ended);
  });

  test('a defect in a processor restarts the lane from what is committed, and is said with its stack', async () => {
    let left = 2;
    const shaky = defineProcessor({
      type: 'shaky',
      options: none,
      create: () => ({
        process: records => {
          if (records.length > 1 && left-- > 0) throw new RangeError('only together');
          return { records };
        },
      }),
    })({});
    const world = vendor(2);
    const got: string[] = [];
    const lines: object[] = [];
    const engine = await start(
      { processors: { shaky }, exporters: { out: sinkOf(async r => void got.push(...r.map(x => x.id))) } },
      world,
      { once: { patience: HOUR } },
      lines,
    );
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(got).toEqual(['0a', '0b', '1a', '1b']);
    expect(lines).toContainEqual(
      expect.objectContaining({ code: 'E_DEFECT', stack: expect.stringContaining('engine.test.ts') }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ message: 'works again' }));
  });

  test('too many new dead letters a day hold the lane, and a day later it goes on', async () => {
    const sour = defineProcessor({
      type: 'sour',
      options: none,
      create: () => ({
        process: records => {
          if (records.some(r => r.id.endsWith('a'))) throw new TypeError('no');
          return { records };
        },
      }),
    })({});
    const world = vendor(6);
    const lines: object[] = [];
    const engine = await start(
      { processors: { sour }, exporters: { out: sinkOf(async () => {}) } },
      world,
      { deadLetters: 2 },
      lines,
    );
    await world.clock.advance(HOUR);
    expect(world.asked).toHaveLength(4); // the fourth page is in hand
    expect(lines).toContainEqual(
      expect.objectContaining({ code: 'E_DEAD_LIMIT', message: '3 new dead letters in a day, more than 2' }),
    );
    await world.clock.advance(25 * HOUR);
    expect(world.asked.length).toBeGreaterThan(4);
    engine.abort();
    await world.clock.run(engine.ended);
  });
});
