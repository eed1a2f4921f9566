// One life of the program inside a history: the real engine, store, dedupe and file exporter, on a virtual clock, with
// a vendor, a sink and a disk that may crash it at any place. The next life begins with what is committed.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { dedupe } from '../../../processors/dedupe/index.ts';
import { type Clock, defineExporter, defineProcessor, type Fetch, type Spec } from '../../../src/component.ts';
import type { AnyConfig } from '../../../src/config.ts';
import { Fault } from '../../../src/fault.ts';
import { isObject, textOf } from '../../../src/json.ts';
import type { JsonObject, Write } from '../../../src/model.ts';
import { HOUR, MINUTE, SECOND } from '../../../src/options.ts';
import { listen } from '../../../src/point.ts';
import { check } from '../../../src/runtime/check.ts';
import { startEngine } from '../../../src/runtime/engine.ts';
import { readDeadLetters } from '../../../src/runtime/letters-sqlite.ts';
import { plan } from '../../../src/runtime/plan.ts';
import type { DeadLetter, Store } from '../../../src/runtime/state.ts';
import { openState } from '../../../src/runtime/state-sqlite.ts';
import { defineHttpReceiver } from '../../../src/source/http.ts';
import { cursor } from '../../../src/source/walks.ts';
import { windows } from '../../../src/source/windows.ts';
import type { Dice } from './dice.ts';
import { crashingDisk } from './disk.ts';
import { files } from './files.ts';
import { bump, type Files, keyOf, type Sink } from './records.ts';
import type { Page, World } from './vendor.ts';

/** What lasts from life to life. */
export interface Lasting {
  readonly folder: string;
  readonly world: World;
  readonly sink: Sink;
  readonly files: Files;
  truth: number;
  readonly counts: { crashes: number; reloads: number; full: number; byPlace: Map<string, number> };
}

/** What is drawn once for a history. */
export interface Character {
  readonly routes: readonly string[];
  /** By route: `dedupe` before the processor that fans out, or behind it. */
  readonly dedupeFirst: readonly boolean[];
  /** How often it crashes, at each place. */
  readonly crash: number;
  /** How often vendor, sink and disk fail. */
  readonly faulty: number;
  /** The sink ignores its signal. */
  readonly rude: boolean;
  /** The id of an event that the sink never takes. */
  readonly sour: string | undefined;
  /** When the sink refuses everything. */
  readonly wrong: readonly [number, number];
  /** When the disk of the state is full. */
  readonly full: readonly [number, number];
  readonly rotate: number;
}

class Crash extends Error {}

const quiet = { info() {}, warn() {}, error() {} };
const never = () => new Promise<never>(() => {});

