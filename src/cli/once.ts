// `tributary once`: every receiver until its vendor has no more, then exit. For cron, for backfills, for tests.
import { duration } from '../options.ts';
import type { LogFormat } from '../runtime/log.ts';
import { gapWatch } from './gaps.ts';
import { runShown } from './progress/run.ts';
import { command, listed, readConfig, Stop, unfinished } from './session.ts';

export const once = (flags: {
  readonly config: string;
  readonly patience: string;
  readonly log?: LogFormat;
}): Promise<void> =>
  command(async () => {
    const patience = duration({ min: '1s' }).safeParse(flags.patience);
    if (!patience.success) {
      process.stderr.write(`--patience ${patience.error.issues[0]!.message}\n`);
      process.exitCode = 2;
      return;
    }
    const read = await readConfig(flags.config);
    if (read.problems.length > 0) process.stderr.write(`${listed(read.problems)}\n`);
    const gaps = gapWatch();
    const endings = await runShown(read, {
      patience: patience.data,
      format: flags.log,
      observers: [gaps.observer],
    });
    process.stderr.write(gaps.text());
    const message = unfinished(endings);
    if (message) throw new Stop(message);
  });
