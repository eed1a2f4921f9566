// What `dedupe`, `filter` and `apply` do to records, and what they say when they are told nonsense.
import { describe, expect, test } from 'vitest';
import { apply, type Change, each } from '../../processors/apply/index.ts';
import { dedupe } from '../../processors/dedupe/index.ts';
import { filter } from '../../processors/filter/index.ts';
import type { Spec } from '../../src/component.ts';
import type { AuditRecord, JsonObject } from '../../src/model.ts';
import { DAY } from '../../src/options.ts';
import { testContext } from '../support/context.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { createProcessor } from '../support/processor-bench.ts';

const ids = (records: readonly AuditRecord[]) =>
  records.map(({ id, part }) => (part === undefined ? id : `${id}/${part}`));

describe('dedupe', () => {
  test('drops what was delivered, and nothing that was only seen', async () => {
    const context = testContext();
    const processor = await createProcessor(dedupe({ remember: '14d' }), context);
    const seen = await processor.process(sampleRecords(3));
    expect(ids((await processor.process(sampleRecords(4))).records)).toHaveLength(4);
    context.commit(seen.writes ?? []);
    const again = await processor.process(sampleRecords(4));
    expect(ids(again.records)).toEqual(['opal-3']);
    expect(again.writes).toEqual([{ kind: 'mark', space: 'test', ids: ['opal-3'], remember: 14 * DAY }]);
  });

  test('keeps the first of equals within a batch, and each part once', async () => {
    const [a, b] = sampleRecords(2) as [AuditRecord, AuditRecord];
    const parts = [0, 1, 0, 2].map(part => ({ ...b, part }));
    const processor = await createProcessor(dedupe());
    const { records, writes } = await processor.process([a, ...parts, { ...a }]);
    expect(ids(records)).toEqual(['opal-0', 'opal-1/0', 'opal-1/1', 'opal-1/2']);
    expect(records[0]).toBe(a);
    expect(writes).toMatchObject([{ ids: ['opal-0', 'opal-1'] }]);
  });

  test('says how long it remembers', async () => {
    const [given, usual] = [dedupe({ remember: '2d' }), dedupe()];
    for (const [spec, remember] of [
      [given, 2 * DAY],
      [usual, 14 * DAY],
    ] as const) {
      const checked = await spec.schema['~standard'].validate(spec.options);
      expect(spec.remembers?.((checked as { value: unknown }).value)).toBe(remember);
    }
  });
});

const event = (fields: JsonObject, code = 'role.assigned'): AuditRecord => {
  const [record] = sampleRecords(1) as [AuditRecord];
  return { ...record, event: { ...record.event, ...fields, metadata: { event_code: code } } };
};

