// The processor at its edges: parts, fallbacks, what no JSON is, and what is too deep or too long.
import { describe, expect, test } from 'vitest';
import { normalize } from '../../processors/normalize/index.ts';
import type { Mapping } from '../../src/mapping.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { eventsOf, REPEAT_LIMIT } from '../../src/ocsf/normalize.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { testContext } from '../support/context.ts';
import { drafts, mappingOf, recordOf } from '../support/ocsf.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const [mfa, login] = drafts as [(typeof drafts)[0], (typeof drafts)[0]];
const events = (record: AuditRecord, mapping?: Mapping) => eventsOf(record, mapping, { fanout: true, now: NOW });
const nest = (depth: number): Json => {
  let value: Json = 'leaf';
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { deep: value };
  return { value };
};

describe('normalize', () => {
  test('needs no options, and refuses the ones it does not know', () => {
    const { schema, options } = normalize();
    expect(schema['~standard'].validate(options)).toMatchObject({
      value: { rawData: 'include', severity: 'table', fanout: true, version: '1.8.0' },
    });
    for (const wrong of [{ rawData: 'yes' }, { version: '1.7.0' }, { fanOut: true }]) {
      expect(schema['~standard'].validate(wrong)).toHaveProperty('issues');
    }
  });

  test('reads each record by the mapping of its own receiver type, by the clock it was given', () => {
    const context = testContext({ mapping: type => (type === 'acme' ? mappingOf(mfa) : undefined) });
    const { schema, create, options } = normalize({ fanout: false });
    const { value } = schema['~standard'].validate(options) as { value: unknown };
    const other = recordOf({}, { origin: { ...recordOf(null).origin, type: 'nobody' } });
    const { records } = create(context, value).process([recordOf({}), other]) as { records: readonly AuditRecord[] };
    expect(records.map(r => [r.event!.class_uid, r.drift?.kind])).toEqual([
      [3001, undefined],
      [3004, 'type'],
    ]);
    expect(records[0]!.event!.metadata).toMatchObject({ processed_time: context.clock.now() });
  });

  test('passes its own option on to the mapping', () => {
    const seen: boolean[] = [];
    const read: Mapping['read'] = (_record, { fanout }) => {
      seen.push(fanout);
      return [mfa];
    };
    const mapping: Mapping = { ...mappingOf(), read };
    for (const fanout of [true, false]) eventsOf(recordOf({}), mapping, { fanout, now: NOW });
    expect(seen).toEqual([true, false]);
  });
});

describe('several events of one record', () => {
  test('are parts of it, in order, each with an id of its own', () => {
    const parts = events(recordOf({ a: 1 }), mappingOf(mfa, login));
    expect(parts.map(({ id, part }) => [id, part])).toEqual([
      ['rec-1', 0],
      ['rec-1', 1],
    ]);
    expect(parts.map(({ event }) => event!.raw_data)).toEqual(['{"a":1}', '{"a":1}']);
    expect(new Set(parts.map(({ event }) => (event!.metadata as JsonObject).uid)).size).toBe(2);
  });

  test('repeat its words only while they are short', () => {
    const long = recordOf({ a: 'x'.repeat(REPEAT_LIMIT / 2) });
    const [first, second] = events(long, mappingOf(mfa, login)).map(({ event }) => event!);
    expect([typeof first!.raw_data, typeof second!.raw_data]).toEqual(['string', 'undefined']);
    expect(second!.raw_data_hash).toEqual(first!.raw_data_hash);
    expect(validate(second)).toEqual([]);
  });

  test('fall back one by one', () => {
    const parts = events(recordOf({ a: 1 }), mappingOf(mfa, { ...mfa, attributes: {} }));
    expect(parts.map(({ event, drift }) => [event!.class_uid, drift?.kind])).toEqual([
      [3001, undefined],
      [3004, 'invalid'],
    ]);
  });
});

describe('the fallback', () => {
  test('carries the whole record, the fault, and a mark', () => {
    const throws: Mapping = {
      ...mappingOf(),
      read: () => {
        throw new TypeError('no such thing');
      },
    };
    const [record] = events(recordOf({ a: { b: 1 } }), throws);
    expect(record!.drift).toEqual({ kind: 'throws', detail: 'TypeError: no such thing' });
    expect(record!.event).toMatchObject({
      class_uid: 3004,
      activity_id: 99,
      unmapped: { a: { b: 1 } },
      status_detail: 'TypeError: no such thing',
      metadata: { labels: ['mapping:throws'], product: { name: 'Acme' } },
    });
  });

  test('says what is not valid, and where', () => {
    const [record] = events(recordOf({}), mappingOf({ ...mfa, attributes: { hat: 1, user: 2 } }));
    expect(record!.drift).toEqual({
      kind: 'invalid',
      detail:
        'the event is not valid: /hat is no attribute of this class or object; put it under `unmapped`; /user is of the wrong type',
    });
  });

  test('names the type that has no row, beside the event', () => {
    const [record] = events(recordOf({}), mappingOf({ ...mfa, unknown: 'USER_POLISHED' }));
    expect([record!.event!.class_uid, record!.drift]).toEqual([3001, { kind: 'type', detail: 'USER_POLISHED' }]);
  });

  test('becomes an error of translation where the record is no JSON at all', () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const hostile = {
      get trap(): never {
        throw new Error('trapped');
      },
    };
    for (const raw of [circle, { big: 1n }, hostile, undefined]) {
      const [record] = events(recordOf(raw as Json), mappingOf(mfa));
      expect(validate(record!.event)).toEqual([]);
      expect(record!.event).toMatchObject(
        raw === undefined ? { class_uid: 3001 } : { class_uid: 6008, activity_id: 2, severity_id: 3 },
      );
    }
  });

  test('stands whatever the origin is', () => {
    const origin = { receiver: '', type: '', site: '\ud800', tenant: '', feed: '' };
    const [record] = events(recordOf([], { origin, id: '\ud800', time: [0, 0], observed: [1, 1] }));
    expect(validate(record!.event)).toEqual([]);
  });
});

