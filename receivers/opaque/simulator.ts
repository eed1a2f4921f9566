// Plays an administrator of Opaque Systems who exports the audit log now and then, with ranges that overlap, into a drop
// folder of a temporary directory. There is no server: the vendor documents no API for its audit log.
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECOND } from '../../src/index.ts';
import { type Happening, population } from '../../src/simulation/population.ts';
import { people, random } from '../../src/simulation/random.ts';
import type { Simulation, SimulationOptions, Simulator } from '../../src/simulation/simulator.ts';
import { opaque } from './index.ts';
import { archiveOf, csvOf, HEADER, keyPair, rowOf } from './simulator-export.ts';
import { zipOf } from './simulator-zip.ts';

/** What this vendor can be asked to play beyond the usual. */
export interface OpaqueSimulationOptions extends SimulationOptions {
  /** How many events of an export the one before it held too; 500 when absent. */
  readonly overlap?: number;
  /** How often a live simulation exports, in ms; every second when absent. */
  readonly every?: number;
}

/** Events that one export of the history holds. */
const EXPORT = 5000;

export const simulator = {
  vendor: 'opaque',
  start: async (options: OpaqueSimulationOptions): Promise<Simulation> => {
    const { events, seed, live, faults = [], overlap = 500, every = SECOND } = options;
    const place = await mkdtemp(join(tmpdir(), 'tributary-opaque-'));
    const directory = join(place, 'drop');
    const publicKey = join(place, 'opaque.pem');
    const keys = keyPair();
    await mkdir(directory);
    await writeFile(publicKey, keys.publicKey);

    const happenings = population(options);
    const staff = people(random(seed, 'opaque', 'people'), 12);
    const row = ({ index, time }: Happening) => rowOf(seed, index, time, staff);
    const counts: Record<string, number> = {};
    const exported = new Set<string>();
    const dice = random(seed, 'opaque', 'faults');
    let [exports, told] = [0, 0];

    /** Under another name first, as a browser does: what is being written is not an archive yet. */
    const drop = async (archive: Buffer, outcome: string) => {
      const name = `audit-logs-${String(exports++).padStart(5, '0')}`;
      await writeFile(join(place, name), archive);
      await rename(join(place, name), join(directory, `${name}.zip`));
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    };

    const exportOf = async (shown: readonly Happening[]) => {
      const rows = shown.toReversed().map(row); // newest first, as the page sorts
      const contents = { results: csvOf([HEADER, ...rows]), query: Buffer.from(queryOf(shown)) };
      const archive = archiveOf(contents, keys);
      for (const fault of faults) {
        if (!dice.chance(fault.rate) || (counts.bad ?? 0) >= (fault.times ?? Infinity)) continue;
        await drop(spoiled(archive, contents, 'truncate' in fault.do, exports), 'bad');
      }
      await drop(archive, 'good');
      for (const [id] of rows) exported.add(id!); // the header's first column
    };

    for (let from = 0; from < events; from += EXPORT)
      await exportOf(happenings.shown().slice(Math.max(0, from - overlap), from + EXPORT));
    told = events;

    let busy: Promise<void> = Promise.resolve();
    const timer = live
      ? setInterval(() => {
          busy = busy.then(async () => {
            const shown = happenings.shown();
            if (shown.length === told) return;
            await exportOf(shown.slice(Math.max(0, told - overlap)));
            told = shown.length;
          });
          busy.catch(() => clearInterval(timer)); // the folder is gone
        }, every)
      : undefined;

    return {
      url: directory,
      credentials: {},
      receivers: () => ({ opaque: opaque({ directory, publicKey, settle: '0s', every: '1s' }) }),
      ids: () => ({ opaque: [...exported] }),
      requests: () => ({ ...counts }),
      close: async () => {
        clearInterval(timer);
        await busy.catch(() => {});
        await rm(place, { recursive: true, force: true });
      },
    };
  },
} satisfies Simulator;

const queryOf = (shown: readonly Happening[]): string => {
  const times = shown.map(h => h.time);
  const [from, to] = [Math.min(...times), Math.max(...times)].map(time => new Date(time).toISOString());
  return `{"range": {"from": "${from}", "to": "${to}"}, "filters": {}}\n`;
};

/** What a damaged or a forged export looks like, in turn: cut short, a row changed, not signed. */
const spoiled = (
  archive: Buffer,
  { results, query }: { readonly results: Buffer; readonly query: Buffer },
  cut: boolean,
  turn: number,
): Buffer => {
  if (cut) return archive.subarray(0, archive.length >> 1);
  const forged = Buffer.from(results.toString().replace('success', 'failure'));
  return turn % 2 === 0
    ? zipOf([
        ['results.csv', forged],
        ['audit_logs_query.txt', query],
        ['signature.bin', Buffer.alloc(256, 1)],
      ])
    : zipOf([
        ['results.csv', results],
        ['audit_logs_query.txt', query],
      ]);
};
