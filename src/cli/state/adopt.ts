// `tributary state adopt OLD NEW`: a receiver that was renamed in the config goes on where it stood under its old name.
import { changeState, identityInWords, type PositionRow, readStandings } from '../../runtime/state-tools.ts';
import { command, orStop, Stop, unchanged } from '../session.ts';
import { installationOf, mustExist, receiverOf, words } from './installation.ts';

export const adopt = (
  from: string,
  to: string,
  flags: { readonly config: string; readonly dryRun?: boolean; readonly reason?: string },
): Promise<void> =>
  command(async () => {
    const installation = await installationOf(flags.config);
    mustExist(installation);
    const { folder, receivers } = installation;
    const { identity } = receiverOf(installation, to);
    if (receivers.some(({ name, routes }) => name === from && routes.length > 0))
      throw new Stop(`'${from}' still runs: it is in a pipeline of the config`);
    const { positions } = await orStop(() => readStandings(folder));
    const olds = positions.filter(({ receiver }) => receiver === from);
    if (olds.length === 0)
      throw new Stop(
        `there is no position of '${from}'; there are: ${[...new Set(positions.map(p => p.receiver))].join(', ')}`,
      );
    if (!olds.some(row => row.identity === identity))
      throw new Stop(
        `'${to}' reads another log than '${from}' did:\n  ${to}: ${identityInWords(identity)}\n${olds.map(row => `  ${from}: ${identityInWords(row.identity)}\n`).join('')}`.trimEnd(),
      );

    const check = (row: PositionRow | undefined, own: PositionRow | undefined): PositionRow => {
      if (!row) throw new Stop(`'${from}' has no position any more`);
      if (own) throw new Stop(`'${to}' has a position of its own already: ${words(own)}`);
      return row;
    };
    const adopted = (row: PositionRow) => process.stderr.write(`${to} stands where ${from} stood: ${words(row)}\n`);
    if (flags.dryRun) {
      const standing = (name: string) => positions.find(p => p.receiver === name && p.identity === identity);
      adopted(check(standing(from), standing(to)));
      return unchanged();
    }
    await orStop(() =>
      changeState(folder, Date.now(), ({ find, rename, note }) => {
        const row = check(find(from, identity), find(to, identity));
        const left = rename(from, to, identity);
        const reason = [flags.reason ?? '', `from ${from}`].filter(Boolean).join('; ');
        note({ command: 'state adopt', receiver: to, identity, before: null, after: row.value, reason });
        adopted(row);
        for (const { space, key, value } of left)
          process.stderr.write(`kept as it is, because '${to}' has one of its own: ${space} ${key} ${value}\n`);
      }),
    );
  });
