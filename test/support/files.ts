// The file exporter in a folder of its own for each test, on the machine's own disk. Importing this makes the folder.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { nodeDisk } from '../../exporters/file/disk.ts';
import { createLocks, type Locks } from '../../exporters/file/locks.ts';
import { createWriter, type FileOptions } from '../../exporters/file/writer.ts';
import type { Exported, Exporter } from '../../src/component.ts';
import { HOUR } from '../../src/options.ts';
import { listen } from '../../src/point.ts';
import { type TestContext, testContext } from './context.ts';
import { sampleRecords } from './exporter-bench.ts';

export let folder: string;
export let context: TestContext;
let locks: Locks;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tributary-file-'));
  context = testContext({ folder, name: 'archive' });
  locks = createLocks();
});
afterEach(async () => {
  listen(undefined);
  await rm(folder, { recursive: true, force: true });
});

export const quiet = () => new AbortController().signal;
export const create = (options: Partial<FileOptions> = {}, given: TestContext = context): Exporter =>
  createWriter(nodeDisk, locks, given, {
    path: '{receiver}-{seq}.ndjson',
    rotate: { size: 128 * 2 ** 20, every: HOUR },
    ...options,
  });

/** The process is gone, and with it all locks. */
export const restart = () => {
  locks = createLocks();
};

/** Ends a delivery as the engine does. */
export const conclude = async (exported: Exported, committed = true) => {
  if (committed) context.commit(exported.writes ?? []);
  await exported.release?.(committed);
};
export const deliver = async (exporter: Exporter, records = sampleRecords(1)) =>
  conclude(await exporter.export(records, quiet()));
export const names = async () => (await readdir(folder, { recursive: true })).filter(name => name.includes('.')).sort();
export const idsIn = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line).metadata.uid);
export const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    error => error,
  );
