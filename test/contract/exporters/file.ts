// Files in a folder of the test, on the machine's own disk, which can be made to wait and to fail.
import { mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Disk, nodeDisk } from '../../../exporters/file/disk.ts';
import { createLocks } from '../../../exporters/file/locks.ts';
import { createWriter } from '../../../exporters/file/writer.ts';
import { Fault } from '../../../src/fault.ts';
import { HOUR } from '../../../src/options.ts';
import { testContext } from '../../support/context.ts';
import type { ExporterHarness } from '../../support/exporter-bench.ts';

const linesOf = async (folder: string): Promise<readonly string[]> => {
  const names = (await readdir(folder, { recursive: true }).catch(() => [])).filter(name => name.includes('.ndjson'));
  const texts = await Promise.all(names.sort().map(name => readFile(join(folder, name), 'utf8')));
  return texts.flatMap(text => text.split('\n').slice(0, -1));
};

async function* halves(pieces: AsyncIterable<Uint8Array>) {
  for await (const bytes of pieces) yield bytes.subarray(0, bytes.length >> 1);
}

export const harness: ExporterHarness = {
  exact: true,
  failures: {
    'a disk that is full midway': 'transient',
    'a folder that is none': 'transient',
    'a shortened file': 'denied',
  },
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-file-'));
    const logs = join(folder, 'logs');
    let waiting: Promise<void> = Promise.resolve();
    let full = false;
    const disk: Disk = {
      ...nodeDisk,
      append: async (path, from, pieces) => {
        await waiting;
        const written = await nodeDisk.append(path, from, full ? halves(pieces) : pieces);
        if (full) throw new Fault('E_FILE', `${path} cannot be written: no space left on device`);
        return written;
      },
    };
    const context = testContext({ folder });
    const exporter = createWriter(disk, createLocks(), context, {
      path: 'logs/{receiver}-{seq}.ndjson',
      rotate: { size: 100_000, every: HOUR },
    });
    return {
      exporter,
      context,
      received: async () => (await linesOf(logs)).map(line => JSON.parse(line).metadata.uid),
      stall: () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting = promise;
        return resolve;
      },
      fail: async name => {
        const part = join(logs, 'opal-000001.ndjson.part');
        if (name === 'a disk that is full midway') full = true;
        if (name === 'a folder that is none') {
          await rename(logs, `${logs}-away`);
          await writeFile(logs, '');
        }
        if (name === 'a shortened file') {
          await writeFile(join(folder, 'copy'), await readFile(part));
          await truncate(part, 10);
        }
        return async () => {
          if (name === 'a disk that is full midway') full = false;
          if (name === 'a folder that is none') {
            await rm(logs);
            await rename(`${logs}-away`, logs);
          }
          if (name === 'a shortened file') await writeFile(part, await readFile(join(folder, 'copy')));
          return exporter;
        };
      },
      close: () => rm(folder, { recursive: true, force: true }),
    };
  },
};
