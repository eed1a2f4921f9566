// Whatever an event holds, it survives OTLP: both encodings carry it, and a decoder of our own reads the same event back.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord, HrTime, Json, JsonObject } from '../../src/model.ts';
import { ever } from '../support/loopback.ts';
import { makeOtlp } from '../support/otlp.ts';
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts';

const key = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('__proto__', 'constructor', 'toJSON', '', '0'),
);
const scalar = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter(n => !Number.isInteger(n)),
  fc.boolean(),
  fc.constant(null),
);
const objectOf = <T extends Json>(value: fc.Arbitrary<T>): fc.Arbitrary<JsonObject> =>
  fc.array(fc.tuple(key, value), { maxLength: 6 }).map(entries => Object.fromEntries(entries));
const { json } = fc.letrec<{ json: Json }>(tie => ({
  json: fc.oneof({ maxDepth: 5 }, scalar, fc.array(tie('json'), { maxLength: 5 }), objectOf(tie('json'))),
}));

const event = (uid: string): fc.Arbitrary<JsonObject> =>
  fc
    .record({
      rest: objectOf(json),
      class_uid: fc.integer({ min: 0, max: 8002 }),
      severity_id: fc.integer({ min: 0, max: 6 }),
      unmapped: objectOf(json),
    })
    .map(
      ({ rest, ...known }): JsonObject => ({
        ...rest,
        ...known,
        class_name: 'Any Class',
        metadata: { uid, version: '1.8.0' },
      }),
    );

const time: fc.Arbitrary<HrTime> = fc.tuple(
  fc.integer({ min: 0, max: 18_446_744_072 }),
  fc.integer({ min: 0, max: 999_999_999 }),
);
const recordOf = (uid: string) =>
  fc.record({ event: event(uid), time, observed: time, attributes: objectOf(json) }).map(
    (parts): AuditRecord => ({
      id: `id of ${uid}`,
      origin: { receiver: 'any', type: 'any', site: 's', tenant: 't', feed: '' },
      raw: null,
      ...parts,
    }),
  );
const batch = fc
  .integer({ min: 1, max: 8 })
  .chain(count => fc.tuple(...Array.from({ length: count }, (_, i) => recordOf(`uid-${i}`))));

/** As JSON has it: minus zero is zero. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const nanos = ([seconds, rest]: HrTime) => String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));

describe.each(['http/protobuf', 'http/json'] as const)('%s', protocol => {
  let sink: OtlpSink;
  beforeAll(async () => {
    sink = await otlpSink();
  });
  afterAll(() => sink.close());

  const roundTrip = async (records: readonly AuditRecord[], body: 'map' | 'json') => {
    sink.taken.length = 0;
    const { exporter, context } = makeOtlp({
      endpoint: sink.url,
      protocol,
      body,
      compression: 'none',
      maxBytes: '2KiB',
    });
    expect(await exporter.export(records, ever())).toEqual({});
    await exporter.close?.();
    return { taken: [...sink.taken], lines: context.lines };
  };

  test('any event comes out as it went in, at its time, under its uid', () =>
    fc.assert(
      fc.asyncProperty(batch, async records => {
        const { taken } = await roundTrip(records, 'map');
        expect(taken.map(({ uid, time, observed }) => ({ uid, time, observed }))).toEqual(
          records.map((r, i) => ({ uid: `uid-${i}`, time: nanos(r.time), observed: nanos(r.observed) })),
        );
        expect(asJson(taken.map(({ body }) => body))).toEqual(asJson(records.map(r => wellFormed(r.event!))));
      }),
      { numRuns: 150 },
    ));

  test('as a text, to the last half of a surrogate pair', () =>
    fc.assert(
      fc.asyncProperty(batch, async records => {
        const { taken } = await roundTrip(records, 'json');
        expect(taken.map(({ body }) => JSON.parse(String(body)))).toEqual(asJson(records.map(r => r.event)));
      }),
      { numRuns: 50 },
    ));

  test('values that no collector takes cost nothing but themselves', () =>
    fc.assert(
      fc.asyncProperty(
        batch,
        fc.array(fc.oneof(fc.double(), fc.bigInt(), fc.anything({ withDate: true })), { minLength: 1, maxLength: 5 }),
        async (records, strange) => {
          // What a user's own function may leave in a record is not JSON.
          const spoiled = records.map(r => ({
            ...r,
            event: { ...r.event, strange, after: 'kept' } as unknown as JsonObject,
          }));
          const { taken } = await roundTrip(spoiled, 'map');
          expect(taken.map(({ uid, body }) => [uid, (body as JsonObject).after])).toEqual(
            records.map((_, i) => [`uid-${i}`, 'kept']),
          );
        },
      ),
      { numRuns: 150 },
    ));
});

/** Half a surrogate pair cannot be written in UTF-8; everything else comes back as it was. */
const wellFormed = (value: Json): Json => {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(wellFormed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name.toWellFormed(), wellFormed(held)]));
};
