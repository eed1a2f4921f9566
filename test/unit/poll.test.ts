// When a receiver may say that its vendor has no more: not at the end of what an earlier life began to read.
import { expect, test } from 'vitest';
import type { Origin } from '../../src/model.ts';
import { identify } from '../../src/model.ts';
import { poll, type Turn } from '../../src/source/poll.ts';
import { type WindowAsk, windows } from '../../src/source/windows.ts';
import { testContext } from '../support/context.ts';

const ORIGIN: Origin = { receiver: 'test', type: 'sim', site: '', tenant: '', feed: '' };

/** How many pages are read until the first rest. @param turns what the pulls bring */
const pagesToRest = async (
  stored: number | undefined,
  turns: readonly (Turn<number> | undefined)[],
): Promise<number> => {
  const context = testContext();
  if (stored !== undefined) {
    const move = { after: 0, position: stored, low: 0, date: 0 };
    context.commit([{ kind: 'move', receiver: 'test', identity: identify(ORIGIN), move }]);
  }
  let pulls = 0;
  await new Promise<void>((rested, failed) => {
    const receiver = poll<number>(
      {
        origin: ORIGIN,
        start: () => 0,
        restore: position => Number(position),
        low: () => 0,
        midway: position => position % 2 === 1,
        pull: async () => turns[pulls++],
      },
      60_000,
      { ...context, rest: rested },
    );
    const running = receiver.emissions.subscribe({ next: ({ receipt }) => receipt.deliver(), error: failed });
    context.controller.signal.addEventListener('abort', () => running.unsubscribe());
  });
  context.controller.abort();
  return pulls;
};

const turn = (more: boolean, position = 1): Turn<number> => ({ records: [], position, more, date: 0 });

test('the last page is followed by a rest', async () => {
  expect(await pagesToRest(undefined, [turn(true), turn(false), turn(false)])).toBe(2);
  expect(await pagesToRest(6, [turn(true), turn(false), turn(false)])).toBe(2);
});

test('where an earlier life left off midway, what follows its last page is asked for, too', async () => {
  expect(await pagesToRest(7, [turn(true), turn(false), turn(true), turn(false), turn(false)])).toBe(4);
});

test('but not where this life began the next one by itself', async () => {
  expect(await pagesToRest(7, [turn(true, 8), turn(true), turn(false), turn(false)])).toBe(3);
});

test('inside of a window of earlier is midway; between two of them is not, unless pages of the sweep are owed', () => {
  const { start, ask, next, midway } = windows({ since: () => 0, span: 100, settle: 1, overlap: 5, behind: Infinity });
  const begun = start(50);
  const lead = (cursor: string | null) => ({ next: cursor, date: 50 });
  const inside = next(begun, ask(begun, 50) as WindowAsk, lead('c')).position; // there is something to ask at 50
  const between = next(inside, ask(inside, 50) as WindowAsk, lead(null)).position;
  const owing = { ...between, owed: 1 };
  expect([begun, inside, between, owing].map(position => midway?.(position, 50))).toEqual([false, false, false, true]);
  expect([begun, inside, between, owing].map(position => midway?.(position, 51))).toEqual([false, true, false, true]);
});
