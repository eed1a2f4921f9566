// `tributary state rewind RECEIVER --to TIME`: reads again from a moment on. What was delivered before is dropped by what
// remembers it (`--missing`), or is forgotten and delivered once more under the same uids (`--again`).
import { DAY, HOUR } from '../../options.ts';
import type { Remembering } from '../../runtime/inspect.ts';
import { HIGHEST, type PositionRow } from '../../runtime/state/position-sqlite.ts';
import { changeState, markedSince, readStandings, type Standings } from '../../runtime/state/state-tools.ts';
import { inWords } from '../../source/words.ts';
import { momentOf } from '../moment.ts';
import { command, orStop, Stop, unchanged } from '../session.ts';
import { counted, installationOf, iso, jsonOf, mustExist, receiverOf, words } from './installation.ts';

export interface RewindFlags {
  readonly config: string;
  readonly to: string;
  readonly missing?: boolean;
  readonly again?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

export const rewind = (name: string, flags: RewindFlags): Promise<void> =>
  command(async () => {
    const { again = false, reason = '' } = flags;
    if (again && flags.missing) throw new Stop('--missing or --again: one of them', 2);
    const now = Date.now();
    const to = momentOf('--to', flags.to, now);
    const installation = await installationOf(flags.config);
    mustExist(installation);
    const { folder } = installation;
    const { identity, positions, routes } = receiverOf(installation, name);
    const back = positions?.rewind;
    if (!positions || !back)
      throw new Stop(`'${name}' does not know how to go back: give it a position with tributary state set`);

    const state = await orStop(() => readStandings(folder));
    const row = state.positions.find(p => p.receiver === name && p.identity === identity);
    if (!row) throw new Stop(`'${name}' has no position yet: \`since\` in the config says where it begins`);
    const target = await orStop(() => back(positions.restore(jsonOf(row.value)), to));
    if (target === undefined)
      throw new Stop(
        `'${name}' is yet to read what happened at ${iso(to)} and later, as far as is known: ${words(row)}`,
      );
    const low = positions.low(target);
    if (!again) refuseForgotten(name, routes, state, row, to);

    const spaces = state.marks.map(({ space }) => space).filter(space => space.endsWith(`/${identity}`));
    const known = Math.max(0, ...spaces.map(space => markedSince(folder, space, to)));
    const lines = [
      `${name} stands: ${words(row)}`,
      `after it: ${inWords(target, low)}`,
      `read again: ${lasting(now - to)} of its log, ${amount(known, spaces.length, now - to)}`,
      again
        ? 'delivered again: all of it, under the same uids; what the sweep has yet to read before that moment may come twice, too'
        : 'delivered again: nothing that was delivered before; what is missing is delivered',
    ];
    process.stderr.write(`${lines.join('\n')}\n`);
    if (flags.dryRun) return unchanged();

    const forgotten = await orStop(() =>
      changeState(folder, now, ({ find, put, forget, note }) => {
        if (find(name, identity)?.count !== row.count)
          throw new Stop(`'${name}' moved on meanwhile: look again, and repeat it`);
        put(name, identity, target, low);
        const [before, after] = [row.value, JSON.stringify(target)];
        const command = again ? 'state rewind --again' : 'state rewind --missing';
        note({ command, receiver: name, identity, before, after, reason: reason || `to ${iso(to)}` });
        return again ? Math.max(0, ...spaces.map(space => forget(space, to))) : 0;
      }),
    );
    process.stderr.write(`Done${again ? `: ${counted(forgotten, 'mark')} forgotten` : ''}. The next run reads it.\n`);
  });

/** What was delivered so long ago that it may be forgotten cannot be told from what is missing. */
const refuseForgotten = (
  name: string,
  routes: readonly Remembering[],
  { entries }: Standings,
  { identity, low }: PositionRow,
  to: number,
): void => {
  const highest = entries.find(({ space, key }) => space === HIGHEST && key === `${name} ${identity}`);
  for (const { pipeline, by } of routes) {
    if (!by)
      throw new Stop(
        `the pipeline '${pipeline}' has no dedupe that knows what was delivered: all of it would be delivered again; say --again if that is meant`,
      );
    const horizon = Math.max(low, Number(highest?.value ?? low)) - by.remember;
    if (to < horizon)
      throw new Stop(
        `'${by.processor}' of the pipeline '${pipeline}' remembers what was delivered since ${iso(horizon)}, not before: go back to then at most, or say --again`,
      );
  }
};

const amount = (known: number, spaces: number, span: number): string => {
  if (spaces === 0) return 'how many records is not known (nothing was marked)';
  const rate = Math.round(known / Math.max(1, span / HOUR)).toLocaleString('en-US');
  return `about ${counted(known, 'record')}, as many as were delivered in that time (${rate} an hour)`;
};

const lasting = (ms: number): string => {
  const [days, hours] = [Math.floor(ms / DAY), Math.floor((ms % DAY) / HOUR)];
  if (days === 0 && hours === 0) return 'less than an hour';
  return [days > 0 ? counted(days, 'day') : '', hours > 0 ? counted(hours, 'hour') : ''].filter(Boolean).join(' ');
};
