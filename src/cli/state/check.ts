// `tributary state check`: whether the state is sound, and whether the config can use it; readable beside a running engine.
import { describe } from '../../fault.ts';
import { verifyRows } from '../../runtime/queue/queue-read.ts';
import { checkState } from '../../runtime/state/state-check.ts';
import { readStandings } from '../../runtime/state/state-tools.ts';
import { VERSION } from '../../runtime/state/tables.ts';
import { print } from '../output.ts';
import { command, orStop, Stop } from '../session.ts';
import { type Installation, installationOf, jsonOf, mustExist, orphansIn } from './installation.ts';

export const check = (flags: { readonly config: string }): Promise<void> =>
  command(async () => {
    const installation = await installationOf(flags.config);
    mustExist(installation);
    const { folder } = installation;
    const { version, problems: found } = await orStop(() => checkState(folder));
    const problems = found.length > 0 ? found : (await orStop(() => verifyRows(folder))).problems;
    const strange = problems.length > 0 ? [] : await orStop(() => strangersIn(installation));
    await print([...problems, ...strange].map(line => `${line}\n`));
    const orphans = problems.length > 0 ? [] : orphansIn(readStandings(folder), installation);
    for (const { receiver } of orphans)
      process.stderr.write(`orphan: ${receiver}: no receiver of the config uses it\n`);
    const count = problems.length + strange.length;
    if (count > 0)
      throw new Stop(`the state in ${folder} has ${count} problem${count === 1 ? '' : 's'}: restore it from a backup`);
    const age =
      version < VERSION ? `, version ${version}: the next run brings it to ${VERSION}` : `, version ${version}`;
    process.stderr.write(`the state in ${folder} is sound${age}\n`);
  });

/** Positions that their own receiver refuses. */
const strangersIn = ({ folder, receivers }: Installation): readonly string[] =>
  readStandings(folder).positions.flatMap(({ receiver, identity, value }) => {
    const own = receivers.find(one => one.name === receiver && one.identity === identity);
    try {
      own?.positions?.restore(jsonOf(value));
      return [];
    } catch (error) {
      return [`position of ${receiver}: ${describe(error)}`];
    }
  });
