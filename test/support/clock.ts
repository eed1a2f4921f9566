// A clock that moves only when told, or when everybody sleeps: hours pass in a test without waiting.
import type { Clock } from '../../src/component.ts';

export interface VirtualClock extends Clock {
  /** Lets time pass, waking sleepers in order; work between two wake-ups is awaited. */
  advance(ms: number): Promise<void>;
  /** Wakes the next sleeper, again and again, until `work` settles. Throws when nobody sleeps and nothing moves. */
  run<T>(work: Promise<T>): Promise<T>;
  /** How many sleep now. */
  readonly sleepers: number;
}

export const virtualClock = (start = Date.UTC(2026, 0, 15, 12)): VirtualClock => {
  let now = start;
  const timers: { at: number; wake: () => void }[] = [];
  const settle = async () => {
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  };
  const wakeNext = () => {
    timers.sort((a, b) => a.at - b.at);
    const timer = timers.shift();
    if (!timer) return false;
    now = Math.max(now, timer.at);
    timer.wake();
    return true;
  };
  return {
    now: () => now,
    get sleepers() {
      return timers.length;
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const abort = () => {
          timers.splice(timers.indexOf(timer), 1);
          reject(signal?.reason);
        };
        const timer = {
          at: now + Math.max(0, ms),
          wake: () => {
            signal?.removeEventListener('abort', abort);
            resolve();
          },
        };
        timers.push(timer);
        signal?.addEventListener('abort', abort, { once: true });
      }),
    advance: async ms => {
      const until = now + ms;
      await settle();
      while (timers.some(t => t.at <= until)) {
        wakeNext();
        await settle();
      }
      now = until;
    },
    run: async work => {
      let done = false;
      const mark = () => {
        done = true;
      };
      work.then(mark, mark);
      for (let idle = 0; !done; ) {
        await new Promise(resolve => (idle > 100 ? setTimeout(resolve, 1) : setImmediate(resolve))); // sockets need time
        if (done) break;
        if (timers.length > 0 && idle > 3) {
          wakeNext();
          idle = 0;
        } else if (++idle > 20_000) throw new Error('nothing moves');
      }
      return work;
    },
  };
};
