// Progress as lines of text. Pure: what is given, and nothing else, decides.
import { printable } from '../output.ts';
import { many, span, table } from '../status/words.ts';
import type { Progress } from './track.ts';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The block of a terminal: a line for each receiver, as many as fit, none wider than it. */
export const block = (all: readonly Progress[], { columns, rows }: Size): readonly string[] => {
  const room = Math.max(1, rows - 2); // the line that the cursor is on, and one above the block
  const shown =
    all.length <= room
      ? all
      : [...all.filter(isOpen), ...all.filter(each => !isOpen(each))].slice(0, Math.max(1, room - 1));
  const filled = shown.map(cells);
  const used = filled[0]?.map((_, i) => filled.some(row => row[i] !== '')) ?? [];
  const lines = table(
    filled.map(row => row.filter((_, i) => used[i])),
    [1, ...(used[2] ? [2] : [])],
  );
  const more = all.length - shown.length;
  return [...lines, ...(more > 0 && room > 1 ? [`… and ${more} more`] : [])].map(line => cut(line, columns - 1));
};

/** All of it as one line, for a log. */
export const line = (all: readonly Progress[]): string =>
  all
    .map(each =>
      cells(each)
        .filter(cell => cell !== '')
        .join(', ')
        .replace(', ', ': '),
    )
    .join('; ');

const isOpen = ({ state }: Progress): boolean => state !== 'done';

const cells = ({ receiver, events, rate, reached, left, quota, state }: Progress): readonly string[] => [
  printable(receiver),
  `${many(events)} event${events === 1 ? '' : 's'}`,
  state === 'reads' ? `${rate < 10 && rate > 0 ? rate.toFixed(1) : many(Math.round(rate))}/s` : '',
  reached === undefined || Math.abs(reached) > LAST ? '' : `at ${new Date(reached).toISOString().slice(0, 16)}Z`,
  words(state, left, quota),
];

/** A date cannot be later; ms since the epoch. */
const LAST = 8.64e15;

const words = (state: Progress['state'], left: number | undefined, quota: boolean): string => {
  if (state === 'done') return 'done';
  if (typeof state === 'object')
    return 'waits' in state ? `waits: ${printable(state.waits)}` : `ended: ${printable(state.failed)}`;
  if (left === undefined || !Number.isFinite(left)) return '';
  return `about ${span(left / 1000)} left${quota ? ', by the quota' : ''}`;
};

/** Texts that are wider than their number of signs count double: too short is better than wrapped. */
const cut = (text: string, columns: number): string => {
  let width = 0;
  let out = '';
  for (const sign of text) {
    width += sign.codePointAt(0)! >= WIDE ? 2 : 1;
    if (width > columns) return columns < 1 ? '' : `${[...out].slice(0, -1).join('')}…`;
    out += sign;
  }
  return out;
};

/** From here on signs may be two columns wide. */
const WIDE = 0x1100;
