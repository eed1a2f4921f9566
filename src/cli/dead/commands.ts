// The commands on dead letters: which there are, and what each says of itself.
import { type Command, Option } from 'commander';

/** @param config the option that names the config. @param log how to log */
export const addDeadCommands = (tributary: Command, config: () => Option, log: () => Option): void => {
  const dead = tributary.command('dead').description('records that could not pass, kept aside').exitOverride();
  const command = (name: string, description: string) =>
    dead.command(name).description(description).exitOverride().addOption(config());
  const choosing = (name: string, description: string) =>
    command(name, description).addOption(place()).addOption(code());
  const place = () => new Option('--place <place>', 'only those of a place: exporter/NAME, pipeline/NAME/PROCESSOR');
  const dryRun = () => new Option('--dry-run', 'only say what would happen');
  const code = () => new Option('--code <code>', 'only those with this code: E_PROCESSOR');

  choosing('ls', 'list them, oldest first')
    .option('--json', 'one JSON object a line')
    .action(async options => (await import('./ls.ts')).list(options));
  command('show', 'one of them, masked')
    .argument('<seq>', 'its number')
    .option('--raw', "with the vendor's words, not masked")
    .action(async (seq, options) => (await import('./show.ts')).show(seq, options));
  choosing('retry', 'send them again, mapped as we map today, while nothing else runs on the state')
    .argument('[seq...]', 'their numbers; all when nothing is said')
    .option('--patience <duration>', 'give up when nothing could be sent for so long', '30s')
    .addOption(dryRun())
    .addOption(log())
    .action(async (seqs, options) => (await import('./retry.ts')).retry(seqs, options));
  choosing('drop', 'take them away for good, while nothing runs on the state')
    .argument('[seq...]', 'their numbers')
    .option('--all', 'every one')
    .option('--yes', 'yes, for good')
    .addOption(dryRun())
    .option('--reason <text>', 'why, for the history')
    .action(async (seqs, options) => (await import('./drop.ts')).drop(seqs, options));
  choosing('export', "with the vendor's words and the reason, as NDJSON on standard output; they stay")
    .argument('[seq...]', 'their numbers; all when nothing is said')
    .action(async (seqs, options) => (await import('./export.ts')).exportLetters(seqs, options));
};
