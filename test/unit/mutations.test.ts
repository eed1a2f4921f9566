// Every mutation still finds the text that it breaks: a guard whose mutation has rotted guards nothing.
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { allMutations } from '../mutants/all.ts';
import { broken } from '../mutants/break.ts';

test.each(allMutations)('$name', mutation => {
  expect(broken(resolve(import.meta.dirname, '../..'), mutation).length).toBeGreaterThan(0);
});
