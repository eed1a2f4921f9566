// `npm run bench [NAME…]`: measures, as ratios to a floor in the same run, and judges against the goals.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './measure.ts';

const folder = import.meta.dirname;
const known = readdirSync(folder)
  .filter(
    name => name.endsWith('.ts') && !['index.ts', 'measure.ts', 'vendor.ts', 'sink.ts', 'profile.ts'].includes(name),
  )
  .map(name => name.replace(/\.ts$/, ''));
const asked = process.argv.slice(2);
const strange = asked.filter(name => !known.includes(name));

if (strange.length > 0) {
  process.stderr.write(`there is no bench ${strange.join(', ')}; there are: ${known.join(', ')}\n`);
  process.exitCode = 2;
} else {
  for (const name of asked.length > 0 ? asked : known) {
    const { run } = (await import(join(folder, `${name}.ts`))) as Bench;
    process.stdout.write(`\n${name}\n`);
    const figures = await run();
    for (const { what, value, goal } of figures) {
      const verdict = goal === undefined ? '' : goal.met ? `  reached: ${goal.text}` : `  MISSED: ${goal.text}`;
      process.stdout.write(`  ${what.padEnd(46)} ${value.padStart(14)}${verdict}\n`);
      if (goal && !goal.met) process.exitCode = 1;
    }
  }
}
