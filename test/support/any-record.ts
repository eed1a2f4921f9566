// Records as no vendor should send them: any JSON, made of the words that a mapping knows and of what is odd.
import fc from 'fast-check';
import { textOf } from '../../src/json.ts';
import type { Mapping } from '../../src/mapping.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { recordOf } from './ocsf.ts';

/** A mapping, and what leads deep into it. */
export interface Subject {
  readonly vendor: string;
  readonly mapping: Mapping;
  /** The words that the mapping knows: as names and values they lead deep into it. */
  readonly words: readonly string[];
}

const nested = (depth: number, leaf: Json): Json => {
  let value = leaf;
  for (let i = 0; i < depth; i++) value = i % 2 ? [value] : { deep: value };
  return value;
};

const PROTOTYPE = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'length', ''];
const ODD: readonly Json[] = [
  null,
  '',
  ' ',
  'Other',
  'NULL',
  '\u0000',
  '\ud800',
  'a\udc00b',
  '\ufeff',
  '0001-01-01T00:00:00Z',
  '2026-01-15T09:56:07.123-03:00',
  '2026-01-15T09:56:07Z',
  'not a date',
  'a@b.example',
  '203.0.113.7',
  '::1%eth0',
  'x'.repeat(1000),
  0,
  -0,
  -1,
  1e21,
  1e308,
  2 ** 53,
  1.5,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  [{}],
];

/** JSON as text, so that `__proto__` is a plain key and numbers are read as a receiver reads them. */
const rawOf = ({ words }: Subject, depths: readonly number[]): fc.Arbitrary<Json> => {
  const key = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.constantFrom(...PROTOTYPE) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );
  const leaf = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words) },
    { weight: 4, arbitrary: fc.constantFrom(...ODD) },
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
  );
  const { value } = fc.letrec<{ value: Json }>(tie => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie('value')), { maxLength: 14 }).map(entries => objectOf(entries)),
    ),
  }));
  const object = fc.array(fc.tuple(key, value), { maxLength: 25 }).map(entries => objectOf(entries));
  return fc.oneof(
    { weight: 10, arbitrary: object },
    { weight: 1, arbitrary: fc.jsonValue() as fc.Arbitrary<Json> },
    { weight: 1, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...depths), leaf, key)
        .map(([depth, value, name]) => objectOf([[name, nested(depth, value)]])),
    },
  );
};

const objectOf = (entries: readonly (readonly [string, Json])[]): JsonObject => {
  const object: Record<string, Json> = {};
  for (const [key, value] of entries)
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  return object;
};

/** What a vendor might send, and how the receiver and `normalize` take it; nested so deep at most. */
export const given = (subject: Subject, depths: readonly number[] = [20, 30, 200]) =>
  fc.record({
    raw: rawOf(subject, depths),
    guessed: fc.constantFrom(undefined, 'id', 'time', 'both'),
    seconds: fc.constantFrom(1_768_470_967, 0, 5, -62_135_596_800, 4e12),
    fanout: fc.boolean(),
  });
type Given = ReturnType<typeof given> extends fc.Arbitrary<infer T> ? T : never;

export const recordFrom = ({ raw, guessed, seconds }: Given, { vendor }: Subject): AuditRecord => {
  const record = recordOf(raw, { time: [seconds, 1], ...(guessed && { guessed: guessed as 'id' }) });
  const id = textOf(raw, 'uuid') ?? textOf(raw, 'event_id');
  return {
    ...record,
    ...(id !== undefined && { id, guessed: 'time' }),
    origin: {
      ...record.origin,
      type: vendor,
      feed: ['auditevents', 'signinattempts', 'itemusages', ''][Math.abs(seconds) % 4]!,
    },
  };
};
