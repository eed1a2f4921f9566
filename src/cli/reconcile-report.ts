// What a review found, for a person and for a script.
import { describe } from '../fault.ts';
import type { Gap } from '../model.ts';
import type { Ending } from '../runtime/engine.ts';
import type { Passed } from '../runtime/review/review.ts';
import type { Found } from '../runtime/review/review-tally.ts';
import { printable } from './output.ts';
import { counted, iso } from './state/installation.ts';

export interface Report {
  /** ms since the epoch */
  readonly since: number;
  /** It only looked. */
  readonly only: boolean;
  readonly found: readonly Found[];
  readonly passed: readonly Passed[];
  readonly endings: readonly Ending[];
  gaps(receiver: string): readonly Gap[];
}

/** How many are named on a terminal for each pipeline; `--json` has more. */
const SHOWN = 100;

/** Whether something lies in a queue that could not be emptied; which of it is from here, nobody knows. */
const isLeft = ({ endings }: Report): boolean =>
  endings.some(({ lane, fault }) => lane.startsWith('queue ') && fault !== undefined);

/** What became of that which is missing. */
const gone = (report: Report): string => (isLeft(report) ? 'delivered or queued' : 'delivered');

export const asText = (report: Report): readonly string[] => asLines(report, gone(report));

const asLines = ({ since, found, passed, only }: Report, verb: string): readonly string[] => [
  ...found.flatMap(each => [
    `${each.receiver} -> ${each.pipeline}${each.since > since ? `, since it began at ${moment(each.since)}` : ''}: ${counts(each, only, verb)}\n`,
    ...each.named.slice(0, SHOWN).map(({ id, time, is }) => `  ${is.padEnd(7)}  ${moment(time)}  ${plain(id)}\n`),
    ...(each.missing + each.old > SHOWN ? [`  … and ${each.missing + each.old - SHOWN} more\n`] : []),
  ]),
  ...passed.map(
    ({ receiver, pipeline, why }) =>
      `${receiver}${pipeline === undefined ? '' : ` -> ${pipeline}`}: not compared, it ${why}\n`,
  ),
];

export const asJson = (report: Report): readonly string[] => asObjects(report, isLeft(report));

const asObjects = ({ only, found, passed, endings, gaps }: Report, queuesLeft: boolean): readonly string[] => [
  ...found.map(({ named, horizon, since, ...each }) => {
    const fault = endings.find(({ lane }) => lane === each.receiver)?.fault;
    return line({
      ...each,
      since: moment(since),
      deliversSince: moment(Math.max(since, horizon)),
      dryRun: only,
      complete: fault === undefined,
      queuesLeft,
      ...(fault && { fault: { code: fault.code, message: describe(fault) } }),
      gaps: gaps(each.receiver).map(({ from, to }) => ({ from: iso(from), to: iso(to) })),
      named: named.map(({ id, time, is }) => ({ id, time: moment(time), is })),
    });
  }),
  ...passed.map(({ receiver, pipeline, why, failed }) => line({ receiver, pipeline, notCompared: why, failed })),
];

const line = (value: object): string => `${JSON.stringify(value)}\n`;

/** What it comes to, and whether nothing is missing any more. */
export const summary = (report: Report): { text: string; fine: boolean } => {
  const { found, passed, endings, only, since } = report;
  const sum = (of: (found: Found) => number) => found.reduce((total, each) => total + of(each), 0);
  const [missing, delivered, old] = [sum(f => f.missing), sum(f => f.delivered), sum(f => f.old)];
  const isQueued = isLeft(report);
  const broken =
    endings.some(({ lane, fault }) => fault && !lane.startsWith('queue ')) || passed.some(({ failed }) => failed);
  const left = missing - delivered;
  const lines = [
    found.length === 0 ? 'Nothing was compared.' : '',
    found.length > 0 && missing === 0 && old === 0
      ? `Nothing is missing since ${iso(since)}${broken ? ', as far as could be seen' : ''}.`
      : '',
    missing > 0 && only ? `${counted(missing, 'record')} missing; without --dry-run they are delivered.` : '',
    missing > 0 && !only && left === 0 ? `${counted(missing, 'missing record')} ${gone(report)}.` : '',
    !only && left > 0 ? `${counted(missing, 'record')} missing, ${amount(delivered)} of them ${gone(report)}.` : '',
    isQueued ? 'What is left in a queue is sent by the next run.' : '',
    old > 0
      ? `${counted(old, 'record')} may have been delivered so long ago that it is forgotten, so they are not delivered: what lies longer back than \`remember\` of dedupe, less a day, can only be named.`
      : '',
  ];
  return { text: lines.filter(Boolean).join('\n'), fine: left === 0 && old === 0 && !broken && !isQueued };
};

const counts = (
  { records, known, dead, dropped, ahead, missing, delivered, old, horizon }: Found,
  only: boolean,
  verb: string,
): string =>
  [
    `${counted(records, 'record')} shown`,
    `${amount(known)} delivered before`,
    dead > 0 ? `${counted(dead, 'dead letter')}` : '',
    dropped > 0 ? `${amount(dropped)} dropped by a processor` : '',
    ahead > 0 ? `${amount(ahead)} yet to be read` : '',
    `${amount(missing)} missing${only || missing === 0 ? '' : `, ${amount(delivered)} ${verb} now`}`,
    old > 0 ? `${amount(old)} from before ${moment(horizon)} too old to tell` : '',
  ]
    .filter(Boolean)
    .join(', ');

const amount = (n: number): string => n.toLocaleString('en-US');

/** A vendor's time may be one that no date has. */
const moment = (time: number): string => (Math.abs(time) <= 8.64e15 ? iso(time) : 'at no date');

const WIDEST = 120;

/** A vendor's id on one line. */
const plain = (text: string): string => {
  const safe = printable(text);
  return safe.length > WIDEST ? `${safe.slice(0, WIDEST - 1)}…` : safe;
};
