// `tributary queue ls | show | export | verify`: what lies in the queues, readable beside a running engine.
import type { AnyConfig, Queued } from '../../config.ts';
import { describe } from '../../fault.ts';
import { loadConfig } from '../../runtime/load.ts';
import { readQueues, readRows, verifyQueues } from '../../runtime/queue/queue-read.ts';
import { type StoredRow, unpackRow } from '../../runtime/queue/queue-sqlite.ts';
import { toMillis } from '../../time.ts';
import { print } from '../output.ts';
import { command, orStop, Stop, stateOf } from '../session.ts';

interface Flags {
  readonly config: string;
  readonly json?: boolean;
}

export const list = (flags: Flags): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    const limits = limitsOf((await loadConfig(flags.config)) as AnyConfig); // `stateOf` found a config in it
    const holdings = await orStop(() => readQueues(folder));
    const empty = [...limits.keys()].filter(name => !holdings.some(h => h.queue === name));
    const all = [...holdings, ...empty.map(queue => ({ queue, rows: 0, records: 0, bytes: 0, oldest: undefined }))];
    const lines = all.map(({ queue, oldest, ...sizes }) => {
      const limit = limits.get(queue);
      const since = oldest === undefined ? undefined : new Date(oldest).toISOString();
      if (flags.json) return `${JSON.stringify({ queue, ...sizes, oldest: since, limit })}\n`;
      const { rows, records, bytes } = sizes;
      const of = limit ?? 'no queue of this config: name it again, or drain it';
      return `${[queue, `${rows} rows`, `${records} records`, `${bytes} bytes of ${of}`, since ?? ''].join('  ').trimEnd()}\n`;
    });
    await print(lines);
    if (!flags.json) process.stderr.write(`${all.length} queue${all.length === 1 ? '' : 's'}\n`);
  });

/** No content: what it is, whose it is, and when it happened. */
export const show = (queue: string, flags: Flags & { readonly limit: number }): Promise<void> =>
  command(async () => {
    const folder = await known(queue, flags.config);
    let shown = 0;
    await eachRow(folder, queue, async row => {
      const lines = unpackRow(row)
        .slice(0, flags.limit - shown)
        .map(({ id, part, time, origin, event }) => {
          const line = {
            row: row.seq,
            added: new Date(row.added).toISOString(),
            receiver: origin.receiver,
            id,
            part,
            time: new Date(toMillis(time)).toISOString(),
            class: event?.class_name,
            activity: event?.activity_name,
          };
          return `${
            flags.json
              ? JSON.stringify(line)
              : Object.values(line)
                  .filter(v => v !== undefined)
                  .join('  ')
          }\n`;
        });
      shown += lines.length;
      return (await print(lines)) && shown < flags.limit;
    });
  });

/** As the file exporter writes them. */
export const exportEvents = (queue: string, flags: Flags): Promise<void> =>
  command(async () => {
    const folder = await known(queue, flags.config);
    await eachRow(folder, queue, async row =>
      print(unpackRow(row).map(({ event, raw }) => `${JSON.stringify(event ?? raw)}\n`)),
    );
  });

export const verify = (flags: Flags): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    const { rows, records, problems } = await orStop(() => verifyQueues(folder));
    if (problems.length > 0) throw new Stop(`${problems.length} wrong:\n${problems.map(p => `  ${p}`).join('\n')}`);
    process.stderr.write(`${rows} rows with ${records} records, each as it was written\n`);
  });

// ---- Helpers ----

/** The limit of each queue, as the config writes it. */
const limitsOf = ({ exporters }: AnyConfig): ReadonlyMap<string, string> =>
  new Map(
    Object.entries(exporters ?? {}).flatMap(([name, spec]) =>
      'queue' in spec ? [[name, String((spec as Queued).queue?.limit)] as const] : [],
    ),
  );

/** The folder of the state, if the queue is one of the config or has rows in it. */
const known = async (queue: string, config: string): Promise<string> => {
  const folder = await stateOf(config);
  const holdings = await orStop(() => readQueues(folder));
  const names = new Set([...limitsOf((await loadConfig(config)) as AnyConfig).keys(), ...holdings.map(h => h.queue)]);
  if (!names.has(queue))
    throw new Stop(`there is no queue '${queue}'; there are: ${[...names].join(', ') || 'none'}`, 2);
  return folder;
};

/** From the oldest on, while `work` wants more. A damaged row is told and left out; then the command has failed. */
const eachRow = async (folder: string, queue: string, work: (row: StoredRow) => Promise<boolean>): Promise<void> => {
  const damaged: string[] = [];
  for (let after = 0; ; ) {
    const rows = await orStop(() => readRows(folder, queue, after));
    let goOn = rows.length > 0;
    for (const row of rows) {
      after = row.seq;
      goOn = await work(row).catch(error => {
        if (error instanceof Stop) throw error;
        damaged.push(describe(error));
        return true;
      });
      if (!goOn) break;
    }
    if (!goOn) break;
  }
  if (damaged.length > 0) throw new Stop(damaged.join('\n'));
};
