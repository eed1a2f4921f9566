// What a trial runs, in a process of its own: `trial-child.ts CONFIG MS`. It says what it found to its parent, and ends; when
// nobody waits for it any more it ends by itself, also out of an endless loop.
import { Worker } from 'node:worker_threads';
import { describe } from '../fault.ts';
import { readConfig, Stop } from './session.ts';
import type { Verdict } from './trial.ts';

const [, , file = '', longest = ''] = process.argv;

// A timer of this thread would not fire while the config runs.
const watchdog = `setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${Number(longest)})`;
new Worker(watchdog, { eval: true }).unref();

const verdict = async (): Promise<Verdict> => {
  try {
    const { sources } = await readConfig(file);
    return { sources: [...sources] };
  } catch (error) {
    return {
      refused: error instanceof Stop ? error.message : describe(error),
      sources: [...(error instanceof Stop ? (error.sources ?? []) : [])],
    };
  }
};

process.send?.(await verdict(), () => process.exit());
