// Marks as they lie in `state.db`, taken into memory.
import type { DatabaseSync } from 'node:sqlite';
import { digestOf, Marks, WIDTH } from './marks.ts';
import { agrees, type SummedMarks, sumOfMarks } from './sums.ts';

/** All marks of a state, by their space; and the spaces in which some are not what was written. */
export const loadMarks = (db: DatabaseSync) => {
  const marks = new Map<string, Marks>();
  const damaged = new Set<string>();
  for (const row of db.prepare('select * from marks').iterate()) {
    const block = row as unknown as SummedMarks; // its columns
    const { space, ids } = block;
    if (!areWhole(block)) damaged.add(space);
    if (!(ids instanceof Uint8Array)) continue;
    const set = marks.get(space) ?? new Marks();
    for (let at = 0; at + WIDTH <= ids.length; at += WIDTH) set.add(ids, at);
    marks.set(space, set);
  }
  return { marks, damaged };
};

/** Whether they are what was written, as far as anybody knows. */
export const areWhole = (block: SummedMarks): boolean =>
  block.ids instanceof Uint8Array && // a damaged row may have something else
  block.ids.length > 0 &&
  block.ids.length % WIDTH === 0 &&
  agrees(block, sumOfMarks(block));

/** Those of the ids that are marked. */
export const knownIn = (marks: Marks | undefined, ids: readonly string[]): ReadonlySet<string> =>
  new Set(marks && marks.size > 0 ? ids.filter(id => marks.has(digestOf(id))) : []);
