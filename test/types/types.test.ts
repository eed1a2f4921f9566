// The whole program type-checks, and each mistake in `config.test-d.ts` does not: an expected error that is none is one.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

test('the compiler accepts the program and refuses each mistake of a config', () => {
  const root = resolve(import.meta.dirname, '../..');
  const { stdout, status } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit'], {
    cwd: root,
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
