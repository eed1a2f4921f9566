// `tributary doctor`: looks at everything that a run depends on, from outside: config, credentials, vendors, sinks, state,
// disk. Each finding has what to do about it. Nothing is changed, and no position moves; a record is sent with --send only.
import { dirname, resolve } from 'node:path';
import type { AnyConfig } from '../../config.ts';
import { faults } from '../../faults.ts';
import { isObject } from '../../json.ts';
import { check, type Problem } from '../../runtime/check.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { WaitNote } from '../../runtime/http/budget.ts';
import { readLedger } from '../../runtime/ledger/ledger-read.ts';
import { LoadError, loadConfig } from '../../runtime/load.ts';
import { readWaits } from '../../runtime/review/review-store.ts';
import { readStandings, type Standings } from '../../runtime/state/state-tools.ts';
import { print, printable } from '../output.ts';
import { command, Stop } from '../session.ts';
import { installationOf } from '../state/installation.ts';
import { lookAtExporter, lookAtReceiver } from './components.ts';
import { at, diagnosisOf, type Finding, ok } from './finding.ts';
import { lookAtLateness } from './lateness.ts';
import { markedRecord } from './marked.ts';
import { lookAtState } from './state.ts';

export interface DoctorFlags {
  readonly config: string;
  readonly send?: boolean;
  readonly json?: boolean;
}

export const doctor = (flags: DoctorFlags): Promise<void> =>
  command(async () => {
    const findings = await examine(flags);
    await print(flags.json ? findings.map(finding => `${JSON.stringify(finding)}\n`) : [asText(findings)]);
    const count = (severity: Finding['severity']) => findings.filter(f => f.severity === severity).length;
    const sums = [count('problem'), count('warning'), count('ok')] as const;
    process.stderr.write(`${plural(sums[0], 'problem')}, ${plural(sums[1], 'warning')}, ${sums[2]} fine\n`);
    if (sums[0] > 0) process.exitCode = 1;
  });

/** Everything that is found, in the order of the config. */
const examine = async ({ config: file, send = false }: DoctorFlags): Promise<readonly Finding[]> => {
  const loaded = await loadConfig(file).catch(error => {
    throw error instanceof LoadError ? new Stop(error.message) : error;
  });
  const { problems, options } = await check(loaded);
  const inConfig = configFindings(problems);
  // Without receivers and pipelines there is nothing to look at; what is wrong with a part leaves the others.
  if (!isObject(loaded) || !isObject(loaded.receivers) || !isObject(loaded.exporters)) return inConfig;
  const installation = await installationOf(file).catch(() => undefined);
  if (!installation) return inConfig;

  const [config, folder] = [loaded as unknown as AnyConfig, dirname(resolve(file))]; // as far as its parts go
  const broken: Finding[] = [];
  let late: readonly Finding[] = [];
  let waits: readonly WaitNote[] = [];
  let standings: Standings = { positions: [], entries: [], marks: [] };
  try {
    standings = readStandings(installation.folder);
    waits = readWaits(installation.folder);
    late = lookAtLateness(readLedger(installation.folder), installation);
  } catch (error) {
    broken.push(at('state')(diagnosisOf(error)));
  }
  const marked = send ? markedRecord(systemClock.now()) : undefined;
  /** What `check` found fault with is not tried: it would only say so again. */
  const usable = ([name]: [string, unknown], kind: string) =>
    !inConfig.some(({ place, severity }) => severity === 'problem' && `${place}.`.startsWith(`${kind}.${name}.`));
  const found = await Promise.all([
    ...Object.entries(config.receivers)
      .filter(entry => usable(entry, 'receivers'))
      .map(([name, spec]) =>
        lookAtReceiver({ name, spec, options: options.get(`receivers.${name}`) }, folder, {
          positions: standings.positions,
          waits,
        }),
      ),
    ...Object.entries(config.exporters)
      .filter(entry => usable(entry, 'exporters'))
      .map(([name, spec]) => lookAtExporter({ name, spec, options: options.get(`exporters.${name}`) }, folder, marked)),
  ]);
  if (broken.length > 0) return [...inConfig, ...found.flat(), ...broken];
  return [
    ...inConfig,
    ...found.flat(),
    ...late,
    ...lookAtState(installation, standings, config, options).map(at('state')),
  ];
};

const configFindings = (problems: readonly Problem[]): readonly Finding[] => {
  const told = problems.map(({ place, message, level, where }): Finding => {
    const severity = level === 'error' ? 'problem' : 'warning';
    const remedy = SECRET.test(message) ? faults.E_SECRET.remedy : `Mend it in ${where ?? 'the config'}.`;
    return { place, severity, what: message, remedy };
  });
  return told.some(({ severity }) => severity === 'problem')
    ? told
    : [...told, at('config')(ok('nothing is wrong with it'))];
};

/** How `check` says that a secret is not there. */
const SECRET = /^the (environment variable|file) .*(is not set|cannot be read)/;

/** By place, what is worst first. */
const asText = (findings: readonly Finding[]): string =>
  [...Map.groupBy(findings, ({ place }) => place)]
    .map(([place, own]) => {
      const sorted = own.toSorted((a, b) => RANK[b.severity] - RANK[a.severity]);
      return `${printable(place)}\n${sorted.map(line).join('')}`;
    })
    .join('');

const RANK: Readonly<Record<Finding['severity'], number>> = { ok: 0, warning: 1, problem: 2 };

const line = ({ severity, what, remedy }: Finding): string =>
  `  ${severity.padEnd(9)}${printable(what)}\n${remedy === undefined ? '' : `           ${printable(remedy)}\n`}`;

const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
