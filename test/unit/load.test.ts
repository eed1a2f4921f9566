// A config that is loaded again is read again, and Node keeps little of each.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = join(import.meta.dirname, '../support/load-again.ts');

test('a config is read afresh, each time, and an import keeps less than the design allows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-load-'));
  const file = join(folder, 'pipeline.config.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script, file, '300']);
  rmSync(folder, { recursive: true, force: true });
  const { isFresh, kept } = JSON.parse(stdout);
  expect(isFresh).toBe(true);
  expect(kept).toBeLessThan(100_000); // bytes; measured: some thousands
});
