// Keeps or drops records by what they say in OCSF, or by the vendor's own event type. It stands after `normalize`.
import { z } from 'zod';
import { type AuditRecord, defineProcessor, isObject, type OcsfEvent, textOf } from '../../src/index.ts';

const severity = () => z.int().min(1).max(6);

const rule = z
  .strictObject({
    class: z.array(z.int().nonnegative()).min(1).optional().describe('`class_uid` is one of these: `[3002, 6003]`.'),
    activity: z.array(z.int().nonnegative()).min(1).optional().describe('`activity_id` is one of these.'),
    eventType: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe("The vendor's own event type (`metadata.event_code`) is one of these, to the letter."),
    severityBelow: severity().optional().describe('`severity_id` is less than this: 2 means informational.'),
    severityFrom: severity().optional().describe('`severity_id` is this or more: 4 means high, critical and fatal.'),
  })
  .refine(given => Object.values(given).some(condition => condition !== undefined), {
    message: 'must have a condition: class, activity, eventType, severityBelow or severityFrom',
  })
  .refine(({ severityBelow = 7, severityFrom = 1 }) => severityFrom < severityBelow, {
    message: 'matches nothing: severityFrom must be less than severityBelow',
  });

/** One rule or several; a union would only say "invalid input" of a mistake inside. */
const rules = () =>
  z
    .preprocess(
      (given: RuleInput | readonly RuleInput[]) => (Array.isArray(given) ? given : [given]),
      z.array(rule).min(1),
    )
    .meta({ title: 'rule, or list of them' })
    .optional();

type RuleInput = z.input<typeof rule>;
type Rule = z.output<typeof rule>;

/**
 * A rule matches when *all* its conditions do; of a list of rules *one* must match. `keep` lets pass what matches;
 * `drop` takes away what matches, also of what was kept.
 */
export const filter = defineProcessor({
  type: 'filter',
  options: z
    .strictObject({
      keep: rules().describe('Only what matches one of these rules passes; everything when absent.'),
      drop: rules().describe('What matches one of these rules does not pass, even if `keep` would let it.'),
    })
    .refine(({ keep, drop }) => keep !== undefined || drop !== undefined, {
      message: 'must say what to keep or what to drop: { drop: { eventType: ["..."] } }',
    }),
  create: ({ log }, { keep, drop }) => {
    let warned = false;
    const warn = (records: readonly AuditRecord[]) => {
      if (warned || records.every(record => record.event !== undefined)) return;
      warned = true;
      log.warn({}, 'records without an OCSF event pass unfiltered: put `normalize` before this filter');
    };
    const passes = (event: OcsfEvent) =>
      (keep?.some(one => matches(one, event)) ?? true) && !drop?.some(one => matches(one, event));
    return {
      process: records => {
        warn(records);
        return { records: records.filter(({ event }) => event === undefined || passes(event)) };
      },
    };
  },
});

const matches = (one: Rule, event: OcsfEvent): boolean =>
  among(one.class, event.class_uid) &&
  among(one.activity, event.activity_id) &&
  among(one.eventType, isObject(event.metadata ?? null) ? textOf(event.metadata!, 'event_code') : undefined) &&
  between(event.severity_id, one.severityFrom, one.severityBelow);

const among = (wanted: readonly unknown[] | undefined, value: unknown): boolean => wanted?.includes(value) ?? true;

/** OCSF's 0 (unknown) and 99 (other) are no degrees: they are neither below nor above anything. */
const between = (value: unknown, from: number | undefined, below: number | undefined): boolean =>
  (from === undefined && below === undefined) ||
  (typeof value === 'number' && value > 0 && value < 99 && value >= (from ?? 1) && value < (below ?? 99));
