// Any history of appends, crashes, torn writes, rotations, failures and abandoned commits: the files hold exactly the
// committed batches, each once and in order, and a finished file never changes. Seen to fail with these mutants of
// `exporters/file/writer.ts`: no cut-back (append at the file's end), the length not staged, finish before the commit.
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { Disk } from '../../exporters/file/disk.ts';
import { createLocks } from '../../exporters/file/locks.ts';
import { createWriter } from '../../exporters/file/writer.ts';
import { Fault } from '../../src/fault.ts';
import { HOUR, MINUTE } from '../../src/options.ts';
import { listen, type Point } from '../../src/point.ts';
import { virtualClock } from '../support/clock.ts';
import { testContext } from '../support/context.ts';
import { sampleRecords } from '../support/exporter-bench.ts';

afterEach(() => listen(undefined));

const FOLDER = '/model';

/** The plug: what happens at the nth operation of a life. */
interface Trouble {
  readonly at: number;
  readonly kind: 'crash' | 'fault';
  /** How much of a torn write reaches the disk. */
  readonly torn: number;
}

/** A disk in memory, which outlives the process. */
const createModel = (now: () => number) => {
  const files = new Map<string, { bytes: Buffer; modified: number }>();
  const finished = new Map<string, Buffer>();

  /** One life of the process: its disk hangs for ever once it is struck dead. */
  const begin = (trouble: Trouble) => {
    const { promise: crashed, resolve: end } = Promise.withResolvers<'crashed'>();
    const life = { count: 0, over: false };
    const die = () => {
      life.over = true;
      end('crashed');
    };
    /** Counts operations; at the fatal one the process is gone, and with it everything that would have followed. */
    const strike = (partial?: (torn: number) => void) => {
      if (life.over) return 'crash';
      if (life.count++ !== trouble.at) return undefined;
      partial?.(trouble.torn);
      if (trouble.kind === 'fault') return 'fault';
      die();
      return 'crash';
    };
    const gone = () => new Promise<never>(() => {});
    const struck = (what: 'crash' | 'fault'): Promise<never> =>
      what === 'crash' ? gone() : Promise.reject(new Fault('E_FILE', 'the model fails'));

    const disk: Disk = {
      stat: async path => {
        const what = strike();
        if (what) return struck(what);
        const found = files.get(path);
        return found && { size: found.bytes.length, modified: found.modified };
      },
      append: async (path, from, pieces) => {
        expect(path.endsWith('.part')).toBe(true);
        const bytes = Buffer.concat(await Array.fromAsync(pieces, piece => Buffer.from(piece))); // they are only lent
        const before = files.get(path)?.bytes ?? Buffer.alloc(0);
        expect(before.length).toBeGreaterThanOrEqual(from);
        const put = (length: number) =>
          files.set(path, {
            bytes: Buffer.concat([before.subarray(0, from), bytes.subarray(0, length)]),
            modified: now(),
          });
        const what = strike(torn => put(Math.floor(bytes.length * torn)));
        if (what) return struck(what);
        put(bytes.length);
        return bytes.length;
      },
      rename: async (path, length, next) => {
        const turn = () => {
          const { bytes } = files.get(path)!;
          expect(bytes.length).toBeGreaterThanOrEqual(length);
          expect(files.has(next)).toBe(false);
          files.delete(path);
          files.set(next, { bytes: bytes.subarray(0, length), modified: now() });
          if (!next.endsWith('.part')) finished.set(next, Buffer.from(bytes.subarray(0, length)));
        };
        const what = strike(torn => torn > 0.5 && turn());
        if (what) return struck(what);
        turn();
      },
      remove: async path => {
        expect(path.endsWith('.part')).toBe(true);
        const what = strike(torn => torn > 0.5 && files.delete(path));
        if (what) return struck(what);
        files.delete(path);
      },
      list: async folder => {
        const what = strike();
        if (what) return struck(what);
        const below = [...files.keys()].filter(path => path.startsWith(`${folder}/`));
        return [...new Set(below.map(path => path.slice(folder.length + 1).split('/')[0]!))];
      },
    };

    /** The same, at a named point of the program. */
    const crashAt = (wanted: Point, nth: number) => {
      let seen = 0;
      listen(name => {
        if (name === wanted && seen++ === nth) die();
      });
    };
    return { disk, crashed, crashAt, alive: () => !life.over };
  };

  return { files, finished, begin };
};

type Life = ReturnType<ReturnType<typeof createModel>['begin']>;

const POINTS: readonly Point[] = [
  'file: before append',
  'file: after append',
  'file: before finish',
  'file: after finish',
];

