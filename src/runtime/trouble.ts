// What is waited out right now: said once, however often it is met again, and for how long it has lasted.
import type { Clock, Logger } from '../component.ts';
import { describe, type Fault } from '../fault.ts';

export interface Trouble {
  /** The last fault that was met, until it is over. */
  readonly last: Fault | undefined;
  /** A fault, and the wait before the next try. True when it lasts longer than `patience`; else it is said, if it is new. */
  meet(fault: Fault, wait: number, patience: number): boolean;
  /** How long nothing will have moved when the wait is over; ms. */
  lasts(): number;
  /** It is not over, but something moved: patience counts from here. */
  moved(): void;
  /** All begins again from what is committed: what moved until now did not help. */
  undone(): void;
  /** Something worked. */
  over(): void;
}

export const createTrouble = (clock: Clock, log: Logger): Trouble => {
  let since: number | undefined; // the first fault since something worked
  let progress: number | undefined;
  let until = 0;
  let last: Fault | undefined;
  const lasts = () => (since === undefined ? 0 : until - Math.max(since, progress ?? since));
  return {
    get last() {
      return last;
    },
    meet: (fault, wait, patience) => {
      const isEcho = last !== undefined && fault.code === 'E_PAUSED'; // why was said already
      const isNew = !isEcho && (last?.code !== fault.code || last.message !== fault.message);
      if (!isEcho) last = fault;
      since ??= clock.now();
      until = clock.now() + wait;
      if (lasts() > patience) return true;
      if (isNew)
        log.warn(
          { code: fault.code, kind: fault.kind, again: `in ${(wait / 1000).toFixed(1)} s`, remedy: fault.remedy },
          describe(fault),
        );
      return false;
    },
    lasts,
    moved: () => {
      progress = clock.now();
    },
    undone: () => {
      progress = undefined;
    },
    over: () => {
      if (last) log.info({ after: last.code }, 'works again');
      last = undefined;
      since = undefined;
    },
  };
};
