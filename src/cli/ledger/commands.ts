// The command on the ledger, and what it says of itself.
import type { Command, Option } from 'commander';

/** @param config the option that names the config */
export const addLedgerCommand = (tributary: Command, config: () => Option): void => {
  tributary
    .command('ledger')
    .description('what became of every record: counted, chained, and whether all of it holds')
    .exitOverride()
    .addOption(config())
    .option('--receiver <name>', 'only this one')
    .option('--since <time>', "from when on: how long ago, like '7d', or a date like 2026-01-15T00:00:00Z")
    .option('--json', 'one JSON object a line')
    .option('--entries', 'the entries themselves with their digests, one JSON object a line, to be proved elsewhere')
    .action(async options => (await import('./ledger.ts')).ledger(options));
};
