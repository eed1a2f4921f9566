// One life of the program inside a history: the real engine, store, dedupe and file exporter, on a virtual clock, with
// a vendor, sinks and a disk that may crash it at any place. The next life begins with what is committed.
import assert from 'node:assert/strict';
import type { Fetch } from '../../../src/component.ts';
import { queued } from '../../../src/config.ts';
import { Fault } from '../../../src/fault.ts';
import { isObject } from '../../../src/json.ts';
import type { JsonObject, Write } from '../../../src/model.ts';
import { type Bytes, MINUTE, SECOND } from '../../../src/options.ts';
import { listen } from '../../../src/point.ts';
import { check } from '../../../src/runtime/check.ts';
import { startEngine } from '../../../src/runtime/engine.ts';
import { plan } from '../../../src/runtime/plan.ts';
import type { DeadLetter, Store } from '../../../src/runtime/state/state.ts';
import { openState } from '../../../src/runtime/state/state-sqlite.ts';
import { readDeadLetters } from '../../support/letters.ts';
import { auditor } from './books.ts';
import { compose, IDENTITY } from './config.ts';
import type { Dice } from './dice.ts';
import { crashingDisk } from './disk.ts';
import { files } from './files.ts';
import { bump, type Files, keyOf, type Sink } from './records.ts';
import { fickleSink } from './sinks.ts';
import { timeOf } from './time.ts';
import type { World } from './vendor.ts';

/** One that lanes export to, and one behind a queue. */
export interface Sinks {
  readonly direct: Sink;
  readonly later: Sink;
}

/** What lasts from life to life. */
export interface Lasting {
  readonly folder: string;
  readonly world: World;
  readonly sinks: Sinks;
  /** How often each key was committed to the queue. */
  readonly rows: Map<string, number>;
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
  /** From which size on a queue is full. */
  readonly limit: Bytes;
  /** The files are behind a queue, too. */
  readonly filesLater: boolean;
}

class Crash extends Error {}

const quiet = { info() {}, warn() {}, error() {} };
const never = () => new Promise<never>(() => {});

export const live = async (
  lasting: Lasting,
  character: Character,
  dice: Dice,
): Promise<'crashed' | readonly DeadLetter[]> => {
  const { world, sinks, counts } = lasting;
  const forgive = () => Object.values(sinks).forEach(sink => void sink.forgive());
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

  const time = timeOf(lasting, () => dead);
  const { clock } = time;

  // ---- the store, with its places
  let writing: readonly Write[] = [];
  listen(name => {
    if (dead) throw new Crash();
    if (name === 'after commit') {
      try {
        books.look();
      } catch (error) {
        broke(error);
      }
      if (writing.some(w => w.kind === 'move')) sinks.direct.inFlight.clear();
      if (writing.some(w => w.kind === 'dequeue' && w.queue === 'later')) sinks.later.inFlight.clear();
      for (const write of writing)
        if (write.kind === 'enqueue' && write.queue === 'later')
          for (const record of write.records) bump(lasting.rows, keyOf(record));
    }
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
  const books = auditor(lasting.folder);
  const guarded =
    <A extends readonly unknown[], R>(name: string, work: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await place(name);
      return work(...args);
    };
  const store: Store = {
    doubts: inner.doubts,
    position: guarded('position', inner.position),
    positions: inner.positions,
    get: guarded('get', inner.get),
    known: guarded('known', inner.known),
    deadSince: inner.deadSince,
    deadAt: inner.deadAt,
    letters: inner.letters,
    rows: guarded('rows', inner.rows),
    queues: inner.queues,
    reading: inner.reading,
    note: inner.note,
    waits: inner.waits,
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

  // ---- the sinks
  let reload = () => {};
  const sink = (which: keyof Sinks) =>
    fickleSink(sinks[which], character, dice, {
      place: name => place(`${which}: ${name}`),
      sleep: clock.sleep,
      isWrong: () => lasting.truth >= character.wrong[0] && lasting.truth < character.wrong[1],
      sending: () => {
        if (which === 'direct' && !calm && chance(0.03)) reload();
      },
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
  const archive = files(disk, character.rotate);
  const exporters = {
    direct: sink('direct'),
    later: queued(sink('later'), { limit: character.limit }),
    archive: character.filesLater ? queued(archive, { limit: character.limit }) : archive,
  };
  const config = compose(world, character, exporters, place, chance);
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
        forgive();
        engine.abort(); // time is up at once
      } else engine.stop();
      await engine.ended;
      forgive(); // what the grace period cut short
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
      if (n > 400) throw new Error('never catches up');
      await clock.sleep(30 * MINUTE);
    }
    await clock.sleep(6 * world.every);
    while ((await inner.queues()).size > 0) await clock.sleep(10 * MINUTE);
    quit.abort();
  };

  const work = Promise.all([run(), finish()]).then(() => 'done' as const);
  try {
    const ending = await time.pass(Promise.race([work, crashed, broken]));
    dead = ending === 'crashed';
    forgive();
    if (ending === 'crashed') return 'crashed';
  } finally {
    dead = true;
    time.end();
    listen(undefined);
    books.close();
    await inner.close();
  }
  pick();
  return readDeadLetters(lasting.folder);
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

const aborted = (signal: AbortSignal) =>
  new Promise<'quit'>(resolve => signal.addEventListener('abort', () => resolve('quit'), { once: true }));