describe('filter', () => {
  const passes = async (spec: Spec<'processor'>, record: AuditRecord) =>
    (await (await createProcessor(spec)).process([record])).records.length === 1;

  test.each([
    ['class', { class: [6001, 3005] }, event({}), true],
    ['another class', { class: [6001] }, event({}), false],
    ['activity', { activity: [1] }, event({}), true],
    ['event type', { eventType: ['dlgsess'] }, event({}, 'dlgsess'), true],
    ['event type, to the letter', { eventType: ['dlgsess'] }, event({}, 'dlgsessx'), false],
    ['severity below', { severityBelow: 2 }, event({ severity_id: 1 }), true],
    ['severity not below', { severityBelow: 2 }, event({ severity_id: 2 }), false],
    ['severity from', { severityFrom: 4 }, event({ severity_id: 4 }), true],
    ['severity unknown is not below', { severityBelow: 6 }, event({ severity_id: 0 }), false],
    ['severity other is not from', { severityFrom: 1 }, event({ severity_id: 99 }), false],
    ['all conditions', { class: [3005], severityBelow: 2, eventType: ['dlgsess'] }, event({}, 'dlgsess'), true],
    [
      'all conditions but one',
      { class: [6001], severityBelow: 2, eventType: ['dlgsess'] },
      event({}, 'dlgsess'),
      false,
    ],
  ])('a rule matches by %s', async (_, rule, record, matches) => {
    expect(await passes(filter({ drop: rule }), record)).toBe(!matches);
    expect(await passes(filter({ keep: rule }), record)).toBe(matches);
  });

  test('one of several rules must match; drop takes away of what is kept', async () => {
    const spec = filter({ keep: [{ class: [3002] }, { class: [3005] }], drop: { eventType: ['noise'] } });
    expect(await passes(spec, event({}))).toBe(true);
    expect(await passes(spec, event({}, 'noise'))).toBe(false);
    expect(await passes(spec, event({ class_uid: 6003 }))).toBe(false);
  });

  test('a record without event passes, and is warned of once', async () => {
    const context = testContext();
    const processor = await createProcessor(filter({ keep: { class: [1] } }), context);
    const [{ event: _, ...bare }] = sampleRecords(1) as [AuditRecord];
    for (let i = 0; i < 3; i++) expect((await processor.process([bare])).records).toEqual([bare]);
    expect(context.lines).toMatchObject([
      { level: 'warn', message: expect.stringContaining('put `normalize` before') },
    ]);
  });

  test('tells all problems at once, and where', async () => {
    // @ts-expect-error: a misspelt condition does not compile either
    const spec = filter({ drop: [{ klass: [1] }, { class: [] }], keep: { severityFrom: 0 } });
    const checked = await spec.schema['~standard'].validate(spec.options);
    expect(checked.issues?.map(issue => issue.path?.join('.'))).toEqual([
      'keep.0.severityFrom',
      'drop.0', // the misspelling, and
      'drop.0', // that no condition is left
      'drop.1.class',
    ]);
  });
});

describe('apply', () => {
  const run = async (change: Change, records = sampleRecords(3)) =>
    (await (await createProcessor(apply(change))).process(records)).records;

  test('drops, reorders, splits and adds, also in its own time', async () => {
    expect(ids(await run(records => records.toReversed().slice(1)))).toEqual(['opal-1', 'opal-0']);
    expect(ids(await run(async records => records))).toEqual(['opal-0', 'opal-1', 'opal-2']);
    const [tagged] = await run(records => records.map(r => ({ ...r, attributes: { team: 'red' } })));
    expect(tagged?.attributes).toEqual({ team: 'red' });
  });

  test('each: nothing drops a record, a list splits it, one at a time', async () => {
    const change = each(async record =>
      record.id === 'opal-0'
        ? undefined
        : record.id === 'opal-1'
          ? [
              { ...record, part: 0 },
              { ...record, part: 1 },
            ]
          : record,
    );
    expect(ids(await run(change))).toEqual(['opal-1/0', 'opal-1/1', 'opal-2']);
  });

  test('an origin that was copied is the same origin', async () => {
    expect(await run(records => records.map(r => ({ ...r, origin: { ...r.origin } })))).toHaveLength(3);
  });

  test('records that were given twice may be returned twice', async () => {
    const [one] = sampleRecords(1) as [AuditRecord];
    expect(await run(records => records, [one, one])).toHaveLength(2);
  });

  const wrong =
    (change: (record: AuditRecord) => unknown): Change =>
    records =>
      records.map(change) as readonly AuditRecord[];
  test.each([
    ['another id', wrong(r => ({ ...r, id: 'mine' })), 'a record with the id "mine", which it was not given'],
    [
      'another origin',
      wrong(r => ({ ...r, origin: { ...r.origin, tenant: 'x' } })),
      'changed the `origin` of record "opal-0"',
    ],
    [
      'another receiver',
      wrong(r => ({ ...r, origin: { ...r.origin, receiver: 'x' } })),
      'changed the `origin` of record "opal-0"',
    ],
    ['other words', wrong(r => ({ ...r, raw: { redacted: true } })), 'changed the `raw` of record "opal-0"'],
    ['no record', wrong(() => undefined), 'something that is not a record'],
    ['no list', (() => undefined) as unknown as Change, 'must return a list'],
    ['copies', records => [...records, ...records], 'returned record "opal-0" 2 times: number them with `part`'],
  ])('refuses %s', async (_, change, message) => {
    await expect(run(change)).rejects.toThrow(message);
  });
});
