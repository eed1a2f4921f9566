// The dead letters in a state, all of them and whole: few, in a test.
import { lettersOf, listDeadLetters } from '../../src/runtime/state/letters-sqlite.ts';
import type { DeadLetter } from '../../src/runtime/state/state.ts';

/** Oldest first; reads beside an open store. */
export const readDeadLetters = (folder: string): readonly DeadLetter[] => {
  const seqs = listDeadLetters(folder).map(({ seq }) => seq);
  return [...lettersOf(folder, seqs)];
};
