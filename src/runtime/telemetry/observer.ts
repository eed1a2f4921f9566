// Who looks on while lanes run: the meter, the demo's table, tests. The engine tells each of them the same few things,
// after they happened; nobody who looks on can change or delay anything.
import type { HttpSettings } from '../../component.ts';
import type { AnyConfig } from '../../config.ts';
import type { Fault } from '../../fault.ts';
import type { AuditRecord } from '../../model.ts';
import type { Delivery } from '../account.ts';
import type { Difference, Plan } from '../plan.ts';

/** Whatever of these it has is called, at once and in order. Must be quick, and may not throw. */
export interface Observer {
  /** From now on this plan holds: told before its lanes start, at the start and after a change of the config. */
  planned?(plan: Plan): void;
  /** A lane begins; its receiver reads this log. One of this name may have ended before. */
  began?(lane: string, identity: string): void;
  /** The reader of a queue begins. One of this name may have ended before. */
  reading?(exporter: string): void;
  /** A delivery, after its commit. */
  delivered?(lane: string, delivery: Delivery): void;
  /**
   * An exporter took records from its queue, after the commit that removed them.
   * @param refused how many it did not take  @param from when it was given them; ms since the epoch
   */
  dequeued?(exporter: string, records: readonly AuditRecord[], refused: number, from: number): void;
  /** The vendor has no more for now, and everything is committed. */
  rested?(lane: string): void;
  /** A fault that is waited out. @param lane the place again, where it is a queue's  @param place where: `receiver/NAME` or `exporter/NAME` */
  faulted?(lane: string, fault: Fault, place: string): void;
  /** A lane ended; with a fault, if it could not finish. */
  ended?(lane: string, fault?: Fault): void;
  /** The config was looked at again: it changed, or somebody asked for it. */
  reloaded?(reload: Reload): void;
  /** A receiver made a client. */
  opened?(lane: string, settings: HttpSettings): void;
  /** One of its requests was answered, or was not. */
  asked?(lane: string, exchange: Exchange): void;
}

/** What became of a change of the config. */
export interface Reload {
  /** ms since the epoch */
  readonly time: number;
  /** `unchanged`: it says the same. `refused`: the one before goes on. */
  readonly outcome: 'applied' | 'unchanged' | 'refused';
  /** Why it was refused, and what to do; several lines. */
  readonly reason?: string;
  /** Lanes, by their receivers; of one that was applied. What is in `stop` and in `start` was made anew. */
  readonly change?: Difference;
  /** Receivers that go on where another name stood. */
  readonly adopted?: readonly { readonly from: string; readonly to: string }[];
  /** What is worth a warning, and what has no effect before the next start; a line each. */
  readonly notes?: readonly string[];
  /** What runs from now on; of one that was applied. */
  readonly config?: AnyConfig;
}

/** One request, without its contents. */
export interface Exchange {
  /** Nothing when no answer came. */
  readonly status: number | undefined;
  /** Our clock, ms since the epoch: when it was sent, without the wait for the budget. */
  readonly sent: number;
  /** ms until the answer was read, or given up. */
  readonly took: number;
  /** The vendor's `Date` header, where there was one; ms since the epoch, cut to the second. */
  readonly date: number | undefined;
}

/** All of them as one. */
export const together = (observers: readonly Observer[]): Required<Observer> => ({
  planned: (...told) => observers.forEach(each => void each.planned?.(...told)),
  began: (...told) => observers.forEach(each => void each.began?.(...told)),
  reading: (...told) => observers.forEach(each => void each.reading?.(...told)),
  delivered: (...told) => observers.forEach(each => void each.delivered?.(...told)),
  dequeued: (...told) => observers.forEach(each => void each.dequeued?.(...told)),
  rested: (...told) => observers.forEach(each => void each.rested?.(...told)),
  faulted: (...told) => observers.forEach(each => void each.faulted?.(...told)),
  ended: (...told) => observers.forEach(each => void each.ended?.(...told)),
  reloaded: (...told) => observers.forEach(each => void each.reloaded?.(...told)),
  opened: (...told) => observers.forEach(each => void each.opened?.(...told)),
  asked: (...told) => observers.forEach(each => void each.asked?.(...told)),
});
