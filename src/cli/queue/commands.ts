// The commands on queues: which there are, and what each says of itself.
import type { Command, Option } from 'commander';

/** @param option the options that several commands have */
export const addQueueCommands = (
  tributary: Command,
  option: { readonly config: () => Option; readonly log: () => Option; readonly positive: (text: string) => number },
): void => {
  const queue = tributary
    .command('queue')
    .description('records that wait in front of an exporter; looking at them is possible at any time')
    .exitOverride();
  const command = (name: string, description: string) =>
    queue.command(name).description(description).exitOverride().addOption(option.config());

  command('ls', 'what lies in each queue, and since when')
    .option('--json', 'one JSON object a line')
    .action(async options => (await import('./look.ts')).list(options));
  command('show', 'what the oldest records of a queue are, without their content')
    .argument('<exporter>', 'its name in the config')
    .option('--limit <n>', 'how many', option.positive, 20)
    .option('--json', 'one JSON object a line')
    .action(async (exporter, options) => (await import('./look.ts')).show(exporter, options));
  command('export', 'the events of a queue on standard output, one a line, oldest first; they stay in it')
    .argument('<exporter>', 'its name in the config')
    .action(async (exporter, options) => (await import('./look.ts')).exportEvents(exporter, options));
  command('verify', 'whether every row can be read, and is what was written').action(async options =>
    (await import('./look.ts')).verify(options),
  );
  command('drain', 'send what lies in the queues, while nothing else runs on the state')
    .argument('[exporter]', 'whose; of all exporters when absent')
    .option('--patience <duration>', 'give a queue up of which nothing could be sent for so long', '2m')
    .option('--dry-run', 'only say what would be sent')
    .addOption(option.log())
    .action(async (exporter, options) => (await import('./drain.ts')).drain(exporter, options));
};
