// Whatever a vendor sends, every mapping there is gives valid events, and nothing of the record is lost.
import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalize } from '../../processors/normalize/index.ts';
import { isObject, textOfAny } from '../../src/json.ts';
import type { Mapping } from '../../src/mapping.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { Fields } from '../../src/ocsf/fields.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { given, recordFrom, type Subject } from '../support/any-record.ts';
import { testContext } from '../support/context.ts';
import { drafts, independent, mappingOf, recordOf } from '../support/ocsf.ts';

const theirs = await independent();
const ROOT = new URL('../../', import.meta.url).pathname;

const subjectOf = async (path: string): Promise<Subject> => {
  const folder = dirname(path);
  const sources = globSync(`${folder}/ocsf*.ts`, { cwd: ROOT }).map(file => readFileSync(`${ROOT}${file}`, 'utf8'));
  const words = sources.flatMap(source =>
    [...source.matchAll(/'([A-Za-z0-9_ -]{1,40})'|^ {2}(\w+):/gm)].map(m => m[1] ?? m[2]!),
  );
  const { mapping } = (await import(`${ROOT}${path}`)) as { mapping: Mapping };
  return { vendor: folder.split('/').at(-1)!, mapping, words: [...new Set(words)] };
};

/** Takes some fields and leaves the others. */
const synthetic: Mapping = {
  ...mappingOf(),
  read: record => {
    const fields = new Fields(record.raw);
    const name = fields.text('name');
    const data = fields.peek('data');
    return [
      {
        class_uid: 3004,
        activity_id: 99,
        activity_name: fields.text('event'),
        status_id: 1,
        metadata: {},
        attributes: {
          entity: { name: name ?? 'thing', type_id: 99, type: fields.text('type') ?? 'Thing', data: data ?? null },
        },
        unmapped: fields.rest(),
      },
    ] as ReturnType<Mapping['read']>;
  },
};

const subjects: readonly Subject[] = [
  { vendor: 'synthetic', mapping: synthetic, words: ['name', 'event', 'type', 'data', 'Other', ' '] },
  ...(await Promise.all(globSync('receivers/*/ocsf.ts', { cwd: ROOT }).sort().map(subjectOf))),
];

const run = (record: AuditRecord, mapping: Mapping | undefined, options: object): readonly AuditRecord[] => {
  const context = testContext({ mapping: () => mapping });
  const spec = normalize(options);
  const checked = spec.schema['~standard'].validate(spec.options) as { value: unknown };
  return (spec.create(context, checked.value).process([record]) as { records: readonly AuditRecord[] }).records;
};

// The compact text of a value, whatever its depth: compared as text, since comparing values recurses.
const sameText = (text: string, raw: Json): boolean => text === textOfAny(raw);

const findings = (event: unknown) => [...validate(event), ...(theirs?.(event) ?? [])];

/** Every value of a record or an event that says something. */
const leaves = (value: Json): readonly Json[] => {
  if (Array.isArray(value)) return value.flatMap(leaves);
  if (isObject(value)) return Object.values(value).flatMap(leaves);
  return value === null || value === '' ? [] : [value];
};

/**
 * The texts and numbers of the record that the event, without raw data, has nowhere. Outcomes become ids, and a blank or
 * 'Other' is no label: these are not looked for.
 */
const lost = (raw: Json, events: readonly AuditRecord[]): readonly Json[] => {
  const there = events.flatMap(({ event }) => leaves(event!));
  const texts = there.filter(leaf => typeof leaf === 'string').join('\n');
  const found = (leaf: Json) =>
    typeof leaf === 'string'
      ? texts.includes(leaf.toWellFormed()) || texts.includes(JSON.stringify(leaf).slice(1, -1))
      : there.some(one => Object.is(one, leaf)) || texts.includes(String(leaf));
  return leaves(raw).filter(
    leaf => typeof leaf !== 'boolean' && String(leaf).trim() !== '' && leaf !== 'Other' && !found(leaf),
  );
};