export const live = async (
  lasting: Lasting,
  character: Character,
  dice: Dice,
): Promise<'crashed' | readonly DeadLetter[]> => {
  const { world, sink, counts } = lasting;
  const { chance, between, pick } = dice;
  const calm = lasting.truth > world.end; // the last life may finish
  let dead = false;
  const { promise: broken, reject: broke } = Promise.withResolvers<never>(); // what no retry may hide
  const { promise: crashed, resolve: crash } = Promise.withResolvers<'crashed'>();
  const die = (place: string) => {
    dead = true;
    counts.crashes++;
    bump(counts.byPlace, place);
    crash('crashed');
  };
  const mayDie = () => !calm && chance(character.crash);
  /** A place between two steps of asynchronous work. */
  const place = async (name: string): Promise<void> => {
    if (dead) return never();
    if (!mayDie()) return;
    die(name);
    return never();
  };

  // ---- time
  const timers: { at: number; wake: () => void }[] = [];
  const clock: Clock = {
    now: () => Math.floor(lasting.truth + world.skew(lasting.truth)),
    sleep: (ms, signal) =>
      dead
        ? never()
        : new Promise((resolve, reject) => {
            if (signal?.aborted) return reject(signal.reason);
            const timer = {
              at: lasting.truth + Math.max(0, ms),
              wake: () => {
                if (!dead) resolve();
              },
            };
            timers.push(timer);
            signal?.addEventListener(
              'abort',
              () => {
                timers.splice(timers.indexOf(timer) >>> 0, 1);
                if (!dead) reject(signal.reason);
              },
              { once: true },
            );
          }),
  };

  // ---- the store, with its places
  let writing: readonly Write[] = [];
  listen(name => {
    if (dead) throw new Crash();
    if (name === 'after commit' && writing.some(w => w.kind === 'move')) sink.inFlight.clear();
    const isFull = lasting.truth >= character.full[0] && lasting.truth < character.full[1];
    if (name === 'after writes' && !calm && (isFull || chance(character.faulty / 5))) {
      counts.full++;
      throw new Fault('E_STATE_FULL');
    }
    if (!mayDie()) return;
    die(name);
    throw new Crash();
  });
  const inner = openState(lasting.folder);
  const guarded =
    <A extends readonly unknown[], R>(name: string, work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await place(name);
      return work(...args);
    };
  const store: Store = {
    position: guarded('position', inner.position),
    positions: inner.positions,
    get: guarded('get', inner.get),
    known: guarded('known', inner.known),
    deadSince: inner.deadSince,
    deadAt: inner.deadAt,
    letters: inner.letters,
    rows: guarded('rows', inner.rows),
    queues: inner.queues,
    note: inner.note,
    commit: async (writes, now) => {
      if (dead) return never();
      writing = writes;
      await inner.commit(writes, now).catch(error => {
        if (error instanceof Crash || dead) return never();
        throw error;
      });
    },
    close: inner.close,
  };

  // ---- the vendor
  const fetch: Fetch = async (call, signal) => {
    await place('before request');
    if (chance(character.faulty))
      throw new Fault('E_HTTP_SERVER', 'status 503', chance(0.3) ? { retryAfter: 7 * SECOND } : {});
    if (chance(character.faulty / 10)) throw new Fault('E_HTTP_DENIED', 'status 401');
    if (chance(character.faulty / 10)) throw new TypeError('a defect in the receiver');
    const date = Math.floor(lasting.truth / 1000) * 1000;
    const page = world.answer(call.query ?? {}, lasting.truth);
    await clock.sleep(between(10, world.slow), signal);
    await place('page in hand');
    return { status: 200, headers: {}, date, text: JSON.stringify(page) };
  };

  // ---- the sink
  let reload = () => {};
  const direct = defineExporter({
    type: 'sink',
    options: z.object({}),
    create: () => ({
      export: async (records, signal) => {
        await place('before send');
        if (!character.rude) signal.throwIfAborted();
        for (const r of records) sink.inFlight.add(keyOf(r));
        if (signal.aborted) sink.forgive();
        if (chance(character.faulty)) throw new Fault('E_HTTP_SERVER', 'status 503');
        const isWrong = lasting.truth >= character.wrong[0] && lasting.truth < character.wrong[1];
        const isSour = records.some(r => r.id === character.sour && (r.part ?? 0) === 0 && r.attributes?.route === 'a');
        if (isWrong || isSour) throw new Fault('E_HTTP_REQUEST', 'status 400');
        if (!calm && chance(0.03)) reload();
        await clock.sleep(between(5, 4000), character.rude ? undefined : signal);
        const taken = chance(0.02) ? Math.floor(dice.next() * records.length) : records.length;
        for (const r of records.slice(0, taken)) bump(sink.arrived, keyOf(r));
        await place('sent');
        if (taken === records.length && !chance(character.faulty / 3)) return {};
        for (const r of records) bump(sink.allowed, keyOf(r)); // it may have them, and we cannot know
        throw chance(0.3) ? new TypeError('a defect in the exporter') : new Fault('E_TIMEOUT');
      },
    }),
  });

  // ---- the config
  const disk = crashingDisk(lasting.files, {
    place,
    die,
    mayDie,
    isDead: () => dead,
    between,
    broken: error => broke(error),
  });
  const config = compose(world, character, { direct: direct(), archive: files(disk, character.rotate) }, place, chance);
  const { options, problems } = await check(config);
  assert.deepEqual(problems, []);
  const start = () =>
    startEngine(
      plan(config, where => options.get(where)),
      { store, clock, log: quiet, http: () => fetch, folder: lasting.folder },
      { deadLetters: 1e9 },
    );

  // ---- the life
  const quit = new AbortController();
  const run = async () => {
    for (;;) {
      const engine = await start();
      const asked = new Promise<'reload'>(resolve => {
        reload = () => resolve('reload');
      });
      const wait = calm
        ? never()
        : chance(0.7)
          ? clock.sleep(between(10, 240) * MINUTE, quit.signal).then(() => 'reload' as const, never)
          : never();
      const why = await Promise.race([asked, wait, aborted(quit.signal)]);
      counts.reloads++;
      if (why === 'reload' && chance(0.6)) {
        sink.forgive();
        engine.abort(); // time is up at once
      } else engine.stop();
      await engine.ended;
      sink.forgive(); // what the grace period cut short
      if (why === 'quit') return;
    }
  };
  const finish = async () => {
    while (lasting.truth <= world.end) await clock.sleep(30 * MINUTE);
    if (!calm) {
      dead = true; // the last life is a calm one from its start
      crash('crashed');
      return never();
    }
    for (let n = 0; !(await readOut(inner, world)); n++) {
      if (n > 2000) throw new Error('never catches up');
      await clock.sleep(30 * MINUTE);
    }
    await clock.sleep(6 * world.every);
    quit.abort();
  };

  const work = Promise.all([run(), finish()]).then(() => 'done' as const);
  try {
    const ending = await turn(Promise.race([work, crashed, broken]), timers, lasting);
    dead = ending === 'crashed';
    sink.forgive();
    if (ending === 'crashed') return 'crashed';
  } finally {
    dead = true;
    timers.length = 0;
    listen(undefined);
    await inner.close();
  }
  pick();
  return readDeadLetters(lasting.folder);
};

