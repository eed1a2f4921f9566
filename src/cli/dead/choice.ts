// Which letters a command means, by number, place or code.
import { type Choice, type LetterSummary, listDeadLetters } from '../../runtime/state/letters-sqlite.ts';
import { orStop, Stop } from '../session.ts';

export interface ChoiceFlags {
  readonly config: string;
  readonly place?: string;
  readonly code?: string;
}

/** The numbers of letters; a Stop for what is none. */
export const numbersOf = (words: readonly string[]): readonly number[] =>
  words.map(word => {
    if (!/^\d{1,15}$/.test(word)) throw new Stop(`'${word}' is no number of a letter: tributary dead ls shows them`, 2);
    return Number(word);
  });

/** All that are meant; a Stop where one that is named is not there. */
export const chosen = async (folder: string, choice: Choice): Promise<readonly LetterSummary[]> => {
  const letters = await orStop(() => listDeadLetters(folder, choice));
  const missing = (choice.seqs ?? []).filter(seq => !letters.some(letter => letter.seq === seq));
  if (missing.length > 0)
    throw new Stop(`there is no such letter${missing.length === 1 ? '' : 's'}: ${missing.join(', ')}`);
  return letters;
};
