// The commands that look at a running tributary: which there are, and what each says of itself.
import { type Command, Option } from 'commander';

/** @param config the option that all of them have */
export const addStatusCommands = (tributary: Command, config: () => Option): void => {
  const at = () => new Option('--at <address>', 'where the status is served; else the config says it');
  const command = (name: string, description: string) =>
    tributary.command(name).description(description).exitOverride().addOption(config()).addOption(at());

  command('status', 'how a running tributary does: receivers, exporters, queues, dead letters')
    .option('--json', 'one JSON object, with every number')
    .action(async options => (await import('./show.ts')).showStatus(options));
  command('top', 'the same as a table that changes in place; q ends it')
    .option('--every <duration>', 'how often it is asked', '2s')
    .action(async options => (await import('./top.ts')).top(options));
  command('tail', 'the events that pass through a running tributary, one a line; it may miss some, and says so')
    .option('--receiver <name>', 'only what this one reads')
    .option('--class <name>', 'only events of this class of OCSF: authentication, 3002')
    .option('--raw', "the vendor's own words instead of the event")
    .action(async options => (await import('./tail.ts')).tail(options));
};
