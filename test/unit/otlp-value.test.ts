// What OTLP is given of a vendor's words when no processor made an event of them: all of it, at any depth.
import { expect, test } from 'vitest';
import { carry } from '../../exporters/otlp/any-value.ts';

test('what lies too deep is text, and whole', () => {
  const text = `${'{"a":'.repeat(20_000)}"the end"${'}'.repeat(20_000)}`;
  let value: unknown = carry(JSON.parse(text));
  let depth = 0;
  for (; typeof value === 'object' && value !== null; depth++) value = Object.values(value)[0];
  expect(depth).toBe(30);
  expect(value).toBe(text.slice('{"a":'.length * depth, -depth));
});

test('what turns in circles is said to', () => {
  const own: Record<string, unknown> = {};
  own.self = own;
  expect(JSON.stringify(carry(own))).toContain('[cyclic]');
});
