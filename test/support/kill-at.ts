// Preloaded into the real program: ends it with SIGKILL at the n-th visit of a place, or of any.
// KILL_AT='before commit' KILL_VISIT=3
import { listen } from '../../src/point.ts';

const { KILL_AT, KILL_VISIT = '1' } = process.env;
let visits = 0;
listen(name => {
  if (KILL_AT !== undefined && name !== KILL_AT) return;
  if (++visits === Number(KILL_VISIT)) process.kill(process.pid, 'SIGKILL');
});
