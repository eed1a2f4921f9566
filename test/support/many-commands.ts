// Runs many commands one after the other in one process, as the program would run each: starting it for each of them costs
// more than what it does. Reads a list of command lines as JSON from the file that is named; says which one speaks.
import { readFileSync, writeSync } from 'node:fs';
import { main } from '../../src/cli/main.ts';

for (const argv of JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as readonly (readonly string[])[]) {
  for (const fd of [1, 2]) writeSync(fd, `\n### ${argv.join(' ')}\n`);
  await main(['node', 'tributary', ...argv]);
  writeSync(2, `\n### exit ${process.exitCode ?? 0}\n`);
  process.exitCode = 0;
}
