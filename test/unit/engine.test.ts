// The engine as a whole, on a virtual clock: ends when the vendors have no more, gives up by patience, holds at too many
// dead letters, stops in order, and never lets a receiver run ahead of a stalled exporter.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Answer, defineExporter, defineProcessor, type Fetch, type Spec } from '../../src/component.ts';
import type { AnyConfig } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import { textOf } from '../../src/json.ts';
import type { AuditRecord } from '../../src/model.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import { type EngineOptions, startEngine } from '../../src/runtime/engine.ts';
import { plan } from '../../src/runtime/plan.ts';
import type { Store } from '../../src/runtime/state.ts';
import { openState } from '../../src/runtime/state-sqlite.ts';
import { defineHttpReceiver } from '../../src/source/http.ts';
import { cursor } from '../../src/source/walks.ts';
import { virtualClock } from '../support/clock.ts';

const none = z.object({});
let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-engine-'));
  store = openState(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A vendor with so many pages of two events; `refuse` may throw instead. */
const vendor = (pages: number, refuse: (asked: number) => void = () => {}) => {
  const asked: { cursor: unknown; at: number }[] = [];
  const clock = virtualClock();
  const fetch: Fetch = async (call, signal): Promise<Answer> => {
    signal.throwIfAborted();
    asked.push({ cursor: call.query?.cursor ?? null, at: clock.now() });
    refuse(asked.length);
    const n = Number(call.query?.cursor ?? 0);
    const items = n < pages ? [{ id: `${n}a` }, { id: `${n}b` }] : [];
    return {
      status: 200,
      headers: {},
      date: clock.now(),
      text: JSON.stringify({ items, next: String(Math.min(n + 1, pages)), more: n + 1 < pages }),
    };
  };
  return { asked, clock, fetch };
};

const receiver = (every = MINUTE): Spec<'receiver'> =>
  defineHttpReceiver({
    type: 'sim',
    options: none,
    repeats: () => 0,
    page: z.object({ items: z.array(z.unknown()), next: z.string(), more: z.boolean() }),
    items: page => page.items,
    lead: page => ({ next: page.next, more: page.more }),
    identify: item => ({ id: textOf(item, 'id') }),
    ocsf: {
      describe: () => ({
        product: { name: 's', vendor_name: 's' },
        provider: 's',
        log: 's',
        format: 'JSON',
        address: 's',
      }),
      read: () => [],
    },
    api: () => ({
      base: 'https://sim.example',
      every,
      auth: { credential: '', headers: async () => ({}), refused: () => false },
      walk: cursor({ since: now => now, onLost: 'hold' }),
      request: ask => ({ path: '/', query: { cursor: ask.cursor } }),
    }),
  })({});

const sinkOf = (
  take: (records: readonly AuditRecord[], signal: AbortSignal) => Promise<void>,
  close = () => {},
): Spec<'exporter'> =>
  defineExporter({
    type: 'sink',
    options: none,
    create: () => ({
      export: async (records, signal) => {
        await take(records, signal);
        return {};
      },
      close: async () => close(),
    }),
  })({});

const start = async (
  config: Pick<AnyConfig, 'exporters' | 'processors'>,
  world: ReturnType<typeof vendor>,
  options: EngineOptions = {},
  lines: object[] = [],
) => {
  const whole = {
    receivers: { sim: receiver() },
    ...config,
    pipelines: {
      p: {
        receivers: ['sim'],
        processors: Object.keys(config.processors ?? {}),
        exporters: Object.keys(config.exporters),
        repeats: 'allow',
      },
    },
  } as unknown as AnyConfig; // names are its own
  const { options: checked, problems } = await check(whole);
  expect(problems).toEqual([]);
  const tell = (fields: object, message: string) => void lines.push({ ...fields, message });
  return startEngine(
    plan(whole, where => checked.get(where)),
    { store, clock: world.clock, log: { info: tell, warn: tell, error: tell }, http: () => world.fetch, folder },
    options,
  );
};

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
