// The commands that help to begin and to see: which there are, and what each says of itself.
import { Argument, type Command, Option } from 'commander';
import { foldersOf } from './folders.ts';

/** @param config the option that names the config */
export const addGuideCommands = (tributary: Command, config: () => Option): void => {
  const command = (name: string, description: string) =>
    tributary.command(name).description(description).exitOverride();

  command('init', 'write a first config for your vendors and your back-end')
    .option('--vendor <names>', `which vendors, with commas: ${foldersOf('receivers').join(',')}`)
    .addOption(new Option('--to <back-end>', 'where events go').choices(foldersOf('exporters')))
    .option('--out <file>', 'the file to write; must not be there yet', 'pipeline.config.ts')
    .action(async options => (await import('./init/init.ts')).init(options));
  command('doctor', 'look at all that a run depends on: config, credentials, vendors, sinks, state; change nothing')
    .addOption(config())
    .option('--send', 'hand each sink a record that is marked as a test')
    .option('--json', 'one JSON object a line')
    .action(async options => (await import('./doctor/doctor.ts')).doctor(options));
  command('explain', 'what a receiver asks next, from where and why, and what is stored afterwards')
    .argument('<receiver>', 'its name in the config')
    .addOption(config())
    .option('--json', 'as one JSON object')
    .action(async (receiver, options) => (await import('./explain.ts')).explain(receiver, options));
  command('graph', 'the pipelines of a config as a Mermaid flowchart')
    .addOption(config())
    .action(async options => (await import('./graph.ts')).graph(options));
  command('completion', 'completion for a shell, as a script: source <(tributary completion bash)')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']))
    .action(async shell => (await import('./completion.ts')).completion(shell, tributary));
};
