// The time of a history: it passes when everybody sleeps, and stands still for a program that has crashed.
import type { Clock } from '../../../src/component.ts';
import type { World } from './vendor.ts';

export interface Time {
  readonly clock: Clock;
  /** Wakes the sleepers one by one, with all the work in between done, until `over` settles. */
  pass<T>(over: Promise<T>): Promise<T>;
  /** Nobody is woken any more. */
  end(): void;
}

/** @param lasting whose `truth` is the time; the clock of the machine is skewed against it */
export const timeOf = (lasting: { readonly world: World; truth: number }, isDead: () => boolean): Time => {
  const timers: { at: number; wake: () => void }[] = [];
  return {
    clock: {
      now: () => Math.floor(lasting.truth + lasting.world.skew(lasting.truth)),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (isDead()) return;
          if (signal?.aborted) return reject(signal.reason);
          const timer = {
            at: lasting.truth + Math.max(0, ms),
            wake: () => {
              if (!isDead()) resolve();
            },
          };
          timers.push(timer);
          signal?.addEventListener(
            'abort',
            () => {
              timers.splice(timers.indexOf(timer) >>> 0, 1);
              if (!isDead()) reject(signal.reason);
            },
            { once: true },
          );
        }),
    },
    pass: async over => {
      let settled = false;
      const mark = () => {
        settled = true;
      };
      over.then(mark, mark);
      for (let idle = 0; !settled; ) {
        await new Promise(setImmediate);
        if (settled) break;
        timers.sort((a, b) => a.at - b.at);
        const timer = timers.shift();
        if (timer) {
          lasting.truth = Math.max(lasting.truth, timer.at);
          timer.wake();
          idle = 0;
        } else if (++idle > 200) throw new Error('nothing moves');
      }
      return over;
    },
    end: () => {
      timers.length = 0;
    },
  };
};
