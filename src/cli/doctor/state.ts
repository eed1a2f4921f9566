// Looks at the state and its disk: who may read it, who runs on it, whether it is sound, what waits in it. Only reads.
import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Diagnosis } from '../../component.ts';
import type { AnyConfig } from '../../config.ts';
import { refuseRenamed } from '../../runtime/adoption.ts';
import { orphaned } from '../../runtime/queue/queue.ts';
import { readQueues } from '../../runtime/queue/queue-read.ts';
import { listDeadLetters } from '../../runtime/state/letters-sqlite.ts';
import { memoryOf } from '../../runtime/state/marks.ts';
import { isOwned } from '../../runtime/state/sqlite-open.ts';
import { checkState } from '../../runtime/state/state-check.ts';
import { hasState, type Standings } from '../../runtime/state/state-tools.ts';
import { VERSION } from '../../runtime/state/tables.ts';
import { counted, type Installation, orphansIn } from '../state/installation.ts';
import { diagnosisOf, ok, problem, warning } from './finding.ts';

/** Each look with what it finds; one that fails is a finding, and does not hide the others. */
export const lookAtState = (
  installation: Installation,
  standings: Standings,
  config: AnyConfig,
  options: ReadonlyMap<string, unknown>,
): readonly Diagnosis[] => {
  const { folder } = installation;
  const looks: readonly (() => readonly Diagnosis[])[] = hasState(folder)
    ? [
        () => modes(folder),
        () => [ok(isOwned(folder) ? 'a process runs on it' : 'nothing runs on it')],
        () => soundness(folder),
        () => room(folder, config, options),
        () => letters(folder),
        () => queues(folder, options),
        () => standingsWords(installation, standings),
        () => memory(standings),
      ]
    : [
        () => [ok(`there is none in ${folder} yet: it is made at the first start`)],
        () => room(folder, config, options),
      ];
  return looks.flatMap(look => {
    try {
      return look();
    } catch (error) {
      return [diagnosisOf(error)];
    }
  });
};

const modes = (folder: string): readonly Diagnosis[] => {
  const open = [folder, join(folder, 'state.db'), join(folder, 'owner.db')].filter(
    path => existsSync(path) && (statSync(path).mode & 0o077) !== 0,
  );
  return open.length === 0
    ? [ok(`${folder} is for its owner only`)]
    : [
        warning(
          `others may read or write ${open.join(', ')}`,
          `Audit logs are about people: chmod go-rwx ${open.join(' ')}`,
        ),
      ];
};

/** From so many bytes on, to look through a state takes too long for a look in passing. */
const LARGE = 256 * 2 ** 20;

const soundness = (folder: string): readonly Diagnosis[] => {
  const { size } = statSync(join(folder, 'state.db'));
  if (size > LARGE) return [ok(`it has ${mib(size)}, and is not looked through here: tributary state check does that`)];
  const { version, problems } = checkState(folder);
  return [
    ...problems.map(text => problem(text, 'Restore the state from a backup (tributary state import), or report it.')),
    ...(problems.length === 0 ? [ok(`it is sound, ${mib(size)}`)] : []),
    ...(version < VERSION
      ? [
          ok(
            `it is of version ${version}, and is brought to ${VERSION} at the next start; older programs then refuse it`,
          ),
        ]
      : []),
  ];
};

/** Below this the state will not be written for long; and below that, not at all. */
const [LITTLE, NONE] = [2 ** 30, 64 * 2 ** 20];

const room = (folder: string, config: AnyConfig, options: ReadonlyMap<string, unknown>): readonly Diagnosis[] => {
  const { bavail, bsize } = statfsSync(there(folder));
  const free = bavail * bsize;
  const held = hasState(folder) ? readQueues(folder).reduce((sum, { bytes }) => sum + bytes, 0) : 0;
  const limits = Object.keys(config.exporters).flatMap(name => {
    const queue = options.get(`exporters.${name}.queue`) as { readonly limit: number } | undefined; // as `check` made it
    return queue ? [queue.limit] : [];
  });
  const more = limits.reduce((sum, limit) => sum + limit, 0) - held;
  return [
    free < NONE
      ? problem(
          `its disk has ${mib(free)} left`,
          'Free space: without it nothing can be committed, and all receivers wait.',
        )
      : free < LITTLE
        ? warning(`its disk has ${mib(free)} left`, 'Free space before it is used up: then all receivers wait.')
        : ok(`its disk has ${mib(free)} left`),
    ...(limits.length > 0 && more > free
      ? [
          warning(
            `the queues may grow by ${mib(more)}, and the disk has ${mib(free)}`,
            'Lower their `limit`, or give the state a larger disk: a full queue makes one exporter wait, a full disk all.',
          ),
        ]
      : []),
  ];
};

/** The nearest folder above that exists. */
const there = (folder: string): string => (existsSync(folder) ? folder : there(dirname(folder)));

const letters = (folder: string): readonly Diagnosis[] => {
  const { length } = listDeadLetters(folder);
  return length === 0
    ? [ok('no dead letters')]
    : [
        warning(
          `${counted(length, 'dead letter')}: records that could not pass`,
          'See why: tributary dead ls. Then send them again (tributary dead retry), or drop them.',
        ),
      ];
};

const queues = (folder: string, options: ReadonlyMap<string, unknown>): readonly Diagnosis[] =>
  readQueues(folder).flatMap(holding => {
    const queue = options.get(`exporters.${holding.queue}.queue`) as { readonly limit: number } | undefined; // as `check` made it
    if (!queue)
      return orphaned(new Map([[holding.queue, holding]]), []).map(text =>
        warning(text, 'See what is in it: tributary queue ls.'),
      );
    const share = Math.round((100 * holding.bytes) / queue.limit);
    const what = `the queue of ${holding.queue} is ${share} % full: ${counted(holding.records, 'record')}`;
    return [
      share < 80 ? ok(what) : warning(what, `Mend the sink of ${holding.queue}: once it is full, receivers wait.`),
    ];
  });

const standingsWords = (installation: Installation, standings: Standings): readonly Diagnosis[] => {
  const named = installation.receivers.flatMap(({ name, identity }) =>
    identity === undefined ? [] : [{ receiver: name, identity }],
  );
  refuseRenamed(named, standings.positions);
  return orphansIn(standings, installation).map(({ receiver }) =>
    warning(
      `there is a position of '${receiver}', which no receiver of the config uses`,
      'After a rename: tributary state adopt OLD NEW. Otherwise it does no harm.',
    ),
  );
};

/** What the ids take in memory when it runs; more than this is worth a thought. */
const MUCH = 512 * 2 ** 20;

const memory = ({ marks }: Standings): readonly Diagnosis[] => {
  const bytes = marks.reduce((sum, { ids }) => sum + memoryOf(ids), 0);
  const ids = marks.reduce((sum, mark) => sum + mark.ids, 0);
  const what = `${counted(ids, 'delivered id')} remembered, in ${mib(bytes)} of memory when it runs`;
  return [
    bytes > MUCH ? warning(what, 'Lower `remember` of dedupe, or set `reach` where a receiver has it.') : ok(what),
  ];
};

const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString('en-US')} MiB`;
