// Marks as they lie in `state.db`, taken into memory.
import type { DatabaseSync } from 'node:sqlite';
import { digestOf, Marks, WIDTH } from './marks.ts';

/** All marks of a state, by their space. */
export const loadMarks = (db: DatabaseSync): Map<string, Marks> => {
  const marks = new Map<string, Marks>();
  for (const row of db.prepare('select space, ids from marks').iterate()) {
    const { space, ids } = row as { space: string; ids: Uint8Array };
    const set = marks.get(space) ?? new Marks();
    for (let at = 0; at < ids.length; at += WIDTH) set.add(ids, at);
    marks.set(space, set);
  }
  return marks;
};

/** Those of the ids that are marked. */
export const knownIn = (marks: Marks | undefined, ids: readonly string[]): ReadonlySet<string> =>
  new Set(marks && marks.size > 0 ? ids.filter(id => marks.has(digestOf(id))) : []);
