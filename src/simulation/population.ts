// When the events of a simulated vendor happen, and when it shows them: a history before the start and, where wanted,
// more of them while it runs, some late and out of order. What happens is the vendor's own matter.
import { DAY, MINUTE, SECOND } from '../options.ts';
import { type Random, random } from './random.ts';
import type { SimulationOptions } from './simulator.ts';

export interface Happening {
  /** Counts up in the order in which the vendor shows them; with the seed it tells everything about the event. */
  readonly index: number;
  /** When it happened, ms since the epoch. Not unique, and not in the order of the index. */
  readonly time: number;
  /** From when on the vendor shows it. */
  readonly visible: number;
}

export interface Population {
  /** All that the vendor shows now, by index. The same list as before where nothing was added. */
  shown(): readonly Happening[];
}

export interface PopulationOptions
  extends Pick<SimulationOptions, 'events' | 'seed' | 'live' | 'lateness' | 'until' | 'now'> {
  /** How far back the history reaches, in days; 7 when absent. */
  readonly days?: number;
}

/**
 * The history ends two minutes before the start, so that one reading finds all of it, whatever the reader lets settle.
 * One event in ten has the time of the one before it. One live event in ten is late.
 */
export const population = ({
  events,
  seed,
  live = 0,
  now = Date.now,
  days = 7,
  lateness = 4 * MINUTE,
  until = () => Number.POSITIVE_INFINITY,
}: PopulationOptions): Population => {
  const start = now();
  const [from, to] = [start - days * DAY, start - 2 * MINUTE];

  const past = (index: number): Happening => {
    const dice = random(seed, 'time', index);
    const own = at(index, dice);
    const time = index > 0 && dice.chance(0.1) ? at(index - 1, random(seed, 'time', index - 1)) : own;
    return { index, time, visible: time };
  };
  const at = (index: number, dice: Random) => Math.floor(from + ((index + dice.next()) / events) * (to - from));
  const fresh = (index: number): Happening => {
    const dice = random(seed, 'time', index);
    const visible = Math.ceil(start + ((index - events + 1) * SECOND) / live);
    return {
      index,
      visible,
      time: visible - (dice.chance(0.1) ? dice.between(SECOND, lateness) : dice.between(0, SECOND)),
    };
  };

  let shown: readonly Happening[] = Array.from({ length: events }, (_, index) => past(index));
  return {
    shown: () => {
      const due = events + Math.max(0, Math.floor(((Math.min(now(), until()) - start) / SECOND) * live));
      if (due > shown.length)
        shown = [...shown, ...Array.from({ length: due - shown.length }, (_, i) => fresh(shown.length + i))];
      return shown;
    },
  };
};