test('a record that has an event is left alone', () => {
  const record = recordOf({}, { event: { any: 'thing' } });
  expect(events(record, mappingOf(mfa))).toEqual([record]);
});

test.each([23, 200, 100_000])('a record %i levels deep keeps its words', depth => {
  const record = recordOf(nest(depth));
  for (const mapping of [mappingOf({ ...mfa, unmapped: record.raw as JsonObject }), undefined]) {
    const [{ event }] = events(record, mapping) as [AuditRecord];
    expect(validate(event)).toEqual([]);
    expect(event!.raw_data_size).toBeGreaterThan(depth);
    expect(JSON.stringify(event!.unmapped)).toContain('leaf');
  }
});

describe('a type that no table has', () => {
  const vendors: readonly (readonly [
    vendor: string,
    feed: string,
    raw: JsonObject,
    name: string,
    like: string,
    class_uid: number,
  ])[] = [
    [
      'opal',
      '',
      { event_id: 'e', event_type: 'BREAK_GLASS_ENGAGED', actor_user_id: 'u-1' },
      'BREAK_GLASS_ENGAGED',
      'SESSION_STARTED',
      3003,
    ],
    [
      'endor-labs',
      'audit-logs',
      { uuid: 'e', spec: { operation: 'OPERATION_CREATE', message_kind: 'v1.Sprocket' } },
      'Sprocket',
      'Policy',
      3004,
    ],
    [
      'endor-labs',
      'audit-logs',
      { uuid: 'e', spec: { operation: 'OPERATION_POLISH', message_kind: 'v1.Policy' } },
      'OPERATION_POLISH',
      'OPERATION_UPDATE',
      3004,
    ],
    [
      'onepassword',
      'auditevents',
      { uuid: 'e', action: 'melt', object_type: 'group', object_uuid: 'g' },
      'group/melt',
      'group/delete',
      3006,
    ],
    [
      'onepassword',
      'signinattempts',
      { uuid: 'e', category: 'success', type: 'passkey_ok', target_user: { uuid: 'u' } },
      'success/passkey_ok',
      'success/mfa_ok',
      3002,
    ],
    ['onepassword', 'itemusages', { uuid: 'e', action: 'juggle', item_uuid: 'i' }, 'juggle', 'export', 6001],
    [
      'opaque',
      '',
      { row: { id: 'e', action: 'Forget dataset', time: '2026-01-15T10:00:00Z' } },
      'Forget dataset',
      'Delete dataset',
      6001,
    ],
  ];

  test.each(vendors)(
    'of %s %s reads like the one that the user names',
    async (vendor, feed, raw, name, like, class_uid) => {
      const { mapping } = (await import(new URL(`../../receivers/${vendor}/ocsf.ts`, import.meta.url).href)) as {
        mapping: Mapping;
      };
      const record = recordOf(raw, { origin: { ...recordOf(null).origin, type: vendor, feed } });
      const read = (types: Readonly<Record<string, Readonly<Record<string, string>>>>) => {
        const { schema, create, options } = normalize({ types });
        const { value } = schema['~standard'].validate(options) as { value: unknown };
        return create(testContext({ mapping: () => mapping }), value).process([record]) as {
          records: readonly AuditRecord[];
        };
      };
      expect(read({}).records[0]!.drift).toEqual({ kind: 'type', detail: name });
      expect(read({ [vendor]: { [name]: 'No such thing either' } }).records[0]!.drift?.kind).toBe('type');
      const [{ event, drift } = record] = read({ [vendor]: { [name]: like } }).records;
      expect(drift).toBeUndefined();
      expect(event).toMatchObject({ class_uid, metadata: { original_event_uid: 'rec-1' } });
      expect(
        JSON.stringify(event!.metadata) + JSON.stringify(event!.entity ?? '') + String(event!.status_code),
      ).toContain(name.split('/').at(-1)); // the vendor's word stays
      expect(event!.activity_id).not.toBe(99);
      expect(validate(event!)).toEqual([]);
    },
  );
});
