// The commands for work on mappings, receivers and configs: which there are, and what each says of itself.
import { type Command, Option } from 'commander';

/** @param option the options that several commands have */
export const addDevCommands = (
  tributary: Command,
  option: { readonly config: () => Option; readonly positive: (text: string) => number },
): void => {
  const dev = tributary
    .command('dev')
    .description('for work on mappings, receivers and configs; nothing here changes a state')
    .exitOverride();
  const command = (name: string, description: string) => dev.command(name).description(description).exitOverride();
  const since = () =>
    new Option('--since <time>', "where to begin, in place of the option: '7d', 'now', a date").conflicts('position');
  const position = () =>
    new Option(
      '--position <json>',
      'where the receiver stands, as state show --json has it; nothing of the state is read',
    );
  const pipeline = () =>
    new Option('--pipeline <name>', 'whose processors; the first that the receiver is in when absent');

  command('test', 'ask a vendor for one page and say how it reads; nothing is stored or sent')
    .argument('<receiver>', 'its name in the config')
    .addOption(option.config())
    .addOption(since())
    .addOption(position())
    .addOption(pipeline())
    .option('--json', 'as one JSON object')
    .action(async (receiver, options) => (await import('./test.ts')).testReceiver(receiver, options));
  command('record', 'write down a conversation with a vendor, credentials left out; nothing is stored or sent')
    .argument('<receiver>', 'its name in the config')
    .addOption(option.config())
    .requiredOption('--out <path>', 'a file; or a folder, for the conversation and the events it reads as')
    .option('--pages <n>', 'how many at most', option.positive, 10)
    .option('--people', 'put made-up people in the place of real ones: names, mail and IP addresses, ids')
    .addOption(since())
    .addOption(position())
    .addOption(pipeline())
    .action(async (receiver, options) => (await import('./record.ts')).record(receiver, options));
  command('replay', 'play a recorded conversation to a receiver; the events on standard output')
    .argument('<file>', 'the conversation')
    .option('-c, --config <file>', 'the config whose receiver it is played to; when absent, one as it was recorded')
    .option('--receiver <name>', 'its name in the config, where it has several of that type')
    .addOption(pipeline())
    .action(async (file, options) => (await import('./replay.ts')).replayFile(file, options));
  command('test-config', 'play recorded conversations to a config and compare: requests, positions, events')
    .argument('[path...]', 'files NAME.test.json, or folders with such; the current folder when absent')
    .option('--update', 'write what came out as what is expected')
    .action(async (paths, options) => (await import('./test-config.ts')).testConfig(paths, options));
  command('drift', 'event types and fields of the vendors that no rule maps; no text of a record is shown')
    .addOption(option.config())
    .option('--json', 'one JSON object a line')
    .action(async options => (await import('../drift.ts')).drift(options));
  command(
    'normalize',
    "a vendor's records on standard input (a JSON list, one a line, or a page), as OCSF on standard output",
  )
    .requiredOption('--vendor <name>', 'whose records they are: opal')
    .option('--feed <name>', 'which of its logs, where it has several')
    .option('--tenant <name>', 'the account, organization or namespace that they are of')
    .action(async options => (await import('../normalize.ts')).normalizeInput(options));
  command('validate', 'what is wrong with the OCSF events on standard input: line, JSON pointer, reason').action(
    async () => (await import('../validate.ts')).validateInput(),
  );
};
