// `tributary check`: everything that is wrong with a config, at once. Nothing is started.
import { orphaned } from '../runtime/queue/queue.ts';
import { readQueues } from '../runtime/queue/queue-read.ts';
import { command, listed, orStop, readConfig, Stop, stateFolder } from './session.ts';

interface CheckFlags {
  readonly config: string;
  /** Also what taking it over would change. */
  readonly diff?: boolean;
  readonly json?: boolean;
}

export const checkConfig = (flags: CheckFlags): Promise<void> =>
  command(async () => {
    if (flags.json && !flags.diff) throw new Stop('--json is for --diff', 2);
    const read = await readConfig(flags.config);
    const { config, options, folder, problems } = read;
    if (problems.length > 0) process.stderr.write(`${listed(problems)}\n`);
    const state = stateFolder(config, folder);
    const holdings = await orStop(() => readQueues(state));
    const queued = Object.keys(config.exporters).filter(name => options.has(`exporters.${name}.queue`));
    for (const message of orphaned(new Map(holdings.map(each => [each.queue, each])), queued))
      process.stderr.write(`  warning: ${message}\n`);
    const count = (named: object | undefined, noun: string) => {
      const n = Object.keys(named ?? {}).length;
      return `${n} ${noun}${n === 1 ? '' : 's'}`;
    };
    process.stderr.write(
      `${flags.config} is fine: ${count(config.receivers, 'receiver')}, ${count(config.processors, 'processor')}, ${count(config.exporters, 'exporter')}, ${count(config.pipelines, 'pipeline')}\n`,
    );
    if (flags.diff) await (await import('./diff.ts')).showDiff(read, flags.json ?? false);
  });
