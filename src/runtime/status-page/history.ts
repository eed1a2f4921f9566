// The last hours minute by minute, as JSON: what the charts are drawn from.
import type { Clock } from '../../component.ts';
import { MINUTE, SECOND } from '../../options.ts';
import type { Plan } from '../plan.ts';
import { type Facts, MINUTES, type Minute } from './facts.ts';

export interface History {
  /** When the last minute began: it is still counted. */
  readonly until: string;
  readonly every_seconds: number;
  readonly receivers: readonly ReceiverHistory[];
}

/** One number for each minute, the oldest first; `null` where there was nothing to measure, or we did not run. */
export interface ReceiverHistory {
  readonly name: string;
  /** Records read. */
  readonly records: readonly (number | null)[];
  /** From event to delivery, of new records: the median and the longest; seconds. */
  readonly delay_median_seconds: readonly (number | null)[];
  readonly delay_longest_seconds: readonly (number | null)[];
}

export const history = ({ lanes }: Plan, facts: Facts, clock: Clock): History => {
  const last = Math.floor(clock.now() / MINUTE);
  const first = Math.floor(facts.started / MINUTE);
  return {
    until: new Date(last * MINUTE).toISOString(),
    every_seconds: MINUTE / SECOND,
    receivers: lanes.map(({ receiver: { name } }) => {
      const minutes = facts.lane(name).minutes.all();
      const ran = (i: number) => last - MINUTES + 1 + i >= first;
      return {
        name,
        records: minutes.map((minute, i) => (ran(i) ? (minute?.read ?? 0) : null)),
        delay_median_seconds: minutes.map(medianOf),
        delay_longest_seconds: minutes.map(minute => (minute?.delays.length ? minute.longest / SECOND : null)),
      };
    }),
  };
};

const medianOf = (minute: Minute | undefined): number | null => {
  const sorted = minute?.delays.toSorted((a, b) => a - b) ?? [];
  return sorted.length === 0 ? null : sorted[sorted.length >> 1]! / SECOND;
};
