// Any history of marks, of dates that pass and of crashes in and around the commit: what is known is what was committed and
// is not too old, before a restart and after it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import { listen, type Point } from '../../src/point.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';

afterEach(() => listen(undefined));

const SPACES = ['a', 'b'] as const;
const IDS = Array.from({ length: 12 }, (_, n) => `id-${n}`);
const REMEMBER = 20;

const step = fc.record({
  space: fc.constantFrom(...SPACES),
  ids: fc.uniqueArray(fc.constantFrom(...IDS), { maxLength: 4 }),
  later: fc.nat(15),
  /** How far the low-water time is behind the vendor's clock. */
  behind: fc.nat(30),
  crash: fc.option(fc.constantFrom<Point>('before commit', 'in commit', 'after writes', 'after commit'), {
    nil: undefined,
    freq: 3,
  }),
});

interface Block {
  readonly space: string;
  readonly date: number;
  readonly ids: readonly string[];
}

/** What is true when they are committed. */
const committed = (blocks: readonly Block[], block: Block, low: number): readonly Block[] => [
  ...blocks.filter(({ space, date }) => space !== block.space || date >= low - REMEMBER),
  ...(block.ids.length > 0 ? [block] : []),
];

const strikeAt = (where: Point | undefined) =>
  listen(point => {
    if (point === where) throw new Fault('E_ABANDONED', 'struck');
  });

test('what is known is what was committed, and is not too old', () =>
  fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async steps => {
      const folder = mkdtempSync(join(tmpdir(), 'tributary-marks-'));
      let store = openState(folder);
      let [blocks, count, date]: [readonly Block[], number, number] = [[], 0, 1000];
      const look = async () => {
        for (const space of SPACES) {
          const due = new Set(blocks.filter(block => block.space === space).flatMap(({ ids }) => ids));
          expect(await store.known(space, IDS)).toEqual(due);
        }
      };
      try {
        for (const { space, ids, later, behind, crash } of steps) {
          date += later;
          const known = await store.known(space, ids);
          const block = { space, date, ids: ids.filter(id => !known.has(id)) }; // as dedupe does
          const move = { after: count, position: count, low: date - behind, date };
          strikeAt(crash);
          const isCommitted = await store
            .commit(
              [
                { kind: 'move', receiver: 'r', identity: 'i', move },
                { kind: 'mark', space, ids: block.ids, remember: REMEMBER },
              ],
              date,
            )
            .then(
              () => true,
              () => crash === 'after commit', // then it is on the disk
            );
          strikeAt(undefined);
          if (isCommitted) [blocks, count] = [committed(blocks, block, date - behind), count + 1];
          if (crash !== undefined) {
            await store.close();
            store = openState(folder);
          }
          await look();
        }
        await store.close();
        store = openState(folder);
        await look();
      } finally {
        await store.close();
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 60 },
  ));