/** Wakes the sleepers one by one, with all the work in between done, until the life is over. */
const turn = async <T>(over: Promise<T>, timers: { at: number; wake: () => void }[], lasting: Lasting): Promise<T> => {
  let settled = false;
  const mark = () => {
    settled = true;
  };
  over.then(mark, mark);
  for (let idle = 0; !settled; ) {
    await new Promise(setImmediate);
    if (settled) break;
    timers.sort((a, b) => a.at - b.at);
    const timer = timers.shift();
    if (timer) {
      lasting.truth = Math.max(lasting.truth, timer.at);
      timer.wake();
      idle = 0;
    } else if (++idle > 200) throw new Error('nothing moves');
  }
  return over;
};

/** Whether everything that will ever be visible was read, and swept. */
const readOut = async (store: Store, world: World): Promise<boolean> => {
  const position = await store.position('sim', IDENTITY);
  const at = isObject(position?.value ?? null) ? (position!.value as { at: JsonObject }).at : undefined;
  if (!at) return false;
  if (world.walk === 'cursor') return (at.low as number) > world.lastVisible;
  const from = (track: 'live' | 'sweep') => (at[track] as { from: number }).from;
  return Math.min(from('live'), from('sweep')) > world.quiet;
};

const IDENTITY = ['sim', 'https://sim.example', '', ''].map(encodeURIComponent).join(' ');

const aborted = (signal: AbortSignal) =>
  new Promise<'quit'>(resolve => signal.addEventListener('abort', () => resolve('quit'), { once: true }));

/** One receiver, one or two routes, each with its tag, a fan-out, and `dedupe` on either side of it. */
const compose = (
  world: World,
  character: Character,
  exporters: Record<string, Spec<'exporter'>>,
  place: (name: string) => Promise<void>,
  chance: Dice['chance'],
): AnyConfig => {
  const tag = defineProcessor({
    type: 'tag',
    options: z.object({ route: z.string() }),
    create: (_, { route }) => ({
      process: async records => {
        await place('in a processor');
        if (chance(character.faulty / 5)) throw new Fault('E_NETWORK', 'a lookup failed');
        return { records: records.map(r => ({ ...r, attributes: { route } })) };
      },
    }),
  });
  const fanOut = defineProcessor({
    type: 'fan-out',
    options: z.object({}),
    create: () => ({
      process: records => ({
        records: records.flatMap(r => {
          const { parts, poison } = r.raw as unknown as { parts: number; poison: boolean }; // the vendor of this test wrote it
          if (poison) throw new TypeError('a mapping that throws');
          return parts <= 1
            ? [{ ...r, event: { part: 0 } }]
            : Array.from({ length: parts }, (_, part) => ({ ...r, part, event: { part } }));
        }),
      }),
    }),
  });
  const remember = `${world.remember}ms` as const;
  const processors = Object.assign(
    { fan: fanOut({}), seen: dedupe({ remember }) },
    ...character.routes.map(route => ({ [`tag-${route}`]: tag({ route }) })),
  );
  const pipelines = character.routes.map((route, i) => [
    route,
    {
      receivers: ['sim'],
      processors: [`tag-${route}`, ...(character.dedupeFirst[i] ? ['seen', 'fan'] : ['fan', 'seen'])],
      exporters: i === 0 ? ['direct', 'archive'] : ['archive', 'direct'],
      repeats: 'allow',
    },
  ]);
  return {
    receivers: { sim: receiver(world) },
    processors,
    exporters,
    pipelines: Object.fromEntries(pipelines),
  } as AnyConfig; // names are made above
};

const receiver = (world: World): Spec<'receiver'> => {
  const common = {
    type: 'sim',
    options: z.object({}),
    page: z.object({ items: z.array(z.unknown()), next: z.string().nullable(), more: z.boolean() }),
    items: (page: Page) => page.items,
    identify: (item: Parameters<typeof textOf>[0]) => ({ id: textOf(item, 'id'), time: textOf(item, 'time') }),
    ocsf: {
      describe: () => ({
        product: { name: 'Sim', vendor_name: 'Sim' },
        provider: 'Sim',
        log: 'sim',
        format: 'JSON' as const,
        address: 'sim',
      }),
      read: () => [],
    },
    repeats: () => HOUR,
  };
  const auth = { credential: 'sim', headers: async () => ({}), refused: () => false };
  const base = 'https://sim.example';
  const { begin, back, every, span, settle, overlap, behind } = world;
  return world.walk === 'cursor'
    ? defineHttpReceiver({
        ...common,
        lead: page => ({ next: page.next, more: page.more }),
        api: () => ({
          base,
          every,
          auth,
          walk: cursor({ since: () => begin - back, onLost: 'hold' }),
          request: ask => ({ path: '/events', query: { cursor: ask.cursor, since: ask.since } }),
        }),
      })({})
    : defineHttpReceiver({
        ...common,
        lead: page => ({ next: page.next }),
        api: () => ({
          base,
          every,
          auth,
          walk: windows({ since: () => begin - back - SECOND, span, settle, overlap, behind }),
          request: ({ from, to, cursor }) => ({ path: '/events', query: { from, to, cursor } }),
        }),
      })({});
};
