// Our validator and the independent one of ../shared find the same in any event, however it is disfigured.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isObject } from '../../src/json.ts';
import type { Draft } from '../../src/mapping.ts';
import type { Json, JsonObject } from '../../src/model.ts';
import { complete, completed, rawOf } from '../../src/ocsf/complete.ts';
import { type Shape, schemaOf } from '../../src/ocsf/schema.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { drafts, independent, mappingOf, recordOf, SHARED_EXAMPLES } from '../support/ocsf.ts';

const theirs = await independent();

const record = recordOf({ a: 'ü' });
const source = mappingOf().describe(record.origin);
const synthetic = drafts.map(draft => complete(draft, record, source, { now: 1_768_471_205_250 }));
const examples: JsonObject[] = theirs
  ? readFileSync(SHARED_EXAMPLES, 'utf8')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
  : [];
const corpus = [...synthetic, ...examples];

/** Every object of an event that the schema knows, with its shape. */
const places = (event: JsonObject): readonly (readonly [Record<string, Json>, Shape])[] => {
  const visit = (value: JsonObject, shape: Shape): readonly (readonly [Record<string, Json>, Shape])[] => [
    [value as Record<string, Json>, shape],
    ...Object.entries(value).flatMap(([name, inner]) => {
      const of = shape.rules.get(name)?.shape;
      return of
        ? [inner]
            .flat()
            .filter(isObject)
            .flatMap(one => visit(one, of))
        : [];
    }),
  ];
  const of = schemaOf('1.8.0').classes.get(event.class_uid as number);
  return of ? visit(event, of) : [];
};

const value = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom<Json>(
      null,
      '',
      ' ',
      'x',
      'Other',
      'Unknown',
      0,
      1,
      2,
      99,
      -1,
      1.5,
      true,
      [],
      {},
      [null],
      [1, 99],
      ['x'],
      [{}],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Json>(
      'host',
      ['host', 'cloud'],
      ['host', 'host'],
      '1.9.0',
      '::1%eth0',
      '10.0.0.1',
      '10.0.0.0/8',
      'a@b.c',
      '2026-01-15T09:56:07Z',
      '2026-01-15T09:56:07',
      'a b',
      '\ud800',
      '6f1d9a3e-52c8-4b7f-a0e4-1c5b8d7326f9',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Json>(
      1_768_470_967,
      1_768_470_967_000,
      2 ** 53,
      2 ** 63,
      -(2 ** 63),
      70_000,
      'x'.repeat(50),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
  },
);

/** Which object, which of the schema's attributes (or one it has already, or one that nobody knows), and what to put there. */
const mutation = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom('remove', 'replace', 'add', 'invent', 'caption'),
  name: fc.nat(),
  value,
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

const apply = (event: JsonObject, { place, kind, name, value }: Mutation): void => {
  const all = places(event);
  if (all.length === 0) return;
  const [object, shape] = all[place % all.length]!;
  const [own, known] = [Object.keys(object), [...shape.rules.values()]];
  const key = own[name % Math.max(1, own.length)];
  const rule = known[name % known.length]!;
  if (kind === 'remove' && key !== undefined) delete object[key];
  else if (kind === 'replace' && key !== undefined && key !== 'class_uid') object[key] = value;
  else if (kind === 'add' && rule.name !== 'class_uid')
    object[rule.name] = rule.list && !Array.isArray(value) ? [value] : value;
  else if (kind === 'invent')
    Object.defineProperty(object, ['hat', '__proto__', 'a/b', 'toString'][name % 4]!, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  else if (kind === 'caption' && rule.captions) {
    const captions = [...rule.captions];
    object[rule.name] = captions[place % captions.length]![0] as Json;
  }
};

const told = (findings: readonly { readonly path: string; readonly code: string }[]): readonly string[] =>
  [...new Set(findings.map(({ path, code }) => `${path === '/' ? '' : path} ${code}`))].sort();

/** Their verdict; none on an event that they cannot print, because an object in it has a `toString` of its own. */
const toldByThem = (event: unknown): readonly string[] | undefined => {
  try {
    return told(theirs!(event));
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
};

describe.skipIf(!theirs)('beside the independent validator of ../shared (left out where that is absent)', () => {
  test('the corpus is valid to both', () => {
    for (const event of corpus) expect([told(theirs!(event)), told(validate(event))]).toEqual([[], []]);
  });

  test('a disfigured event has the same findings', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...corpus),
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        (original, mutations) => {
          const event = structuredClone(original);
          for (const one of mutations) apply(event, one);
          const expected = toldByThem(event);
          fc.pre(expected !== undefined);
          expect(told(validate(event))).toEqual(expected);
        },
      ),
      { numRuns: 5000 },
    );
  });

  test('so has any JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), json => {
        const expected = toldByThem(json);
        fc.pre(expected !== undefined);
        expect(told(validate(json))).toEqual(expected);
      }),
    );
  });
});

describe('while it is completed', () => {
  const made = (draft: Draft) => completed(draft, record, source, { now: 1_768_471_205_250 }, rawOf(record));

  test('an event as mappings make them is surely valid', () => {
    for (const draft of drafts) expect(made(draft).sure).toBe(true);
  });

  test('what is called surely valid is valid, however the draft is disfigured', () => {
    const id = fc.option(fc.constantFrom(0, 1, 2, 99, 77, '1' as never, null as never), { freq: 2 });
    let believed = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...drafts),
        fc.array(mutation, { maxLength: 3 }),
        fc.record({ activity: id, severity: id, status: id }),
        (original, mutations, ids) => {
          const { class_uid, metadata, attributes, ...said } = structuredClone(original);
          const loose = { class_uid, metadata, ...attributes } as JsonObject; // clones of JSON
          for (const one of mutations) apply(loose, one);
          const { class_uid: _, metadata: changed, ...rest } = loose;
          fc.pre(isObject(changed));
          const { event, sure } = made({
            ...said,
            class_uid,
            metadata: changed,
            attributes: rest,
            activity_id: ids.activity ?? said.activity_id,
            severity_id: ids.severity ?? said.severity_id ?? 1,
            status_id: ids.status ?? said.status_id,
          });
          if (!sure) return;
          believed++;
          expect(told(validate(event))).toEqual([]);
        },
      ),
      { numRuns: 5000 },
    );
    expect(believed).toBeGreaterThan(500);
  });
});
