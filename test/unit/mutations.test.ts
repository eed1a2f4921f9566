// Every mutation still finds the text that it breaks: a guard whose mutation has rotted guards nothing.
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { broken } from '../mutants/break.ts';
import { guideMutations } from '../mutants/guide.ts';
import { mutations } from '../mutants/mutations.ts';
import { otlpMutations } from '../mutants/otlp.ts';
import { queueMutations } from '../mutants/queue.ts';

test.each([...mutations, ...otlpMutations, ...queueMutations, ...guideMutations])('$name', mutation => {
  expect(broken(resolve(import.meta.dirname, '../..'), mutation).length).toBeGreaterThan(0);
});
