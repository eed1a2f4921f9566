// JSON without loss: digits, keys, and one text for equal values.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical, digest, isObject, parse, textOf, textOfAny } from '../../src/json.ts';

test.each([
  ['12345678901234567890', '12345678901234567890'],
  ['-12345678901234567', '-12345678901234567'],
  ['1e400', '1e400'],
  ['0.1234567890123456789', '0.1234567890123456789'],
  ['123456.78901234567890', '123456.78901234567890'],
  ['9007199254740991', 9007199254740991],
  ['9007199254740993', '9007199254740993'],
  ['0.30000000000000004', 0.30000000000000004],
  ['1.5', 1.5],
  ['-0.25e2', -25],
])('%s is kept', (text, value) => {
  expect(parse(`{"a": ${text}}`)).toEqual({ a: value });
  expect(parse(`[${text}]`)).toEqual([value]);
  expect(parse(`[0,${text}]`)).toEqual([0, value]);
});

test('digits in texts, and keys of any name, are left alone', () => {
  const text = '{"__proto__":{"x":1},"constructor":"a","ids":"1234567890123456789, 1e999","n":12345678901234567890}';
  const parsed = parse(text) as object;
  expect(Object.keys(parsed)).toEqual(['__proto__', 'constructor', 'ids', 'n']);
  expect(JSON.stringify(parsed)).toBe(text.replace('12345678901234567890}', '"12345678901234567890"}'));
});

test('digits are kept at any depth', () => {
  const nest = (inner: string) => `${'['.repeat(20_000)}${inner}${']'.repeat(20_000)}`;
  const inner = '{"a":12345678901234567890,"b":"\\"1234567890123456789","c":[-1e400,1.5]}';
  let value = parse(nest(inner));
  while (Array.isArray(value)) value = value[0];
  expect(value).toEqual({ a: '12345678901234567890', b: '"1234567890123456789', c: ['-1e400', 1.5] });
  for (const wrong of ['{"a":012345678901234567890}', '{"a":1.2.3e400}', '{"a":12345678901234567890'])
    expect(() => parse(nest(wrong))).toThrow(SyntaxError);
});

test('any JSON is read as the platform reads it, but for numbers that stay texts', () => {
  const bare = (value: unknown) => JSON.stringify(value).replaceAll('"', '');
  fc.assert(
    fc.property(fc.json(), text => {
      expect(bare(parse(text))).toBe(bare(JSON.parse(text)));
    }),
  );
});

test('the canonical text does not depend on the order of keys', () => {
  expect(canonical({ b: [1, { d: null, c: 'x' }], a: true })).toBe('{"a":true,"b":[1,{"c":"x","d":null}]}');
  expect(digest({ a: 1, b: 2 })).toBe(digest({ b: 2, a: 1 }));
  expect(digest({ a: 1, b: 2 })).not.toBe(digest({ a: 1, b: '2' }));
});

test('the canonical text is that of the platform, its keys sorted', () => {
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const plain = JSON.parse(JSON.stringify(value)); // without -0
      const sorted = JSON.stringify(plain, (_, one) =>
        isObject(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
      );
      if (!/"\d+":|__proto__/.test(sorted)) expect(canonical(plain)).toBe(sorted); // the platform sorts numbers by itself
      expect(JSON.parse(canonical(plain))).toEqual(plain);
    }),
  );
});

test('a record without an id has one, however deep it is', () => {
  const deep = (leaf: number) => JSON.parse(`${'[{"a":'.repeat(10_000)}${leaf}${'}]'.repeat(10_000)}`);
  expect(digest(deep(1))).toHaveLength(22);
  expect(digest(deep(1))).toBe(digest(deep(1)));
  expect(digest(deep(1))).not.toBe(digest(deep(2)));
});

test('text is the platform’s where it can, and there is one where it cannot', () => {
  const record = { id: 'a', gone: undefined, list: [1, { b: null, a: '"' }, []], none: {} };
  expect(textOfAny(record)).toBe(JSON.stringify(record));
  const deep = (inner: string) => `${'[{"a":'.repeat(10_000)}${inner}${'}]'.repeat(10_000)}`;
  const text = deep('{"z":1,"b":[],"__proto__":{}}');
  expect(textOfAny({ gone: undefined, raw: JSON.parse(text) })).toBe(`{"raw":${text}}`);
});

test('fields are read as what they are', () => {
  expect(isObject([])).toBe(false);
  expect(isObject(null)).toBe(false);
  expect(textOf({ a: 'x', b: '', c: 3 }, 'a')).toBe('x');
  for (const key of ['b', 'c', 'toString']) expect(textOf({ b: '', c: 3 }, key)).toBeUndefined();
  expect(textOf([], 'length')).toBeUndefined();
});
