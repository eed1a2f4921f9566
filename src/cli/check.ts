// `tributary check`: everything that is wrong with a config, at once. Nothing is started.
import { orphaned } from '../runtime/queue.ts';
import { readQueues } from '../runtime/queue-read.ts';
import { command, listed, orStop, readConfig, stateFolder } from './session.ts';

export const checkConfig = (flags: { readonly config: string }): Promise<void> =>
  command(async () => {
    const { config, options, folder, problems } = await readConfig(flags.config);
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
  });
