// `tributary check`: everything that is wrong with a config, at once. Nothing is started.
import { command, listed, readConfig } from './session.ts';

export const checkConfig = (flags: { readonly config: string }): Promise<void> =>
  command(async () => {
    const { config, problems } = await readConfig(flags.config);
    if (problems.length > 0) process.stderr.write(`${listed(problems)}\n`);
    const count = (named: object | undefined, noun: string) => {
      const n = Object.keys(named ?? {}).length;
      return `${n} ${noun}${n === 1 ? '' : 's'}`;
    };
    process.stderr.write(
      `${flags.config} is fine: ${count(config.receivers, 'receiver')}, ${count(config.processors, 'processor')}, ${count(config.exporters, 'exporter')}, ${count(config.pipelines, 'pipeline')}\n`,
    );
  });
