// `tributary state adopt OLD NEW`: a receiver that was renamed in the config goes on where it stood under its old name. An
// engine that runs on the state is asked to do it: nobody else may change what is its own.

import { type Adopted, adoptionOf } from '../../runtime/adoption.ts';
import { systemClock } from '../../runtime/clock.ts';
import { sizeOfAdoption, type Taken } from '../../runtime/state/adopt-sqlite.ts';
import { askEngine } from '../../runtime/state/requests.ts';
import { isOwned } from '../../runtime/state/sqlite-open.ts';
import { changeState, readStandings } from '../../runtime/state/state-tools.ts';
import { command, orStop, Stop, unchanged } from '../session.ts';
import { installationOf, mustExist, receiverOf, words } from './installation.ts';

/** How much an engine that runs may write anew, which it does at one go: about a second; bytes of JSON. */
const MOST = 64 * 2 ** 20;

export const adopt = (
  from: string,
  to: string,
  flags: { readonly config: string; readonly dryRun?: boolean; readonly reason?: string },
): Promise<void> =>
  command(async () => {
    const installation = await installationOf(flags.config);
    mustExist(installation);
    const { folder, receivers } = installation;
    const { identity: log } = receiverOf(installation, to);
    const others = receivers.flatMap(({ name, identity = '', routes }) =>
      name !== to && routes.length > 0 ? [{ receiver: name, identity }] : [],
    );
    const { positions } = await orStop(() => readStandings(folder));
    const adopted = await orStop(() =>
      adoptionOf({ from, to, reason: flags.reason ?? '' }, [...others, { receiver: to, identity: log }], positions),
    );
    const isBeside = await orStop(() => isOwned(folder));
    if (isBeside) await mustBeQuick(folder, adopted);

    if (flags.dryRun) {
      process.stderr.write(`${to} stands where ${from} stood: ${words(standing(positions, adopted, from))}\n`);
      if (isBeside) process.stderr.write('The engine that runs would do it, and take over the config.\n');
      return unchanged();
    }
    if (!isBeside) return orStop(() => changeState(folder, Date.now(), tools => tell(adopted, tools.adopt(adopted))));

    process.stderr.write('An engine runs on this state: it is asked to take over the config, with the new name.\n');
    const refused = await orStop(() => askEngine(folder, adopted, systemClock));
    if (refused !== undefined) throw new Stop(`${to} does not stand where ${from} stood: ${refused}`);
    const now = await orStop(() => readStandings(folder));
    const left = now.entries.filter(
      ({ space, key }) => space === `receiver/${from}` || (key === from && space.startsWith('exporter/')),
    );
    tell(adopted, { row: standing(now.positions, adopted, to), left });
  });

type Positions = ReturnType<typeof readStandings>['positions'];

const standing = (positions: Positions, { identity }: Adopted, name: string) =>
  positions.find(row => row.receiver === name && row.identity === identity)!; // it was found there before

const tell = ({ from, to }: Adopted, { row, left }: Pick<Taken, 'row' | 'left'>): void => {
  process.stderr.write(`${to} stands where ${from} stood: ${words(row)}\n`);
  for (const { space, key, value } of left)
    process.stderr.write(`kept as it is, because '${to}' has one of its own: ${space} ${key} ${value}\n`);
};

const mustBeQuick = async (folder: string, adopted: Adopted): Promise<void> => {
  const size = await orStop(() => sizeOfAdoption(folder, adopted));
  if (size <= MOST) return;
  const [waits, most] = [size, MOST].map(bytes => `${Math.round(bytes / 2 ** 20).toLocaleString('en-US')} MiB`);
  throw new Stop(
    `${waits} of '${adopted.from}' wait in queues or as dead letters, and all of it gets the new name. An engine that runs would stand still for it: from ${most} on, stop it first`,
  );
};