/** Mappings may hide what looks like a credential. */
const SECRETS = /credential|secret|token|password|api.?key|private|auth/i;

describe.each(subjects.map(subject => [subject.vendor, subject] as const))('%s', (_vendor, subject) => {
  test('no record makes the mapping throw, or say what is not valid', () => {
    fc.assert(
      fc.property(given(subject), one => {
        const records = run(recordFrom(one, subject), subject.mapping, { fanout: one.fanout });
        expect(records.map(r => r.drift).filter(drift => drift && drift.kind !== 'type')).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('any record becomes valid events, with all its words', () => {
    fc.assert(
      fc.property(given(subject), one => {
        const record = recordFrom(one, subject);
        const records = run(record, subject.mapping, { fanout: one.fanout });
        expect(records.length).toBeGreaterThan(0);
        for (const { event, raw } of records) {
          expect(findings(event)).toEqual([]);
          expect(raw).toBe(record.raw);
        }
        const text = records[0]!.event!.raw_data as string;
        expect(text === record.raw || sameText(text, record.raw)).toBe(true);
        expect(new Set(records.map(r => (r.event!.metadata as JsonObject).uid)).size).toBe(records.length);
        expect(records.map(r => r.part)).toEqual(records.length === 1 ? [undefined] : records.map((_, i) => i));
      }),
      { numRuns: 300 },
    );
  });

  test('a record without its raw data is still all there', () => {
    fc.assert(
      // What lies deeper, a mapping may leave out where it looks for credentials.
      fc.property(given(subject, [15]), one => {
        const record = recordFrom(one, subject);
        const records = run(record, subject.mapping, { fanout: one.fanout, rawData: 'none' });
        if (!SECRETS.test(JSON.stringify(record.raw))) expect(lost(record.raw, records)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

test('a record of a receiver that has no mapping is all there', () => {
  const subject: Subject = { vendor: 'nobody', mapping: synthetic, words: ['name', 'type'] };
  fc.assert(
    fc.property(given(subject), one => {
      const record = recordFrom(one, subject);
      const [first, ...others] = run(record, undefined, { rawData: 'none' });
      expect([first!.drift?.kind, others.length, findings(first!.event)]).toEqual(['type', 0, []]);
      expect(lost(record.raw, [first!])).toEqual([]);
    }),
  );
});

test('so is one whose mapping throws, or says what is not valid', () => {
  const broken: readonly [Mapping, string][] = [
    [
      {
        ...mappingOf(),
        read: () => {
          throw new TypeError('\ud800 oh');
        },
      },
      'throws',
    ],
    [
      {
        ...mappingOf(...drafts),
        describe: () => {
          throw new Error();
        },
      },
      'throws',
    ],
    [mappingOf(), 'throws'],
    [mappingOf({ ...drafts[0]!, class_uid: 4242 }), 'throws'],
    [mappingOf({ ...drafts[0]!, attributes: {} }), 'invalid'],
    [mappingOf({ ...drafts[0]!, severity_id: 77 }), 'invalid'],
    [mappingOf({ ...drafts[0]!, activity_id: 77 }), 'invalid'],
    [mappingOf({ ...drafts[0]!, attributes: { ...drafts[0]!.attributes, metadata: { version: '1.8.0' } } }), 'invalid'],
    [
      {
        ...mappingOf({ ...drafts[0]! }),
        describe: () => ({ ...mappingOf().describe(recordOf(null).origin), product: {} as never }),
      },
      'invalid',
    ],
  ];
  const subject: Subject = { vendor: 'broken', mapping: synthetic, words: ['name', 'type'] };
  fc.assert(
    fc.property(given(subject), fc.constantFrom(...broken), (one, [mapping, kind]) => {
      const record = recordFrom(one, subject);
      const [first, ...others] = run(record, mapping, { rawData: 'none' });
      expect([first!.drift?.kind, others.length, findings(first!.event)]).toEqual([kind, 0, []]);
      expect(lost(record.raw, [first!])).toEqual([]);
    }),
  );
});
