// `tributary dead retry`: once the cause is mended, letters are sent again, under the same uids. One that comes through
// goes, in the commit that makes its delivery true; one that is refused again stays, and is counted.
import { describe, type Fault } from '../../fault.ts';
import { duration } from '../../options.ts';
import { systemClock } from '../../runtime/clock.ts';
import { budgets } from '../../runtime/http/budget.ts';
import { httpClients } from '../../runtime/http/fetch.ts';
import { createLog, type LogFormat } from '../../runtime/log.ts';
import { type Plan, plan } from '../../runtime/plan.ts';
import { createResender, type Fate, homelessAt } from '../../runtime/resend.ts';
import { type LetterSummary, lettersOf } from '../../runtime/state/letters-sqlite.ts';
import { openState } from '../../runtime/state/state-sqlite.ts';
import { createTrouble } from '../../runtime/trouble.ts';
import { command, orStop, readConfig, Stop, stateOf, unchanged } from '../session.ts';
import { type ChoiceFlags, chosen, numbersOf } from './choice.ts';

export interface RetryFlags extends ChoiceFlags {
  readonly patience: string;
  readonly dryRun?: boolean;
  readonly log?: LogFormat;
}

export const retry = (words: readonly string[], flags: RetryFlags): Promise<void> =>
  command(async () => {
    const patience = duration({ min: '1s' }).safeParse(flags.patience);
    if (!patience.success) throw new Stop(`--patience ${patience.error.issues[0]!.message}`, 2);
    const seqs = numbersOf(words);
    const { config, options, folder } = await readConfig(flags.config);
    const state = await stateOf(flags.config);
    const parts = plan(config, place => options.get(place));
    if (flags.dryRun) {
      process.stderr.write(planned(await chosen(state, { ...flags, seqs }), parts));
      return unchanged();
    }
    const store = await orStop(() => openState(state));
    const log = createLog(flags.log);
    const http = httpClients({ clock: systemClock, budgets: budgets(systemClock), folder, log });
    const resender = createResender(parts, { store, clock: systemClock, log, http: http.open, folder });
    const cut = new AbortController();
    const interrupt = () => cut.abort();
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
    try {
      const letters = await chosen(state, { ...flags, seqs });
      const trouble = createTrouble(systemClock, log);
      const report = (fault: Fault, wait: number) => {
        if (fault.code === 'E_STDOUT_CLOSED' || trouble.meet(fault, wait, patience.data)) cut.abort(fault);
      };
      const fates: Fate[] = [];
      const seqsOf = letters.map(({ seq }) => seq);
      const damaged: Fault[] = [];
      for (const letter of lettersOf(state, seqsOf, fault => damaged.push(fault))) {
        try {
          fates.push(await resender.resend(letter, { signal: cut.signal, report }));
          trouble.over();
        } catch (error) {
          const why = cut.signal.aborted ? cut.signal.reason : error;
          throw new Stop(
            `${told(letters, fates)}\nletter ${letter.seq} could not be sent: ${describe(trouble.last ?? why)}`,
          );
        }
      }
      process.stderr.write(`${[told(letters, fates), ...damaged.map(describe)].join('\n')}\n`);
      if (damaged.length > 0 || fates.some(({ is }) => is === 'refused' || is === 'homeless')) process.exitCode = 1;
    } finally {
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      await resender.close();
      await http.close();
      await store.close();
    }
  });

/** What would be tried, by place. */
const planned = (letters: readonly LetterSummary[], parts: Plan): string => {
  const lines = [...Map.groupBy(letters, ({ place }) => place)].map(([place, own]) => {
    const reason = homelessAt(parts, place);
    return `  ${own.length} at ${place}${reason ? `, which has no place to go: ${reason}` : ''}\n`;
  });
  return `${letters.length} dead letters would be sent again, mapped as today:\n${lines.join('')}`;
};

/** What became of them, and why some stay. */
const told = (letters: readonly unknown[], fates: readonly Fate[]): string => {
  const count = (is: Fate['is']) => fates.filter(fate => fate.is === is).length;
  const parts = [
    `${count('delivered')} delivered`,
    count('dropped') > 0 ? `${count('dropped')} dropped by a processor (delivered before, or filtered)` : '',
    count('refused') > 0 ? `${count('refused')} refused again` : '',
    count('homeless') > 0 ? `${count('homeless')} without a place to go` : '',
    letters.length > fates.length ? `${letters.length - fates.length} not tried` : '',
  ];
  const reasons = new Set(fates.flatMap(fate => (fate.is === 'homeless' ? [`  ${fate.reason}`] : [])));
  return [`${letters.length} dead letters: ${parts.filter(part => part !== '').join(', ')}`, ...reasons].join('\n');
};
