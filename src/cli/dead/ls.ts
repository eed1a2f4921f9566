// `tributary dead ls`: what was kept aside, readable beside a running engine.
import type { DeadLetter } from '../../runtime/state.ts';
import { print } from '../output.ts';
import { command, stateOf } from '../session.ts';
import { type ChoiceFlags, chosen } from './choice.ts';

export const list = (flags: ChoiceFlags & { readonly json?: boolean }): Promise<void> =>
  command(async () => {
    const letters = await chosen(await stateOf(flags.config), flags);
    await print(letters.map(letter => `${flags.json ? JSON.stringify(summary(letter)) : asText(letter)}\n`));
    if (!flags.json) process.stderr.write(`${letters.length} dead letter${letters.length === 1 ? '' : 's'}\n`);
  });

/** A letter without its record. */
export const summary = ({ record: { id, part, origin }, ...letter }: DeadLetter) => ({
  ...letter,
  receiver: origin.receiver,
  id,
  part,
  /** One of a batch of which the sink refused some, without saying which: most of these were taken. */
  ...(letter.code === 'E_SINK_PARTIAL' && { partial: true }),
});

const asText = (letter: DeadLetter): string => {
  const { seq, first, place, code, tries, record, reason } = letter;
  const { id, origin } = record;
  const mark = code === 'E_SINK_PARTIAL' ? ['partial'] : [];
  return [
    seq,
    new Date(first).toISOString(),
    place,
    code,
    ...mark,
    `×${tries}`,
    `${origin.receiver} ${id}`,
    reason,
  ].join('  ');
};
