// `tributary dev drift`: the words of the vendors that no rule maps, readable beside a running engine.
import type { DriftNote } from '../runtime/state/notes.ts';
import { KEPT, readNotes } from '../runtime/state/notes-sqlite.ts';
import { print } from './output.ts';
import { command, orStop, stateOf } from './session.ts';

export const drift = (flags: { readonly config: string; readonly json?: boolean }): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    const notes = (await orStop(() => readNotes(folder))).drift;
    await print(flags.json ? notes.map(note => `${JSON.stringify(dated(note))}\n`) : table(notes));
    if (!flags.json) process.stderr.write(notes.length === 0 ? NOTHING : hint(notes.length));
  });

const dated = ({ first, last, ...note }: DriftNote) => ({ ...note, first: iso(first), last: iso(last) });

const iso = (time: number): string => new Date(time).toISOString();

const KINDS: Readonly<Record<DriftNote['kind'], string>> = {
  type: 'type',
  field: 'field',
  throws: 'failed',
  invalid: 'invalid',
};

/** Longer words are cut at a terminal's measure; `--json` has them whole. */
const WIDEST = 60;

const table = (notes: readonly DriftNote[]): readonly string[] => {
  if (notes.length === 0) return [];
  const rows = [
    ['vendor', 'feed', 'what', 'count', 'first', 'last', 'example'],
    ...notes.map(({ vendor, feed, kind, what, count, first, last, example }) => [
      vendor,
      feed || '-',
      cut(`${KINDS[kind]} ${what}`),
      String(count),
      iso(first).slice(0, 19),
      iso(last).slice(0, 19),
      cut(example),
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)));
  return rows.map(row => `${row.map((cell, i) => align(cell, i, widths)).join('  ')}\n`);
};

const align = (cell: string, i: number, widths: readonly number[]): string => {
  if (i === widths.length - 1) return cell;
  return i === COUNT ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
};

const COUNT = 3;

const cut = (text: string): string => (text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text);

const NOTHING = 'No drift: every event type has its rule, and every field its attribute.\n';

const hint = (count: number): string =>
  [
    `${count} kinds of drift${count >= KEPT.drift ? '; no more are kept, the ones not seen for longest went' : ''}.`,
    'Nothing is lost: a field is under `unmapped`; a record without a rule is a general event with its words in it.',
    'To have it mapped, report it with `tributary dev drift --json`: no text of a record can be read in its examples.\n',
  ].join('\n');
