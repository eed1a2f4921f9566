// `tributary reconcile --since 7d`: asks each vendor again, holds what it shows against what was delivered, and delivers
// what is missing. It moves no receiver, so it may be broken off at any moment, and be run again.
import type { Logger } from '../component.ts';
import type { AnyConfig } from '../config.ts';
import { describe, Fault } from '../fault.ts';
import { duration } from '../options.ts';
import { systemClock } from '../runtime/clock.ts';
import { inspect } from '../runtime/inspect.ts';
import type { LogFormat } from '../runtime/log.ts';
import { plan } from '../runtime/plan.ts';
import { type Review, reviewOf } from '../runtime/review/review.ts';
import { reviewing, snapshot } from '../runtime/review/review-store.ts';
import { confirmed, tallyOf } from '../runtime/review/review-tally.ts';
import { readLetterIds } from '../runtime/state/letters-sqlite.ts';
import { openState } from '../runtime/state/state-sqlite.ts';
import { readStandings } from '../runtime/state/state-tools.ts';
import { gapWatch } from './gaps.ts';
import { momentOf } from './moment.ts';
import { print } from './output.ts';
import { runShown, writesToStandardOutput } from './progress/run.ts';
import { asJson, asText, summary } from './reconcile-report.ts';
import { command, listed, orStop, readConfig, Stop, stateFolder, unfinished } from './session.ts';

export interface ReconcileFlags {
  readonly config: string;
  readonly since: string;
  readonly receiver?: readonly string[];
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly patience: string;
  readonly log?: LogFormat;
}

export const reconcile = (flags: ReconcileFlags): Promise<void> =>
  command(async () => {
    const patience = duration({ min: '1s' }).safeParse(flags.patience);
    if (!patience.success) throw new Stop(`--patience ${patience.error.issues[0]!.message}`, 2);
    const since = momentOf('--since', flags.since, systemClock.now());
    const only = flags.dryRun ?? false;
    const read = await readConfig(flags.config);
    if (read.problems.length > 0) process.stderr.write(`${listed(read.problems)}\n`);
    const review = await prepare(read, flags.receiver, { since, only });

    const [tally, gaps] = [tallyOf(review.reviewed, { only }), gapWatch()];
    const endings =
      review.plan.lanes.length === 0
        ? []
        : await runShown(
            { ...read, config: only ? unheard(read.config) : read.config },
            { patience: patience.data, format: flags.log, observers: [tally.observer, gaps.observer] },
            { change: () => review.plan, open: folder => openFor(review, folder, only) },
          );

    const folder = stateFolder(read.config, read.folder);
    const found = only
      ? await confirmed(tally.found(), review.reviewed, (space, ids) => snapshot(folder).known(space, ids))
      : tally.found();
    const report = { since, only, found, passed: review.passed, endings, gaps: gaps.of };
    const lines = flags.json ? asJson(report) : asText(report);
    // Where events go to standard output, nothing else does.
    if (!only && writesToStandardOutput(review.plan.lanes)) process.stderr.write(lines.join(''));
    else await print(lines);
    process.stderr.write(gaps.text());
    const { text, fine } = summary(report);
    const message = unfinished(endings);
    process.stderr.write(`${message === undefined ? '' : `${message}\n`}${text}\n`);
    if (!fine) process.exitCode = 1;
  });

/** Who only looks serves nothing and reports nothing: whoever runs on the state does. */
const unheard = (config: AnyConfig): AnyConfig => {
  const { health, telemetry, status, ...engine } = config.engine ?? {};
  return { ...config, engine };
};

const silent: Logger = { info() {}, warn() {}, error() {} };

/** What is asked of whom. */
const prepare = async (
  { config, options, folder }: Awaited<ReturnType<typeof readConfig>>,
  names: readonly string[] | undefined,
  asked: { readonly since: number; readonly only: boolean },
): Promise<Review> => {
  const parts = plan(config, place => options.get(place));
  const all = parts.lanes.map(({ receiver }) => receiver.name);
  const strange = (names ?? []).filter(name => !all.includes(name));
  if (strange.length > 0)
    throw new Stop(`no pipeline reads ${strange.map(name => `'${name}'`).join(', ')}; there are: ${all.join(', ')}`, 2);
  const lanes = parts.lanes.filter(({ receiver }) => names?.includes(receiver.name) ?? true);
  const receivers = await inspect(config, options, { clock: systemClock, log: silent, folder });
  const state = stateFolder(config, folder);
  return orStop(() =>
    reviewOf({ ...parts, lanes }, receivers, readStandings(state), { ...asked, letters: readLetterIds(state) }),
  );
};

const openFor = ({ reviewed }: Review, folder: string, only: boolean) => {
  const places = [...reviewed.values()].map(({ place }) => place);
  try {
    return reviewing(only ? snapshot(folder) : openState(folder), places, { only });
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'E_STATE_OWNED') throw error;
    throw new Stop(
      `${describe(error)}\n  Stop it to have delivered what is missing, or say --dry-run: that only looks, beside it.`,
    );
  }
};
