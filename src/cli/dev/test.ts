// `tributary dev test RECEIVER`: one page of the real vendor, and how it reads. Nothing is stored, nothing is sent on.
import { describe } from '../../fault.ts';
import { dateIn, quotaOf } from '../../runtime/http/status.ts';
import { requestOf } from '../../runtime/rehearsal/conversation.ts';
import { inWords } from '../../runtime/rehearsal/play.ts';
import { hide } from '../../secrets.ts';
import { toMillis } from '../../time.ts';
import { print, printable } from '../output.ts';
import { command, Stop } from '../session.ts';
import { type BeginFlags, beginning } from './begin.ts';
import { type Asked, askVendor } from './rehearse.ts';
import { type Subject, subjectOf } from './subject.ts';

export interface TestFlags extends BeginFlags {
  readonly config: string;
  readonly pipeline?: string;
  readonly json?: boolean;
}

export const testReceiver = (receiver: string, flags: TestFlags): Promise<void> =>
  command(async () => {
    const { since, position } = beginning(flags);
    const subject = await subjectOf(flags.config, { receiver, since, pipeline: flags.pipeline });
    const asked = await askVendor(subject, { pages: 1, position });
    const report = reportOf(subject, asked);
    await print(flags.json ? [`${JSON.stringify(report)}\n`] : asTable(report));
    if (asked.fault)
      throw new Stop(`${printable(describe(asked.fault))} [${asked.fault.code}]\n  ${asked.fault.remedy}`);
  });

const reportOf = (
  { lane: { receiver }, pipeline }: Subject,
  { heard, records, handed, outcome, now, cut, dead }: Asked,
) => {
  const last = heard.at(-1);
  const quota = last ? quotaOf(last.reply.headers, now) : {};
  const date = last && dateIn(last.reply.headers);
  const times = records.map(({ time }) => toMillis(time)).toSorted((a, b) => a - b);
  return {
    receiver: receiver.name,
    type: receiver.spec.type,
    site: outcome?.site ?? '',
    pipeline,
    requests: heard.map(({ call, reply, secrets }) => ({
      status: reply.status,
      request: hide(inWords(requestOf(call)), secrets),
    })),
    clock_skew_seconds: date === undefined ? null : Math.round((now - date) / 1000),
    records: records.length,
    first: times.length > 0 ? new Date(times[0]!).toISOString() : null,
    last: times.length > 0 ? new Date(times.at(-1)!).toISOString() : null,
    more: cut,
    events: handed.length,
    dead_letters: dead,
    classes: ranked(handed.map(({ event }) => String(event?.class_name ?? 'not normalized'))),
    unmapped: ranked(handed.flatMap(({ drift }) => (drift ? [drift.detail] : []))),
    guessed: records.filter(({ guessed }) => guessed !== undefined).length,
    quota_left: quota.remaining ?? null,
    quota_reset_seconds: quota.reset === undefined ? null : Math.ceil(quota.reset / 1000),
  };
};

/** How often each comes, most often first. */
const ranked = (words: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    [...Map.groupBy(words, word => word)].map(([word, all]) => [word, all.length] as const).sort((a, b) => b[1] - a[1]),
  );

type Report = ReturnType<typeof reportOf>;

const asTable = (report: Report): readonly string[] => {
  const counts = (of: Readonly<Record<string, number>>) =>
    Object.entries(of)
      .map(([word, n]) => `${n} ${word}`)
      .join(', ');
  const { first, last, quota_left: left, quota_reset_seconds: reset, clock_skew_seconds: skew } = report;
  const rows: readonly (readonly [string, string])[] = [
    ['receiver', `${report.receiver} (${report.type}, ${report.site})`],
    ...report.requests.map(({ status, request }) => ['asked', `${request}: ${status}`] as const),
    [
      'records',
      first === null ? '0' : `${report.records}, from ${first} to ${last}${report.more ? '; the vendor has more' : ''}`,
    ],
    [
      'events',
      `${report.events}${report.dead_letters > 0 ? `, ${report.dead_letters} dead letters` : ''}: ${counts(report.classes) || 'none'}`,
    ],
    ['unmapped', counts(report.unmapped) || 'none'],
    ...(report.guessed > 0
      ? [['guessed', `${report.guessed} records without an id or a time of their own`] as const]
      : []),
    ['quota', left === null ? 'not told' : `${left} requests left${reset === null ? '' : `, more in ${reset} s`}`],
    [
      'our clock',
      skew === null
        ? 'not compared'
        : skew === 0
          ? 'as the vendor’s'
          : `${Math.abs(skew)} s ${skew > 0 ? 'ahead of' : 'behind'} the vendor’s`,
    ],
  ];
  return rows.map(([name, value]) => `${name.padEnd(11)}${printable(value)}\n`);
};
