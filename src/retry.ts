// The one retry of the program. It stands around a pull and around an export, and nowhere else.
import type { Clock } from './component.ts';
import { asFault, type Fault } from './fault.ts';
import { MINUTE, SECOND } from './options.ts';

export interface Persistence {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told of each fault, and of the wait before the next try. */
  readonly report?: ((fault: Fault, wait: number) => void) | undefined;
}

/**
 * Tries until it works; only an abort ends it. Transient faults back off, denied ones hold, and `Retry-After` is obeyed
 * to the second. What is not for us to try again is thrown: a rejected input, and a defect.
 */
export const persist = async <T>(work: () => Promise<T>, { clock, signal, report }: Persistence): Promise<T> => {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const fault = asFault(error);
      if (fault !== error || fault.kind === 'rejected') throw error;
      const wait = fault.retryAfter ?? (fault.kind === 'denied' ? HOLD : backoff(tries));
      report?.(fault, wait);
      await clock.sleep(wait, signal);
    }
  }
};

/** How long a denied fault is held before the next try. */
export const HOLD = 5 * MINUTE;

/** Full jitter: anything from nothing to a second, doubled with each try up to five minutes. */
export const backoff = (tries: number): number =>
  Math.random() * Math.min(5 * MINUTE, SECOND * 2 ** Math.min(tries, 20));
