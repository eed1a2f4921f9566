// Every mutation still finds the text that it breaks: a guard whose mutation has rotted guards nothing.
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { allMutations } from '../mutants/all.ts';
import { broken } from '../mutants/break.ts';

/** Those that the design asks for: whoever takes one away takes away a proof. */
const NAMED = [
  'commit before export',
  'marks outside the batch',
  'marks in memory before the commit',
  'marks dated by the low-water time',
  'no overlap',
  'no sweep',
  'no dedupe',
  "our clock for the vendor's",
  'positions are compared by value',
  'a file not cut back',
  'a call for each route',
];

test('the mutations that the design names are there', () => {
  const names = allMutations.map(({ name }) => name);
  expect(NAMED.filter(name => !names.includes(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
});

test.each(allMutations)('$name', mutation => {
  expect(broken(resolve(import.meta.dirname, '../..'), mutation).length).toBeGreaterThan(0);
});
