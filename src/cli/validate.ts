// `tributary dev validate`: OCSF events from standard input, and everything that is wrong with them.
import { reportOf } from '../ocsf/items.ts';
import { readInput } from './input.ts';
import { print } from './output.ts';
import { command } from './session.ts';

export const validateInput = (): Promise<void> =>
  command(async () => {
    const { lines, valid, invalid } = reportOf(await readInput(), 'stdin');
    if (invalid > 0) process.exitCode = 1;
    await print(lines.map(line => `${line}\n`));
    process.stderr.write(`${valid} valid, ${invalid} invalid\n`);
  });
