// The commands that help to begin and to see: which there are, and what each says of itself.
import { type Command, Option } from 'commander';
import { foldersOf } from './folders.ts';

export const addGuideCommands = (tributary: Command): void => {
  const command = (name: string, description: string) =>
    tributary.command(name).description(description).exitOverride();

  command('init', 'write a first config for your vendors and your back-end')
    .option('--vendor <names>', `which vendors, with commas: ${foldersOf('receivers').join(',')}`)
    .addOption(new Option('--to <back-end>', 'where events go').choices(foldersOf('exporters')))
    .option('--out <file>', 'the file to write; must not be there yet', 'pipeline.config.ts')
    .action(async options => (await import('./init/init.ts')).init(options));
};
