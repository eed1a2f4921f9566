// The real clock; the virtual one is in test/support.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../component.ts';

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    // A timer holds 31 bits of milliseconds; and an abort rejects with its reason, as the contract says.
    for (let left = Math.max(0, ms); ; left -= LONGEST) {
      await sleep(Math.min(left, LONGEST), undefined, signal ? { signal } : {}).catch(error => {
        throw signal?.aborted ? signal.reason : error;
      });
      if (left <= LONGEST) return;
    }
  },
};

const LONGEST = 2 ** 31 - 1;
