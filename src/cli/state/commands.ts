// The commands on a state: which there are, and what each says of itself.
import { type Command, Option } from 'commander';

/** @param config the option that names the config */
export const addStateCommands = (tributary: Command, config: () => Option): void => {
  const state = tributary
    .command('state')
    .description('where each receiver stands; to change it, nothing may run on the state, but for adopt')
    .exitOverride();
  const command = (name: string, description: string) =>
    state.command(name).description(description).exitOverride().addOption(config());
  const json = () => new Option('--json', 'one JSON object a line');
  const dryRun = () => new Option('--dry-run', 'only say what would happen');
  const reason = () => new Option('--reason <text>', 'why, for the history');

  command('show', 'where each receiver stands, what is remembered of it, and positions that nobody uses')
    .addOption(json())
    .action(async options => (await import('./show.ts')).show(options));
  command('history', 'what was changed by hand and why, and where each receiver stood, hour by hour')
    .argument('[receiver]', 'its name; of all when absent')
    .addOption(json())
    .action(async (receiver, options) => (await import('./history.ts')).history(receiver, options));
  command('rewind', 'have a receiver read again from a moment on')
    .argument('<receiver>', 'its name in the config')
    .requiredOption('--to <time>', "the moment: a date like 2026-01-15T00:00:00Z, or how long ago, like '3d'")
    .option('--missing', 'deliver only what never was delivered; this is what happens when nothing is said')
    .option('--again', 'deliver all of it once more, under the same uids')
    .addOption(dryRun())
    .addOption(reason())
    .action(async (receiver, options) => (await import('./rewind.ts')).rewind(receiver, options));
  command('set', 'give a receiver a position by hand')
    .argument('<receiver>', 'its name in the config')
    .argument('<json>', 'the position, as state show --json has it')
    .addOption(dryRun())
    .addOption(reason())
    .action(async (receiver, json, options) => (await import('./set.ts')).set(receiver, json, options));
  command('adopt', 'have a renamed receiver go on where it stood under its old name, also while it runs')
    .argument('<old>', 'its name before')
    .argument('<new>', 'its name in the config')
    .addOption(dryRun())
    .addOption(reason())
    .action(async (from, to, options) => (await import('./adopt.ts')).adopt(from, to, options));
  command('export', 'copy the state to a file, also while it is in use')
    .argument('<file>', 'where to; must not be there yet')
    .action(async (file, options) => (await import('./copy.ts')).exportTo(file, options));
  command('import', 'make an exported copy the state')
    .argument('<file>', 'the copy')
    .option('--force', 'also where the state is not empty: it is replaced')
    .addOption(dryRun())
    .action(async (file, options) => (await import('./copy.ts')).importFrom(file, options));
  command('check', 'whether the state is sound').action(async options => (await import('./check.ts')).check(options));
};
