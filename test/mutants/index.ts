// `npm run mutants [WORD…]`: breaks a copy of the program in each of the listed ways and runs the tests that must
// notice. Fails if one of them does not.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { breakIt } from './break.ts';
import { type Mutation, mutations } from './mutations.ts';
import { otlpMutations } from './otlp.ts';
import { queueMutations } from './queue.ts';

const root = resolve(import.meta.dirname, '../..');
const PARTS = [
  'src',
  'receivers',
  'processors',
  'exporters',
  'examples',
  'test',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
];

const isNoticed = (mutation: Mutation): boolean => {
  const copy = mkdtempSync(join(tmpdir(), 'tributary-mutant-'));
  try {
    for (const part of PARTS) cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    breakIt(copy, mutation);
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const run = spawnSync(process.execPath, [vitest, 'run', '--bail', '1', ...mutation.tests], {
      cwd: copy,
      encoding: 'utf8',
      timeout: 300_000,
      env: { ...process.env, CRASH_HISTORIES: process.env.CRASH_HISTORIES ?? '250' },
    });
    return run.status !== 0;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
};

const words = process.argv.slice(2);
const chosen = [...mutations, ...otlpMutations, ...queueMutations].filter(
  m => words.length === 0 || words.some(word => m.name.includes(word)),
);
let noticed = 0;
for (const mutation of chosen) {
  const ok = isNoticed(mutation);
  if (ok) noticed++;
  process.stdout.write(`${ok ? 'noticed ' : 'MISSED  '} ${mutation.name}\n`);
}
process.stdout.write(`mutants: ${noticed} passed, ${chosen.length - noticed} failed\n`);
process.exitCode = noticed === chosen.length && chosen.length > 0 ? 0 : 1;
