// `tributary check --diff`: what taking over a config would do to what runs, or ran last, on its state.
import { systemClock } from '../runtime/clock.ts';
import { inspect } from '../runtime/inspect.ts';
import { type Foreseen, foresee } from '../runtime/reload/foresee.ts';
import { outlineOf, readOutline } from '../runtime/reload/outline.ts';
import { identityInWords, readStandings } from '../runtime/state/state-tools.ts';
import { print } from './output.ts';
import { orStop, planOf, type Read, Stop, silent, stateFolder } from './session.ts';

/** Writes it to standard output; throws a Stop where the config would be refused. */
export const showDiff = async (read: Read, asJson: boolean): Promise<void> => {
  const { config, options, folder } = read;
  const state = stateFolder(config, folder);
  const inspected = await inspect(config, options, { clock: systemClock, log: silent, folder });
  const identities = new Map(inspected.flatMap(({ name, identity }) => (identity ? [[name, identity] as const] : [])));
  const memories = inspected.flatMap(({ routes }) =>
    routes.flatMap(({ pipeline, by }) => (by ? [`${pipeline}/${by.processor}`] : [])),
  );
  const old = readOutline(state);
  const { positions } = await orStop(() => readStandings(state));
  const foreseen = foresee({
    old: old ?? { version: 1, lanes: [], parts: {} },
    next: outlineOf(planOf(read), identities),
    positions,
    remembering: new Set(memories),
    inWords: identityInWords,
  });
  if (!old) process.stderr.write(`nothing is known of a run on ${state}: everything is new\n`);
  await print(asJson ? foreseen.map(each => `${JSON.stringify(each)}\n`) : foreseen.map(asText));
  const refused = foreseen.filter(({ becomes }) => becomes === 'refused').map(({ receiver }) => receiver);
  if (refused.length > 0) throw new Stop(`this config would be refused, because of ${refused.join(', ')}`);
};

const asText = ({ receiver, becomes, changed, position, notes }: Foreseen): string => {
  if (becomes === 'untouched') return `${receiver}  untouched\n`;
  const lines: [string, string][] = [
    ...changed.map((what, i): [string, string] => [i === 0 ? 'changed' : '', what]),
    ['position', position],
    ...notes.map((note): [string, string] => ['note', note]),
  ];
  return `${receiver}  ${becomes}\n${lines.map(([what, text]) => `  ${what.padEnd(9)} ${text}\n`).join('')}`;
};
