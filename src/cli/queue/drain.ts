// `tributary queue drain`: sends what lies in the queues, and reads nothing. For a queue that lost its exporter's name, or
// before a state is thrown away.
import { duration } from '../../options.ts';
import { createLog, type LogFormat } from '../../runtime/log.ts';
import { exportersOf } from '../../runtime/plan.ts';
import { readQueues } from '../../runtime/queue/queue-read.ts';
import { command, orStop, readConfig, runConfig, Stop, stateFolder, unchanged, unfinished } from '../session.ts';

export const drain = (
  exporter: string | undefined,
  flags: { readonly config: string; readonly patience: string; readonly dryRun?: boolean; readonly log?: LogFormat },
): Promise<void> =>
  command(async () => {
    const patience = duration({ min: '1s' }).safeParse(flags.patience);
    if (!patience.success) throw new Stop(`--patience ${patience.error.issues[0]!.message}`, 2);
    const read = await readConfig(flags.config);
    const { config, options, folder } = read;
    const holdings = await orStop(() => readQueues(stateFolder(config, folder)));
    const filled = holdings.map(({ queue }) => queue);
    const names = exporter === undefined ? filled : [exporter];
    const strange = names.filter(name => !Object.hasOwn(config.exporters, name));
    if (strange.length > 0)
      throw new Stop(
        `${flags.config} has no exporter ${strange.map(name => `'${name}'`).join(', ')}: name one so, and it gets what lies in its queue`,
      );

    if (flags.dryRun) {
      for (const { queue, rows, records } of holdings.filter(({ queue }) => names.includes(queue)))
        process.stderr.write(`${queue}: ${records} records in ${rows} rows would be sent\n`);
      return unchanged();
    }
    let [sent, dead] = [0, 0];
    const endings = await runConfig(
      read,
      createLog(flags.log),
      {
        once: { patience: patience.data },
        queuesOnly: true,
        observers: [
          {
            dequeued: (_, records, refused) => {
              sent += records.length - refused;
              dead += refused;
            },
          },
        ],
      },
      {
        change: parts => ({
          ...parts,
          // Also those that have lost their queue, or are in no pipeline any more.
          exporters: exportersOf(config, place => options.get(place), names).map(part => ({
            ...part,
            queue: part.queue ?? { limit: Number.POSITIVE_INFINITY },
          })),
        }),
      },
    );
    process.stderr.write(`${sent} records sent${dead > 0 ? `, ${dead} became dead letters` : ''}\n`);
    const message = unfinished(endings);
    if (message) throw new Stop(message);
  });
