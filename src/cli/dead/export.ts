// `tributary dead export`: letters as NDJSON, with the vendor's words and why each could not pass. Nothing is changed.
import { describe, type Fault } from '../../fault.ts';
import { textOfAny } from '../../json.ts';
import { lettersOf } from '../../runtime/state/letters-sqlite.ts';
import { print } from '../output.ts';
import { command, Stop, stateOf } from '../session.ts';
import { type ChoiceFlags, chosen, numbersOf } from './choice.ts';

export const exportLetters = (words: readonly string[], flags: ChoiceFlags): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    const letters = await chosen(folder, { ...flags, seqs: numbersOf(words) });
    const seqs = letters.map(({ seq }) => seq);
    const damaged: Fault[] = [];
    await print(
      (function* () {
        for (const { record, first, last, ...letter } of lettersOf(folder, seqs, fault => damaged.push(fault))) {
          const [begun, seen] = [new Date(first).toISOString(), new Date(last).toISOString()];
          const { origin, id, part = null, raw } = record;
          yield `${textOfAny({ ...letter, first: begun, last: seen, origin: { ...origin }, id, part, raw })}\n`;
        }
      })(),
    );
    if (damaged.length > 0) throw new Stop(damaged.map(describe).join('\n'));
  });
