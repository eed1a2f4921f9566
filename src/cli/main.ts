// The command line. Each command is a file of its own, loaded when it is asked for.
import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { describe } from '../fault.ts';
import { addDeadCommands } from './dead/commands.ts';
import { addDevCommands } from './dev/commands.ts';
import { addGuideCommands } from './guide.ts';
import { addLedgerCommand } from './ledger/commands.ts';
import { addQueueCommands } from './queue/commands.ts';
import { addStateCommands } from './state/commands.ts';
import { addStatusCommands } from './status/commands.ts';

/** Exit codes: 0 fine, 1 failed, 2 wrong usage. */
export const main = async (argv: readonly string[]): Promise<void> => {
  process.stderr.on('error', () => {}); // nobody reads what we say, or its disk is full: that must not stop the data
  try {
    await program().parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
      process.stderr.write(`tributary: ${describe(error)}\n`);
      process.exitCode = 1;
    }
  }
};

const program = (): Command => {
  const tributary = new Command('tributary')
    .description('Audit logs of SaaS vendors, each event once, as OCSF, into any back-end.')
    .version(version())
    .exitOverride()
    .showHelpAfterError('(tributary --help says more)')
    .configureHelp({ sortSubcommands: false });

  const command = (name: string, description: string) =>
    tributary.command(name).description(description).exitOverride();
  const config = () => new Option('-c, --config <file>', 'the config').default('pipeline.config.ts');
  const log = () => new Option('--log <format>', 'how to log on standard error').choices(['json', 'text']);
  const positive = (text: string): number => {
    if (!/^\d+$/.test(text) || Number(text) > 1e9) throw new InvalidArgumentError('It must be a whole number.');
    return Number(text);
  };

  command('run', 'run the pipelines until stopped')
    .addOption(config())
    .addOption(log())
    .action(async options => (await import('./run.ts')).run(options));
  command('once', 'run every receiver until its vendor has no more')
    .addOption(config())
    .addOption(log())
    .option('--patience <duration>', 'give up where nothing moves for so long', '2m')
    .action(async options => (await import('./once.ts')).once(options));
  command('reconcile', 'ask each vendor again, and deliver what is missing')
    .addOption(config())
    .addOption(log())
    .option('--since <time>', 'from when on: how long ago, or a date like 2026-01-15T00:00:00Z', '7d')
    .option('--receiver <name>', 'only this one; again for another', collect)
    .option('--dry-run', 'only look, also beside a running engine')
    .option('--json', 'one JSON object a line')
    .option('--patience <duration>', 'give up where nothing moves for so long', '2m')
    .action(async options => (await import('./reconcile.ts')).reconcile(options));
  command('check', 'show everything that is wrong with a config, secrets and references included')
    .addOption(config())
    .option('--diff', 'and what it would change of what runs, or ran last, and of where receivers stand')
    .option('--json', 'with --diff: one JSON object a line')
    .action(async options => (await import('./check.ts')).checkConfig(options));
  command('demo', 'the main job on simulated vendors')
    .option('--events <n>', 'how many events each vendor has', positive, 1000)
    .option('--seed <n>', 'which events', positive, 1)
    .option('--once', 'end when all is read')
    .option('--live <per-second>', 'how many new events a second each vendor gets, without --once', positive, 2)
    .addOption(new Option('--file <dir>', 'write NDJSON files there instead of standard output').conflicts('otlp'))
    .option('--otlp <url>', 'send to an OpenTelemetry Collector instead of standard output')
    .addOption(log())
    .action(async options => (await import('./demo.ts')).demo(options));
  command('simulate', 'the simulated vendors alone; their addresses and credentials as one line of JSON')
    .argument('[vendors...]', 'which; all when absent')
    .option('--events <n>', 'how many events each vendor has', positive, 1000)
    .option('--seed <n>', 'which events', positive, 1)
    .option('--live <per-second>', 'how many new events a second each vendor gets', positive)
    .option('--faults <file>', 'a script of faults, JSON (docs/simulate.md)')
    .action(async (vendors, options) => (await import('./simulate.ts')).simulate(vendors, options));
  command('verify', 'whether an audit export of Opaque is signed by a key, as openssl dgst -verify says it')
    .argument('<archive>', 'the archive, as exported')
    .requiredOption('--key <file>', 'PEM file with a public key; again for another', collect)
    .action(async (archive, options) => (await import('./verify.ts')).verify(archive, options));
  addGuideCommands(tributary, config);
  addStatusCommands(tributary, config);
  addDeadCommands(tributary, config, log);
  addStateCommands(tributary, config);
  addLedgerCommand(tributary, config);
  addQueueCommands(tributary, { config, log, positive });
  addDevCommands(tributary, { config, positive });
  return tributary;
};

const collect = (file: string, before: readonly string[] = []): readonly string[] => [...before, file];

const version = (): string => {
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(up, import.meta.url), 'utf8')) as { version: string }).version;
    } catch {
      // in the sources it lies two folders up, in dist three
    }
  }
  return 'unknown';
};