interface Step {
  readonly receiver: string;
  readonly count: number;
  readonly commit: 'yes' | 'no' | 'crash before' | 'crash after';
  readonly wait: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  receiver: fc.constantFrom('opal', 'vaults'),
  count: fc.integer({ min: 1, max: 6 }),
  commit: fc.constantFrom<Step['commit']>('yes', 'yes', 'yes', 'no', 'crash before', 'crash after'),
  wait: fc.constantFrom(0, 0, MINUTE, 20 * MINUTE, 25 * HOUR),
});
const life = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 8 }),
  trouble: fc.record({
    at: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constant(1e9)),
    kind: fc.constantFrom<'crash' | 'fault'>('crash', 'fault'),
    torn: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  point: fc.option(fc.record({ name: fc.constantFrom(...POINTS), nth: fc.integer({ min: 0, max: 5 }) })),
  close: fc.boolean(),
});
const world = fc.record({
  path: fc.constantFrom(
    '{receiver}-{seq}.ndjson',
    'logs/{day}/{receiver}-{seq}.ndjson.gz',
    '{receiver}/{day}-{seq}.ndjson',
  ),
  size: fc.constantFrom(200, 3000, 20_000),
  every: fc.constantFrom(MINUTE, HOUR),
  lives: fc.array(life, { minLength: 1, maxLength: 6 }),
});

test('the files hold exactly the committed batches', () =>
  fc.assert(
    fc.asyncProperty(world, async ({ path, size, every, lives }) => {
      const clock = virtualClock();
      const model = createModel(clock.now);
      const context = testContext({ clock, folder: FOLDER });
      const committed = new Map<string, string[]>();
      let next = 0;

      const run = async (
        { disk, alive }: Life,
        steps: readonly Step[],
        close: boolean,
      ): Promise<'done' | 'crashed'> => {
        const exporter = createWriter(disk, createLocks(), context, { path, rotate: { size, every } });
        for (const { receiver, count, commit, wait } of steps) {
          await clock.advance(wait);
          const records = sampleRecords(count, { receiver, first: next });
          next += count;
          for (let tries = 0; tries < 2; tries++) {
            const exported = await exporter.export(records, new AbortController().signal).catch((error: unknown) => {
              if (!(error instanceof Fault)) throw error;
              return undefined;
            });
            if (!alive()) return 'crashed';
            if (!exported) continue; // the model fails once a life
            if (commit === 'crash before') return 'crashed';
            if (commit !== 'no') {
              context.commit(exported.writes ?? []);
              committed.set(receiver, [...(committed.get(receiver) ?? []), ...records.map(r => r.id)]);
            }
            if (commit === 'crash after') return 'crashed';
            await exported.release?.(commit !== 'no');
            break;
          }
        }
        if (close) await exporter.close?.();
        return 'done';
      };

      for (const { trouble, point, steps, close } of lives) {
        const life = model.begin(trouble);
        if (point) life.crashAt(point.name, point.nth);
        await Promise.race([run(life, steps, close), life.crashed]);
        listen(undefined);
      }
      // A calm life at the end: what was left behind is cleared away by the next batch.
      const calm = model.begin({ at: Number.POSITIVE_INFINITY, kind: 'fault', torn: 0 });
      const last = ['opal', 'vaults'].map((receiver): Step => ({ receiver, count: 1, commit: 'yes', wait: 0 }));
      await run(calm, last, true);

      const found = new Map<string, string[]>();
      const seqOf = (name: string) => Number(/(\d{6})\.ndjson/.exec(name)?.[1]);
      for (const [name, { bytes }] of [...model.files].toSorted(([a], [b]) => seqOf(a) - seqOf(b))) {
        const before = model.finished.get(name);
        if (before) expect(before.equals(bytes)).toBe(true);
        expect(name).not.toContain('.unknown'); // the state was never lost, so nothing is unknown to it
        const text = path.endsWith('.gz') ? gunzipSync(bytes).toString() : bytes.toString();
        for (const line of text.split('\n').slice(0, -1)) {
          const uid: string = JSON.parse(line).metadata.uid;
          const receiver = uid.split('-')[0]!;
          found.set(receiver, [...(found.get(receiver) ?? []), uid]);
        }
      }
      expect([...model.finished.keys()].filter(name => !model.files.has(name))).toEqual([]);
      expect(Object.fromEntries(found)).toEqual(Object.fromEntries(committed));
      for (const name of model.files.keys()) expect(name.startsWith(join(FOLDER, '/'))).toBe(true);
    }),
    { numRuns: 400 },
  ));
