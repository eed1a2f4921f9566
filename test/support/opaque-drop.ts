// The receiver at a drop folder, run until it rests or is killed. Importing this makes a folder for each test.
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { opaque } from '../../receivers/opaque/index.ts';
import { type AuditRecord, identify, type Receiver, type ReceiverContext } from '../../src/index.ts';
import type { TestContext } from './context.ts';
import { KEYS, rows, temporary } from './opaque.ts';

/** What the user has: the folder below, and the key. */
export let place: string;
export let key: string;
/** For private copies: empty when none is left. */
export let scratch: string;
export const drop = () => join(place, 'drop');

beforeEach(async () => {
  place = await temporary();
  scratch = await temporary();
  process.env.TMPDIR = scratch; // private copies go here
  await mkdir(drop());
  key = join(place, 'key.pem');
  await writeFile(key, KEYS.rsa.publicKey);
});

const usual = process.env.TMPDIR;
afterEach(async () => {
  if (usual === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usual;
  await rm(place, { recursive: true });
  await rm(scratch, { recursive: true });
});

export const create = (context: ReceiverContext, options: Partial<Parameters<typeof opaque>[0]> = {}): Receiver => {
  const spec = opaque({ directory: drop(), publicKey: key, ...options });
  const checked = spec.schema['~standard'].validate(spec.options);
  if (checked instanceof Promise || checked.issues) throw new Error(JSON.stringify(checked));
  return spec.create(context, checked.value);
};

let age = 0;
/** Drops a file; each one younger than the last. */
export const put = async (name: string, content: Buffer | string): Promise<void> => {
  await writeFile(join(drop(), name), content);
  const time = new Date(Date.UTC(2026, 0, 1) + ++age * 1000);
  await utimes(join(drop(), name), time, time);
};

interface Played {
  /** Of the batches that were committed. */
  readonly records: readonly AuditRecord[];
  readonly batches: number;
}

/** Runs a receiver until it rests, or kills it instead of committing a batch: the one after so many. */
export const play = async (
  context: TestContext,
  receiver: Receiver,
  kill = Infinity,
  each?: (batch: number) => Promise<void>,
): Promise<Played> => {
  const records: AuditRecord[] = [];
  let batches = 0;
  let stop = () => {};
  const played = new Promise<void>((resolve, reject) => {
    context.rest = () => resolve();
    const subscription = receiver.emissions.subscribe({
      error: reject,
      next: async ({ batch, receipt }) => {
        await each?.(batches)?.catch(reject);
        if (batches === kill) return resolve();
        batches++;
        records.push(...batch.records);
        const { origin } = receiver;
        context.commit([
          ...(batch.writes ?? []),
          { kind: 'move', receiver: origin.receiver, identity: identify(origin), move: batch.move! },
        ]);
        receipt.deliver();
      },
    });
    stop = () => subscription.unsubscribe();
  });
  await context.clock.run(played);
  stop();
  await receiver.close?.();
  return { records, batches };
};

export const run = (context: TestContext, options: Partial<Parameters<typeof opaque>[0]> = {}) =>
  play(context, create(context, options));
export const ids = ({ records }: Pick<Played, 'records'>) => records.map(r => r.id);
/** Of the same rows as `rows` gives. */
export const idsOf = (from: number, count: number) => rows(from, count).map(([id]) => id);
export const names = async (folder = drop()) => (await readdir(folder)).toSorted();
export const warnings = (context: TestContext) => context.lines.filter(l => l.level !== 'info').map(l => l.message);
