// `npm run mutants [WORD…]`: breaks a copy of the program in each of the listed ways and runs the tests that must
// notice. Fails if one of them does not.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { allMutations } from './all.ts';
import { breakIt } from './break.ts';
import type { Mutation } from './mutations.ts';

const root = resolve(import.meta.dirname, '../..');
const PARTS = [
  'bin',
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

const isNoticed = async (mutation: Mutation): Promise<boolean> => {
  const copy = mkdtempSync(join(tmpdir(), 'tributary-mutant-'));
  try {
    for (const part of PARTS) cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    breakIt(copy, mutation);
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const run = spawn(process.execPath, [vitest, 'run', '--bail', '1', ...mutation.tests], {
      cwd: copy,
      stdio: 'ignore',
      timeout: 300_000,
      env: { ...process.env, CRASH_HISTORIES: process.env.CRASH_HISTORIES ?? '250' },
    });
    const [code] = (await once(run, 'close')) as [number | null];
    return code !== 0;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
};

const words = process.argv.slice(2);
const chosen = allMutations.filter(m => words.length === 0 || words.some(word => m.name.includes(word)));
const waiting = [...chosen];
let noticed = 0;
const work = async (): Promise<void> => {
  for (let mutation = waiting.shift(); mutation; mutation = waiting.shift()) {
    const began = performance.now();
    const ok = await isNoticed(mutation);
    if (ok) noticed++;
    const seconds = ((performance.now() - began) / 1000).toFixed(0);
    process.stdout.write(`${ok ? 'noticed ' : 'MISSED  '} ${mutation.name} (${seconds} s)\n`);
  }
};
await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, work));
process.stdout.write(`mutants: ${noticed} passed, ${chosen.length - noticed} failed\n`);
process.exitCode = noticed === chosen.length && chosen.length > 0 ? 0 : 1;
