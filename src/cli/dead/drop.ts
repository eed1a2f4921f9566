// `tributary dead drop`: takes letters away for good. The one command that loses records, so it is asked for twice.
import type { LetterSummary } from '../../runtime/state/letters-sqlite.ts';
import { changeState } from '../../runtime/state/state-tools.ts';
import { command, orStop, Stop, stateOf, unchanged } from '../session.ts';
import { type ChoiceFlags, chosen, numbersOf } from './choice.ts';

export interface DropFlags extends ChoiceFlags {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

export const drop = (words: readonly string[], flags: DropFlags): Promise<void> =>
  command(async () => {
    const seqs = numbersOf(words);
    const { place, code, all = false, yes = false, reason = '' } = flags;
    if (!all && seqs.length === 0 && place === undefined && code === undefined)
      throw new Stop('which letters? Name their numbers, --place, --code, or --all', 2);
    const folder = await stateOf(flags.config);
    const letters = await chosen(folder, { seqs, place, code });
    const what = `${letters.length} dead letter${letters.length === 1 ? '' : 's'}`;
    if (letters.length === 0) return void process.stderr.write('There are none.\n');
    if (flags.dryRun) {
      process.stderr.write(`${what} would be dropped: ${named(letters)}\n`);
      return unchanged();
    }
    if (!yes)
      throw new Stop(
        `${what} would be gone for good (tributary dead export keeps a copy): say --yes if that is meant`,
        2,
      );
    await orStop(() =>
      changeState(folder, Date.now(), ({ dropLetters, note }) => {
        const dropped = dropLetters(letters.map(({ seq }) => seq));
        const text = [`${dropped} letter${dropped === 1 ? '' : 's'}: ${named(letters)}`, reason]
          .filter(part => part !== '')
          .join('; ');
        note({ command: 'dead drop', receiver: '', identity: '', before: null, after: null, reason: text });
      }),
    );
    process.stderr.write(`${what} dropped\n`);
  });

/** So many are named. */
const NAMED = 20;

const named = (letters: readonly LetterSummary[]): string => {
  const list = letters.slice(0, NAMED).map(({ seq }) => seq);
  return `${list.join(', ')}${letters.length > NAMED ? ', …' : ''}`;
};
