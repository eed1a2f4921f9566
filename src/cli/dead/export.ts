// `tributary dead export`: letters as NDJSON, with the vendor's words and why each could not pass. Nothing is changed.
import { textOfAny } from '../../json.ts';
import { print } from '../output.ts';
import { command, stateOf } from '../session.ts';
import { type ChoiceFlags, chosen, numbersOf } from './choice.ts';

export const exportLetters = (words: readonly string[], flags: ChoiceFlags): Promise<void> =>
  command(async () => {
    const letters = await chosen(await stateOf(flags.config), { ...flags, seqs: numbersOf(words) });
    await print(
      (function* () {
        for (const { record, first, last, ...letter } of letters) {
          const [begun, seen] = [new Date(first).toISOString(), new Date(last).toISOString()];
          const { origin, id, part = null, raw } = record;
          yield `${textOfAny({ ...letter, first: begun, last: seen, origin: { ...origin }, id, part, raw })}\n`;
        }
      })(),
    );
  });
