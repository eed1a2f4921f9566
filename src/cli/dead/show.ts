// `tributary dead show SEQ`: one letter, whole. Its texts are masked unless they are asked for, so that what is shown may
// be passed on.
import { textOfAny } from '../../json.ts';
import type { Json } from '../../model.ts';
import { sketch } from '../../runtime/mask.ts';
import { lettersOf } from '../../runtime/state/letters-sqlite.ts';
import { print } from '../output.ts';
import { command, orStop, stateOf } from '../session.ts';
import { type ChoiceFlags, chosen, numbersOf } from './choice.ts';
import { summary } from './ls.ts';

/** Characters of a masked record. */
const WIDEST = 20_000;

export const show = (seq: string, flags: ChoiceFlags & { readonly raw?: boolean }): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    const [found] = await chosen(folder, { seqs: numbersOf([seq]) });
    const [letter] = await orStop(() => [...lettersOf(folder, found ? [found.seq] : [])]);
    if (!found || !letter) return; // `chosen` has said so
    const { raw, event, attributes } = letter.record;
    const { first, last, ...said } = summary(found);
    const facts = { ...said, first: new Date(first).toISOString(), last: new Date(last).toISOString() };
    const told = (json: Json) => (flags.raw ? textOfAny(json) : sketch(json, WIDEST));
    const lines = [
      ...Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
      ['record', told(raw)],
      ...(event ? [['event', told(event)]] : []),
      ...(attributes ? [['attributes', told(attributes)]] : []),
    ];
    await print(lines.map(([name = '', text]) => `${name.padEnd(11)}${text}\n`));
    if (!flags.raw) process.stderr.write('Texts and numbers are masked; --raw shows them.\n');
  });
