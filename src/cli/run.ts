// `tributary run`: the pipelines, until a signal stops them. A change of the config is taken over on the way.
import { createLog, type LogFormat } from '../runtime/log.ts';
import { followConfig } from './follow.ts';
import { command, listed, readConfig, runConfig, Stop, unfinished } from './session.ts';

export const run = (flags: { readonly config: string; readonly log?: LogFormat }): Promise<void> =>
  command(async () => {
    const log = createLog(flags.log);
    const read = await readConfig(flags.config);
    if (read.problems.length > 0) process.stderr.write(`${listed(read.problems)}\n`);
    const message = unfinished(
      await runConfig(
        read,
        log,
        {},
        { beside: running => followConfig({ file: flags.config, first: read, ...running }) },
      ),
    );
    if (message) throw new Stop(message);
    log.info({}, 'stopped');
  });
