// Loads a config again and again, as Node does it and not as the test runner does: `load-again.ts CONFIG TIMES`. Says whether
// the last one was read afresh, and what each kept in memory.
import { writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { load } from '../../src/runtime/load.ts';

const [, , file = '', times = ''] = process.argv;
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // what the flag adds

const again = async (from: number, to: number): Promise<unknown> => {
  let config: unknown;
  for (let turn = from; turn < to; turn++) {
    writeFileSync(file, `export default ${turn};`);
    ({ config } = await load(file, { again: turn }));
  }
  return config;
};
const used = (): number => {
  for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed;
};

const warm = 50;
await again(0, warm);
const before = used();
const config = await again(warm, warm + Number(times));
const kept = (used() - before) / Number(times);
process.stdout.write(JSON.stringify({ isFresh: config === warm + Number(times) - 1, kept }));
