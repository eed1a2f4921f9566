// `tributary state show`: where each receiver stands, and what is remembered of it; readable beside a running engine.
import { memoryOf } from '../../runtime/state/marks.ts';
import type { PositionRow } from '../../runtime/state/position-sqlite.ts';
import { identityInWords, readStandings, type Standings } from '../../runtime/state/state-tools.ts';
import { print } from '../output.ts';
import { command, orStop } from '../session.ts';
import { counted, type Installation, installationOf, iso, jsonOf, orphansIn, words } from './installation.ts';

export const show = (flags: { readonly config: string; readonly json?: boolean }): Promise<void> =>
  command(async () => {
    const installation = await installationOf(flags.config);
    const state = await orStop(() => readStandings(installation.folder));
    const orphans = new Set(orphansIn(state, installation));
    const rows = state.positions.map(row => describe(row, state, orphans.has(row)));
    await print(flags.json ? rows.map(row => `${JSON.stringify(row)}\n`) : rows.map(asText));
    if (flags.json) return;
    for (const line of notBegun(state, installation)) process.stderr.write(`${line}\n`);
    if (orphans.size > 0) process.stderr.write(ORPHANS);
  });

const ORPHANS =
  'An orphan is a position that no receiver of the config uses: its name or its log is another one.\n' +
  'After a rename: tributary state adopt OLD NEW. Otherwise it does no harm, and stays for the day it is needed again.\n';

const describe = (row: PositionRow, { entries, marks }: Standings, orphan: boolean) => {
  const { receiver, identity, count, low } = row;
  const own = marks.filter(({ space }) => space.endsWith(`/${identity}`));
  const oldest = own.length === 0 ? null : Math.min(...own.map(m => m.oldest));
  return {
    receiver,
    identity: identityInWords(identity),
    orphan,
    count,
    words: words(row),
    low: iso(low),
    marks: {
      ids: own.reduce((sum, { ids }) => sum + ids, 0),
      memory: own.reduce((sum, { ids }) => sum + memoryOf(ids), 0),
      oldest: oldest === null ? null : iso(oldest),
    },
    position: jsonOf(row.value),
    entries: entries
      .filter(({ space, key }) => isTheirs(space, key, receiver, identity))
      .map(({ space, key, value }) => ({ space, key, value: jsonOf(value) })),
  };
};

const isTheirs = (space: string, key: string, receiver: string, identity: string): boolean =>
  space === `receiver/${receiver}` ||
  (space.startsWith('exporter/') && key === receiver) ||
  space.endsWith(`/${identity}`);

type Described = ReturnType<typeof describe>;

const asText = ({ receiver, identity, orphan, count, words, low, marks, entries }: Described): string => {
  const lines: [string, string][] = [
    ['reads', identity],
    ['stands', words],
    ['low-water', `${low}: nothing that happened before is read again`],
    ['moved', counted(count, 'time')],
    [
      'marks',
      marks.oldest === null
        ? 'none'
        : `${counted(marks.ids, 'id')} since ${marks.oldest}, ${Math.ceil(marks.memory / 1024).toLocaleString('en-US')} KiB of memory`,
    ],
    ...entries.map(({ space, key, value }): [string, string] => ['entry', `${space} ${key} ${JSON.stringify(value)}`]),
  ];
  const rows = lines.map(([name, text]) => `  ${name.padEnd(10)}${text}\n`);
  return `${receiver}${orphan ? '  (orphan)' : ''}\n${rows.join('')}`;
};

const notBegun = ({ positions }: Standings, { receivers }: Installation): readonly string[] =>
  receivers.flatMap(({ name, identity, problem }) => {
    if (problem !== undefined) return [`${name}: ${problem}`];
    return positions.some(row => row.receiver === name && row.identity === identity) ? [] : [`${name}: not begun`];
  });
