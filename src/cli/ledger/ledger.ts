// `tributary ledger`: what became of every record, and whether the chain and the identity hold; readable beside a running
// engine.
import { check } from '../../runtime/check.ts';
import { overlapOf } from '../../runtime/ledger/lateness.ts';
import { checkLedger, readEntries, readLedger } from '../../runtime/ledger/ledger-read.ts';
import { loadConfig } from '../../runtime/load.ts';
import { hasState } from '../../runtime/state/state-tools.ts';
import { momentOf } from '../moment.ts';
import { print } from '../output.ts';
import { command, orStop, Stop, stateOf } from '../session.ts';
import { asJson, asText, proof } from './report.ts';

export interface LedgerFlags {
  readonly config: string;
  readonly receiver?: string;
  readonly since?: string;
  readonly json?: boolean;
  readonly entries?: boolean;
}

export const ledger = (flags: LedgerFlags): Promise<void> =>
  command(async () => {
    const since = flags.since === undefined ? undefined : momentOf('--since', flags.since, Date.now());
    const folder = await stateOf(flags.config);
    if (!hasState(folder)) throw new Stop(`there is no state in ${folder} yet: nothing was read`);
    const sum = await orStop(() => readLedger(folder, since));
    const checked = await orStop(() => checkLedger(folder));
    const names = [...new Set([...sum.receivers, ...sum.accounts].map(({ receiver }) => receiver))].toSorted();
    if (flags.receiver !== undefined && !names.includes(flags.receiver))
      throw new Stop(`nothing is counted of '${flags.receiver}'; there are: ${names.join(', ') || 'none'}`, 2);

    const report = {
      sum,
      checked,
      names: names.filter(name => name === (flags.receiver ?? name)),
      overlaps: await overlapsIn(flags.config),
    };
    if (flags.entries)
      await print((await orStop(() => readEntries(folder, since))).map(entry => `${JSON.stringify(entry)}\n`));
    else await print(flags.json ? asJson(report) : asText(report));
    if (!flags.json) process.stderr.write(proof(report));
    if (checked.problems.length > 0) process.exitCode = 1;
  });

/** The `overlap` of each receiver of the config that has one, as far as its options are right; ms. */
const overlapsIn = async (config: string): Promise<ReadonlyMap<string, number>> => {
  const { options } = await check(await loadConfig(config)); // `stateOf` has loaded it before
  return new Map(
    [...options].flatMap(([place, its]) => {
      const overlap = overlapOf(its);
      return place.startsWith('receivers.') && overlap !== undefined ? [[place.slice(10), overlap] as const] : [];
    }),
  );
};
