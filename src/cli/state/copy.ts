// `tributary state export FILE` and `import FILE`: an installation that moves, and a backup that is consistent.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { exportState, importState } from '../../runtime/state/state-copy.ts';
import { hasState } from '../../runtime/state/state-tools.ts';
import { command, orStop, Stop, stateOf, unchanged } from '../session.ts';

export const exportTo = (file: string, flags: { readonly config: string }): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    if (!hasState(folder)) throw new Stop(`there is no state in ${folder} yet: nothing was read`);
    await orStop(() => exportState(folder, resolve(file)));
    process.stderr.write(
      `${file}: ${statSync(file).size.toLocaleString('en-US')} bytes, readable by you only. It holds records that wait or are dead letters: keep it as you keep the logs.\n`,
    );
  });

export const importFrom = (
  file: string,
  flags: { readonly config: string; readonly dryRun?: boolean; readonly force?: boolean },
): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    const how = { now: Date.now(), force: flags.force ?? false, dryRun: flags.dryRun ?? false };
    const replaced = await orStop(() => importState(folder, resolve(file), how));
    if (replaced.length > 0) process.stderr.write(`In place of what was there: ${replaced.join(', ')}.\n`);
    if (flags.dryRun) return unchanged();
    process.stderr.write(`The state in ${folder} is that of ${file}. tributary state show says where it stands.\n`);
  });
