// `tributary state export FILE` and `import FILE`: an installation that moves, and a backup that is consistent.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { exportState, importState } from '../../runtime/state-copy.ts';
import { hasState } from '../../runtime/state-tools.ts';
import { command, orStop, Stop, stateOf } from '../session.ts';

export const exportTo = (file: string, flags: { readonly config: string }): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    if (!hasState(folder)) throw new Stop(`there is no state in ${folder} yet: nothing was read`);
    await orStop(() => exportState(folder, resolve(file)));
    process.stderr.write(
      `${file}: ${statSync(file).size.toLocaleString('en-US')} bytes, readable by you only. It holds records that wait or are dead letters: keep it as you keep the logs.\n`,
    );
  });

export const importFrom = (file: string, flags: { readonly config: string; readonly force?: boolean }): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    await orStop(() => importState(folder, resolve(file), { now: Date.now(), force: flags.force ?? false }));
    process.stderr.write(`The state in ${folder} is that of ${file}. tributary state show says where it stands.\n`);
  });
