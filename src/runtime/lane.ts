// One receiver, from its stream to the disk.
import { concatMap, finalize, Observable, type RetryConfig, retry, takeUntil, tap } from 'rxjs';
import type { Receiver } from '../component.ts';
import { Fault } from '../fault.ts';
import type { Batch } from '../model.ts';

export interface LaneControl {
  /** Stop asking; what is in hand is finished. */
  readonly stop: AbortSignal;
  /** Give up what is in hand. */
  readonly abort: AbortSignal;
  /** When to begin again after a defect. */
  readonly restart: NonNullable<RetryConfig['delay']>;
}

/** Completes when it was stopped and has nothing in hand, or when it was aborted. */
export const lane = (
  receiver: Receiver,
  deliver: (batch: Batch, signal: AbortSignal) => Promise<void>,
  { stop, abort, restart }: LaneControl,
): Observable<void> =>
  receiver.emissions.pipe(
    takeUntil(when(stop)), // stop asking …
    concatMap(({ batch, receipt }) =>
      abortable(signal => deliver(batch, signal)).pipe(
        // … finish what is in hand …
        tap({ complete: () => receipt.deliver() }),
        finalize(() => receipt.abandon(new Fault('E_ABANDONED'))), // (nothing, once delivered)
      ),
    ),
    retry({ delay: restart, resetOnSuccess: true }), // … begin again after a defect …
    takeUntil(when(abort)), // … unless time is up
  );

/** Unsubscribing does not stop an async function; aborting its signal does. */
const abortable = (work: (signal: AbortSignal) => Promise<void>) =>
  new Observable<void>(subscriber => {
    const cut = new AbortController();
    work(cut.signal).then(
      () => {
        subscriber.next();
        subscriber.complete();
      },
      error => subscriber.error(error),
    );
    return () => cut.abort(new Fault('E_ABANDONED'));
  });

/** A signal as a stream that also tells those who come late: a bare Subject would let a stopped lane restart. */
const when = (signal: AbortSignal) =>
  new Observable<void>(subscriber => {
    const tell = () => subscriber.next();
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
    return () => signal.removeEventListener('abort', tell);
  });
