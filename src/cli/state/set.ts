// `tributary state set RECEIVER JSON`: a position given by hand, for when nothing else helps. The receiver itself judges it.
import { describe, Fault } from '../../fault.ts';
import type { Json } from '../../model.ts';
import type { PositionRow } from '../../runtime/state/position-sqlite.ts';
import { changeState, readStandings } from '../../runtime/state/state-tools.ts';
import { inWords } from '../../source/words.ts';
import { command, orStop, Stop, unchanged } from '../session.ts';
import { installationOf, jsonOf, receiverOf, words } from './installation.ts';

export const set = (
  name: string,
  json: string,
  flags: { readonly config: string; readonly dryRun?: boolean; readonly reason?: string },
): Promise<void> =>
  command(async () => {
    const given = parsed(json);
    const installation = await installationOf(flags.config);
    const { folder } = installation;
    const { identity, positions } = receiverOf(installation, name);
    if (!positions) throw new Stop(`'${name}' does not say what a position of its own is: none can be given by hand`);
    const [position, low] = judged(name, () => {
      const position = positions.restore(given);
      return [position, positions.low(position)] as const;
    });
    const after = JSON.stringify(position);
    const say = (row: PositionRow | undefined) =>
      process.stderr.write(
        `${name} stood: ${row ? words(row) : 'nowhere yet'}\nnow it stands: ${inWords(jsonOf(after), low)}\n`,
      );
    if (flags.dryRun) {
      const state = await orStop(() => readStandings(folder));
      say(state.positions.find(p => p.receiver === name && p.identity === identity));
      return unchanged();
    }
    await orStop(() =>
      changeState(folder, Date.now(), ({ put, note, find }) => {
        const row = find(name, identity);
        put(name, identity, position, low);
        const reason = flags.reason ?? '';
        note({ command: 'state set', receiver: name, identity, before: row?.value ?? null, after, reason });
        say(row);
      }),
    );
  });

const parsed = (json: string): Json => {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Stop(`the position is not JSON: ${describe(error)}`, 2);
  }
};

const judged = <T>(name: string, judge: () => T): T => {
  try {
    return judge();
  } catch (error) {
    throw error instanceof Fault ? new Stop(`that is no position of '${name}': ${describe(error)}`) : error;
  }
};
