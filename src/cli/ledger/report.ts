// What the ledger says, for a person and for a script.
import { DAY, HOUR, MINUTE } from '../../options.ts';
import { adviseOverlap, BOUNDS } from '../../runtime/ledger/lateness.ts';
import type { AccountReading, ReceiverReading } from '../../runtime/ledger/ledger.ts';
import type { LedgerCheck, LedgerSum } from '../../runtime/ledger/ledger-read.ts';
import { printable } from '../output.ts';
import { iso } from '../state/installation.ts';

export interface Report {
  readonly sum: LedgerSum;
  readonly checked: LedgerCheck;
  /** The receivers that are asked about. */
  readonly names: readonly string[];
  /** How far each reading of a receiver reaches back, as its config says; ms. */
  readonly overlaps: ReadonlyMap<string, number>;
}

// ---- For a person ----

export const asText = (report: Report): readonly string[] =>
  report.names.map(name => `${[printable(name), ...aboutReceiver(name, report), ...table(name, report)].join('\n')}\n`);

const aboutReceiver = (name: string, { sum, overlaps }: Report): readonly string[] => {
  const read = sum.receivers.find(({ receiver }) => receiver === name);
  if (!read) return [];
  const { requests, failed, first, last, gaps = [], gap } = read;
  return [
    `  time      ${sum.since === undefined ? 'since it began,' : when(sum.since)} to ${when(sum.until)}`,
    `  requests  ${amount(requests)}${failed > 0 ? `, of which ${amount(failed)} failed` : ''}`,
    `  events    ${span(first, last)}`,
    ...(gap > 0 ? [`  gaps      ${lasting(gap)} that the vendor no longer kept`] : []),
    ...gaps.map(one => `            ${span(one.from, one.to)}`),
    `  late      ${lateness(read, overlaps.get(name))}`,
  ];
};

const lateness = (read: ReceiverReading, overlap: number | undefined): string => {
  const { seen, late, missed, most, suggested } = adviseOverlap(read.lateness, overlap ?? Number.POSITIVE_INFINITY);
  if (seen === 0) return 'not known yet';
  const facts = [
    `${amount(late)} of ${amount(seen)} new ones`,
    ...(most === undefined ? [] : [`99.9% within ${bound(most)}`]),
    ...(overlap !== undefined && missed > 0
      ? [`${amount(missed)} later than overlap (${lasting(overlap)}) reaches, which the sweep found`]
      : []),
    ...(suggested === undefined ? [] : [`overlap: '${lasting(suggested)}' would find more of them at once`]),
  ];
  return facts.join('; ');
};

const COLUMNS = ['fetched', 'duplicate', 'filtered', 'delivered', 'dead', 'pending'] as const;

const table = (name: string, { sum }: Report): readonly string[] => {
  const accounts = sum.accounts.filter(({ receiver }) => receiver === name);
  if (accounts.length === 0) return [];
  const rows = [
    ['pipeline', 'exporter', ...COLUMNS],
    ...accounts.map(account => [
      printable(account.pipeline),
      printable(account.exporter),
      ...COLUMNS.map(column => amount(account[column])),
    ]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map(row => row[i]!.length)));
  const dropped = accounts.reduce((n, one) => n + one.dropped, 0);
  return [
    ...rows.map(
      row => `  ${row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')}`,
    ),
    ...(dropped > 0 ? [`  Of the dead, ${amount(dropped)} were dropped by hand.`] : []),
  ];
};

/** What was proved, or what does not hold. */
export const proof = ({ checked: { entries, head, problems } }: Report): string =>
  problems.length > 0
    ? `The ledger does not hold:\n${problems.map(problem => `  ${printable(problem)}\n`).join('')}`
    : [
        `${amount(entries)} ${entries === 1 ? 'entry' : 'entries'}, each chained to the one before${head ? `, up to ${head.seq}: ${head.digest}` : ''}`,
        'fetched = duplicate + filtered + delivered + dead + pending, in each of them; the last is what lies in queues and as dead letters',
        "delivered: accepted by the exporter's destination; what a collector does with it is the collector's to say",
        '',
      ].join('\n');

// ---- For a script ----

export const asJson = ({ sum, checked, names, overlaps }: Report): readonly string[] => [
  ...sum.receivers
    .filter(({ receiver }) => names.includes(receiver))
    .map(read => line(ofReceiver(read, sum, overlaps))),
  ...sum.accounts.filter(({ receiver }) => names.includes(receiver)).map(account => line(ofAccount(account))),
  line({ kind: 'proof', holds: checked.problems.length === 0, ...checked }),
];

const line = (value: object): string => `${JSON.stringify(value)}\n`;

const ofReceiver = (read: ReceiverReading, { since, until }: LedgerSum, overlaps: Report['overlaps']) => {
  const { receiver, requests, failed, fetched, late, gap, gaps = [], first, last } = read;
  const overlap = overlaps.get(receiver);
  const { seen, missed, most, suggested } = adviseOverlap(read.lateness, overlap ?? Number.POSITIVE_INFINITY);
  return {
    kind: 'receiver',
    receiver,
    since: when(since),
    until: when(until),
    requests,
    failed,
    fetched,
    late,
    firstEvent: when(first),
    lastEvent: when(last),
    gapSeconds: gap / 1000,
    gaps: gaps.map(({ from, to }) => ({ from: when(from), to: when(to) })),
    lateness: {
      seen,
      buckets: read.lateness.map((count, i) => ({
        withinSeconds: BOUNDS[i] === undefined ? null : BOUNDS[i] / 1000,
        count,
      })),
      ...(most !== undefined && { mostWithinSeconds: Number.isFinite(most) ? most / 1000 : null }),
      ...(overlap !== undefined && { overlapSeconds: overlap / 1000, laterThanOverlap: missed }),
      ...(suggested !== undefined && { suggestedOverlapSeconds: suggested / 1000 }),
    },
  };
};

const ofAccount = ({ receiver, pipeline, exporter, ...counts }: AccountReading) => ({
  kind: 'account',
  receiver,
  pipeline,
  exporter,
  ...Object.fromEntries([...COLUMNS, 'dropped' as const].map(column => [column, counts[column]])),
});

// ---- Words ----

const amount = (n: number): string => n.toLocaleString('en-US');

/** Of a vendor's clock, which may say what no date has. */
const when = (time: number | undefined): string | null =>
  time !== undefined && Math.abs(time) <= 8.64e15 ? iso(time) : null;

const span = (from: number | undefined, to: number | undefined): string =>
  when(from) === null && when(to) === null ? 'none' : `${when(from) ?? 'at no date'} to ${when(to) ?? 'at no date'}`;

const bound = (ms: number): string => (Number.isFinite(ms) ? lasting(ms) : `more than ${lasting(BOUNDS.at(-1)!)}`);

/** As a duration is written in a config, rounded to what its size deserves: `5m`, `36h`. */
const lasting = (ms: number): string => {
  if (ms >= 2 * DAY) return `${Math.round(ms / DAY)}d`;
  if (ms >= HOUR && ms % HOUR === 0) return `${ms / HOUR}h`;
  return ms >= MINUTE ? `${Math.round(ms / MINUTE)}m` : `${Math.round(ms / 1000)}s`;
};
