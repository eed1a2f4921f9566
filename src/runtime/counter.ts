// What a lane has to tell the ledger with its next commit: the requests since the last one, and what a batch is.
import type { Clock } from '../component.ts';
import type { Received } from '../counts.ts';
import type { AuditRecord, Batch } from '../model.ts';
import { toMillis } from '../time.ts';
import type { Step } from './account.ts';
import { countedOf, sourcesOf } from './fate.ts';
import { latenessOf } from './ledger/lateness.ts';
import type { Store } from './state/state.ts';
import type { Exchange } from './telemetry/observer.ts';

export interface Counter {
  /** When the vendor's end was last reached, by its clock, as the ledger remembers; ms since the epoch. */
  begin(reached: number | undefined): void;
  /** A request was answered, or was not. */
  asked(exchange: Pick<Exchange, 'status'>): void;
  /** The vendor's end was reached, with the last batch. */
  rested(): void;
  /** Takes what is to be told with a batch. Nothing where there is nothing to tell. */
  take(batch: Batch, routes: readonly { readonly steps: readonly Step[] }[]): Received | undefined;
  /** It was not committed: it is told the next time. */
  putBack(received: Received): void;
  /** Tells it at once, of requests that brought nothing to commit; what cannot be told now is told the next time. */
  tell(store: Pick<Store, 'commit'>, clock: Pick<Clock, 'now'>): Promise<void>;
}

export const createCounter = (receiver: string): Counter => {
  let [requests, failed] = [0, 0];
  let [end, told]: (number | undefined)[] = [];
  let date: number | undefined;
  const counter: Counter = {
    begin: reached => {
      [end, told] = [reached, reached];
    },
    asked: ({ status }) => {
      requests++;
      if (status === undefined || status >= 300) failed++;
    },
    rested: () => {
      end = date ?? end;
    },
    take: (batch, routes) => {
      const { records, move, gap } = batch;
      const lateness = latenessOf(batch, routes, end);
      date = move?.date || date;
      if (requests === 0 && records.length === 0 && !gap && end === told) return undefined;
      const events = spanOf(records);
      const received: Received = {
        receiver,
        requests,
        failed,
        fetched: countedOf(sourcesOf(records), new Map()),
        lateness,
        ...(events && { events }),
        ...(gap && { gap }),
        ...(end !== undefined && { end }),
      };
      [requests, failed, told] = [0, 0, end];
      return received;
    },
    putBack: received => {
      requests += received.requests;
      failed += received.failed;
      told = undefined;
    },
    tell: async (store, clock) => {
      const received = counter.take({ records: [] }, []);
      if (!received) return;
      const counts = { received, fates: [], dead: [] };
      await store.commit([{ kind: 'count', counts }], clock.now()).catch(() => counter.putBack(received));
    },
  };
  return counter;
};

/** When the first and the last of them happened; a guessed time says nothing. */
const spanOf = (records: readonly AuditRecord[]): Received['events'] => {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { guessed, time } of records) {
    if (guessed === 'time' || guessed === 'both') continue;
    const at = toMillis(time);
    [first, last] = [Math.min(first, at), Math.max(last, at)];
  }
  return first <= last ? { first, last } : undefined;
};
