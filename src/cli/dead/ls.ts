// `tributary dead ls`: what was kept aside, readable beside a running engine.
import type { LetterSummary } from '../../runtime/state/letters-sqlite.ts';
import { print, printable } from '../output.ts';
import { command, stateOf } from '../session.ts';
import { type ChoiceFlags, chosen } from './choice.ts';

export const list = (flags: ChoiceFlags & { readonly json?: boolean }): Promise<void> =>
  command(async () => {
    const letters = await chosen(await stateOf(flags.config), flags);
    const lines = (function* () {
      for (const letter of letters) yield `${flags.json ? JSON.stringify(summary(letter)) : asText(letter)}\n`;
    })();
    await print(lines);
    if (!flags.json) process.stderr.write(`${letters.length} dead letter${letters.length === 1 ? '' : 's'}\n`);
  });

export const summary = ({ receiver, part, ...letter }: LetterSummary) => ({
  ...letter,
  receiver: receiver ?? undefined,
  part: part ?? undefined,
  /** One of a batch of which the sink refused some, without saying which: most of these were taken. */
  ...(letter.code === 'E_SINK_PARTIAL' && { partial: true }),
});

const asText = ({ seq, first, place, code, tries, receiver, id, reason }: LetterSummary): string => {
  const mark = code === 'E_SINK_PARTIAL' ? ['partial'] : [];
  const whose = `${receiver ?? '(damaged)'} ${id}`;
  const parts = [seq, new Date(first).toISOString(), place, code, ...mark, `×${tries}`, whose, reason];
  return printable(parts.join('  '));
};
