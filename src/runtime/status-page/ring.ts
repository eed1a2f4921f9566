// What happened in each slot of time, for so many slots and no more: rates and charts are made of these.
import type { Clock } from '../../component.ts';

export interface Ring<T> {
  /** The slot of this moment, to be changed in place. */
  now(): T;
  /** All of them, oldest first and this moment's last; nothing for one in which nothing happened. */
  all(): readonly (T | undefined)[];
}

export interface RingOptions<T> {
  readonly clock: Clock;
  /** How many slots. */
  readonly keep: number;
  /** How long one is; ms. Slots begin at multiples of it. */
  readonly every: number;
  readonly empty: () => T;
}

export const ring = <T>({ clock, keep, every, empty }: RingOptions<T>): Ring<T> => {
  const slots: ({ readonly number: number; readonly value: T } | undefined)[] = [];
  const number = () => Math.floor(clock.now() / every);
  const find = (wanted: number) => {
    const slot = slots[wanted % keep];
    return slot?.number === wanted ? slot : undefined;
  };
  return {
    now: () => {
      const current = number();
      const slot = find(current) ?? { number: current, value: empty() };
      slots[current % keep] = slot;
      return slot.value;
    },
    all: () => {
      const last = number();
      return Array.from({ length: keep }, (_, i) => find(last - keep + 1 + i)?.value);
    },
  };
};
