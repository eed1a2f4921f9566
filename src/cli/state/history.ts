// `tributary state history`: what was changed by hand, when and why, and where each receiver stood, hour by hour.
import { type Change, readHistory, type Stood } from '../../runtime/state/history-sqlite.ts';
import { identityInWords } from '../../runtime/state/state-tools.ts';
import { print } from '../output.ts';
import { command, orStop, stateOf } from '../session.ts';
import { iso, jsonOf, words } from './installation.ts';

export const history = (
  receiver: string | undefined,
  flags: { readonly config: string; readonly json?: boolean },
): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    const { changes, trail } = await orStop(() => readHistory(folder));
    const all = [...changes.map(ofChange), ...trail.map(ofDelivery)]
      .filter(line => receiver === undefined || line.receiver === receiver)
      .toSorted((a, b) => a.time - b.time);
    const lines = all.map(({ time, ...line }) =>
      flags.json ? JSON.stringify({ time: iso(time), ...line }) : asText({ time, ...line }),
    );
    await print(lines.map(line => `${line}\n`));
    if (!flags.json && lines.length === 0) process.stderr.write('No history yet.\n');
  });

const ofChange = ({ time, command, receiver, identity, before, after, reason }: Change) => ({
  time,
  what: command,
  receiver,
  identity: identityInWords(identity),
  before: before === null ? null : jsonOf(before),
  after: after === null ? null : jsonOf(after),
  reason,
});

const ofDelivery = ({ time, receiver, identity, value }: Stood): ReturnType<typeof ofChange> => ({
  time,
  what: 'delivery',
  receiver,
  identity: identityInWords(identity),
  before: null,
  after: value === null ? null : jsonOf(value),
  reason: '',
});

const asText = ({ time, what, receiver, before, after, reason }: ReturnType<typeof ofChange>): string => {
  const [from, to] = [before, after].map(at =>
    at === null ? undefined : words({ value: JSON.stringify(at), low: Number.POSITIVE_INFINITY }),
  );
  const way = from !== undefined && to !== undefined ? `${from} -> ${to}` : (to ?? from ?? '');
  return [iso(time), what.padEnd(12), receiver || '-', way, reason].filter(part => part !== '').join('  ');
};
