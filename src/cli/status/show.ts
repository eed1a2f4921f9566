// `tributary status`: how a running tributary does, once, for a person or a program.
import type { ExporterReport, ReceiverReport, Report } from '../../runtime/status-page/report.ts';
import { print, printable } from '../output.ts';
import { command } from '../session.ts';
import { type AtFlags, askStatus, targetOf } from './ask.ts';
import { ago, bytes, many, span, table } from './words.ts';

export const showStatus = (flags: AtFlags & { readonly json?: boolean }): Promise<void> =>
  command(async () => {
    const report = await askStatus(await targetOf(flags));
    await print([flags.json ? `${JSON.stringify(report)}\n` : statusText(report)]);
  });

/** All of it, for a person. */
export const statusText = (report: Report): string => {
  const { program, words, receivers, exporters, dead_letters: dead, reload, now } = report;
  const paragraphs = [
    [words, `tributary ${program.version}, up ${span(program.up_seconds)}, state ${program.state}`],
    ...(reload ? [reloadLines(reload, now)] : []),
    ...receivers.map(receiver => receiverLines(receiver, now)),
    table(exporters.map(exporterCells)),
    ...exporters.map(troubleLines).filter(lines => lines.length > 0),
    [
      dead.total === 0
        ? 'no dead letters'
        : `${many(dead.total)} dead letter${dead.total === 1 ? '' : 's'}: tributary dead ls`,
      ...dead.places.map(({ place, last_day }) => `  ${many(last_day)} in the last day at ${place}`),
    ],
    [ledgerWords(report)],
  ];
  return `${paragraphs.map(lines => lines.map(printable).join('\n')).join('\n\n')}\n`;
};

const reloadLines = (
  { at, outcome, reason, stopped, started, adopted }: NonNullable<Report['reload']>,
  now: string,
) => {
  const when = `${at} (${ago(at, now)})`;
  const anew = [...new Set([...stopped, ...started])].join(', ');
  if (outcome === 'refused')
    return [
      `the config was refused at ${when}; the one before goes on`,
      ...(reason ?? '').split('\n').map(line => `  ${line}`),
    ];
  if (outcome === 'unchanged') return [`the config said the same at ${when}`];
  return [
    `the config changed at ${when}: ${anew}`,
    ...adopted.map(({ from, to }) => `  ${to} goes on where ${from} stood`),
  ];
};

const ledgerWords = ({ ledger }: Report): string => {
  const broken = ledger.filter(({ holds }) => !holds).length;
  return broken > 0
    ? `the ledger does not hold in ${broken} of ${ledger.length} accounts: tributary ledger`
    : 'every record that was fetched has its fate: tributary ledger';
};

const receiverLines = (receiver: ReceiverReport, now: string): readonly string[] => {
  const { name, state, lag_seconds, last_poll, newest_event, position, budget, records, reads } = receiver;
  const polled =
    last_poll && `${ago(last_poll.at, now)}, ${last_poll.status ?? 'no answer'} in ${span(last_poll.took_seconds)}`;
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    ['reads', reads],
    ['lag', span(lag_seconds)],
    ['polled', polled],
    ['stands', position?.words],
    ['newest event', newest_event && ago(newest_event, now)],
    ['budget', budget && budgetWords(budget)],
    ['read', `${many(records)} since the start`],
  ];
  const shown = facts.flatMap(([label, text]) => (text ? [[`  ${label}`, text]] : []));
  return [`${name}: ${state}`, ...table(shown), ...troubleLines(receiver)];
};

/** What is left of a vendor's quota, and who says so. */
export const budgetWords = ({ left, said_by, waits_until }: NonNullable<ReceiverReport['budget']>): string => {
  const wait = waits_until === null ? '' : `waits until ${waits_until}`;
  const rest =
    left === null
      ? ''
      : `${many(left)} requests ${said_by === 'vendor' ? 'left, says the vendor' : 'may be sent at once'}`;
  return [rest, wait].filter(Boolean).join('; ');
};

const exporterCells = ({ name, state, sent, sent_per_minute, queue }: ExporterReport): readonly string[] => [
  `${name}: ${state}`,
  `${many(sent)} sent`,
  `${many(sent_per_minute)}/min`,
  queue ? `${many(queue.records)} records in its queue, ${bytes(queue.bytes)} of ${bytes(queue.limit_bytes)}` : '',
];

const troubleLines = ({ trouble, name }: ReceiverReport | ExporterReport): readonly string[] => {
  if (!trouble) return [];
  const { code, status, place, since, meaning, remedy } = trouble;
  return [
    `  ${code}${status === null ? '' : ` (${status})`}${place.endsWith(`/${name}`) ? '' : ` at ${place}`} since ${since}`,
    `    ${meaning}`,
    `    ${remedy}`,
  ];
};
