// One picture of `tributary top`: what a terminal of this size can show of a status. Pure.
import type { Report } from '../../runtime/status-page/report.ts';
import { printable } from '../output.ts';
import { ago, bytes, many, span, table } from './words.ts';

export interface Screen {
  readonly columns: number;
  /** How many lines there is room for; any number where that is nothing. */
  readonly rows?: number | undefined;
  /** Whether states may be colored. */
  readonly color: boolean;
}

/** @returns lines, none of them longer than the screen is wide */
export const frame = (
  report: Report,
  { columns, rows = Number.POSITIVE_INFINITY, color }: Screen,
): readonly string[] => {
  const { program, words, state, receivers, exporters, flows, dead_letters: dead, now } = report;
  const rateOf = (name: string) => flows.find(({ from }) => from === `receiver/${name}`)?.per_minute ?? 0;
  const perMinute = receivers.reduce((sum, { name }) => sum + rateOf(name), 0);
  const read = receivers.reduce((sum, { records }) => sum + records, 0);
  const reading = table(
    [
      ['RECEIVER', 'STATE', 'LAG', 'POLLED', 'NEWEST', 'A MINUTE', 'READ', 'BUDGET', '  STANDS'],
      ...receivers.map(one => [
        one.name,
        one.state,
        span(one.lag_seconds),
        one.last_poll ? `${ago(one.last_poll.at, now)} ${one.last_poll.status ?? '–'}` : '–',
        one.newest_event ? ago(one.newest_event, now) : '–',
        many(Math.round(rateOf(one.name))),
        many(one.records),
        one.budget?.left == null ? '–' : many(one.budget.left),
        `  ${one.position?.words ?? 'not begun'}`,
      ]),
    ],
    [2, 3, 4, 5, 6, 7],
  );
  const sending = table(
    [
      ['EXPORTER', 'STATE', 'A MINUTE', 'SENT', 'REFUSED', '  QUEUE'],
      ...exporters.map(({ name, state: its, sent_per_minute, sent, refused, queue }) => [
        name,
        its,
        many(Math.round(sent_per_minute)),
        many(sent),
        many(refused),
        `  ${queue ? `${many(queue.records)} records, ${bytes(queue.bytes)} of ${bytes(queue.limit_bytes)}` : '–'}`,
      ]),
    ],
    [2, 3, 4],
  );
  const troubles = [...receivers, ...exporters].flatMap(({ name, trouble }) =>
    trouble
      ? [
          `${name}: ${trouble.meaning} ${trouble.remedy} (${trouble.code}, for ${span((Date.parse(now) - Date.parse(trouble.since)) / 1000)})`,
        ]
      : [],
  );
  const lines: readonly (readonly [text: string, paint?: string | undefined])[] = [
    [words, paintOf(state)],
    [
      `${now.slice(11, 19)} UTC · up ${span(program.up_seconds)} · ${many(Math.round(perMinute))} records a minute · ${many(read)} read · ${many(dead.total)} dead letters`,
    ],
    [''],
    ...painted(reading, receivers),
    [''],
    ...painted(sending, exporters),
    ...(troubles.length > 0 ? [[''] as const] : []),
    ...troubles.map(text => [text] as const),
  ];
  const room =
    lines.length > rows ? [...lines.slice(0, rows - 1), [`… ${lines.length - rows + 1} more lines`] as const] : lines;
  return room.map(([text, paint]) => {
    const cut = [...printable(text)].slice(0, columns).join('');
    return color && paint ? `\x1b[${paint}m${cut}\x1b[0m` : cut;
  });
};

const painted = (rows: readonly string[], of: readonly { readonly state: string }[]) =>
  rows.map((row, i) => [row, i === 0 ? '2' : paintOf(of[i - 1]!.state)] as const);

/** Bold red where somebody has to act, yellow where something is waited for. */
const paintOf = (state: string): string | undefined => ({ held: '1;31', waiting: '33', behind: '33' })[state];
