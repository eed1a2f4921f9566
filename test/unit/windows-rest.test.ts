// When the windows walk rests: when it has caught up with the present, not when it has read out a window of long ago.
import { expect, test } from 'vitest';
import { MINUTE, SECOND } from '../../src/options.ts';
import { windows } from '../../src/source/windows.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const walk = windows({
  since: () => NOW - 10 * MINUTE,
  span: 60 * MINUTE,
  settle: 30 * SECOND,
  overlap: 5 * MINUTE,
  behind: Number.POSITIVE_INFINITY,
});

/** Two pages of a window, the second of them so long after the first. */
const readOut = (later: number) => {
  const start = walk.start(NOW);
  const first = walk.next(start, walk.ask(start, NOW)!, { next: 'more', date: NOW });
  const ask = walk.ask(first.position, NOW + later)!;
  return walk.next(first.position, ask, { next: null, date: NOW + later });
};

test('a window that was read out at once leaves nothing to be asked for', () => {
  expect(readOut(5 * SECOND).more).toBe(false);
});

test('what happened while a window was read, or since a process before us began it, is asked for at once', () => {
  const { position, more } = readOut(MINUTE);
  expect(more).toBe(true);
  const ask = walk.ask(position, NOW + MINUTE)!;
  expect(ask.to).toBe(NOW + MINUTE - 30 * SECOND);
  expect(walk.next(position, ask, { next: null, date: NOW + MINUTE }).more).toBe(false);
});
