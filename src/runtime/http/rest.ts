// A wait that shrinks as time passes, and does not grow when the clock steps back.
export interface Rest {
  /** ms, at `at` */
  readonly left: number;
  /** ms since the epoch */
  readonly at: number;
}

export const NO_REST: Rest = { left: 0, at: 0 };

export const restOf = (left: number, at: number): Rest => ({ left, at });

/** How long it still lasts; ms. A clock that stepped back has seen no time pass. */
export const restsFor = ({ left, at }: Rest, now: number): number => Math.max(0, left - Math.max(0, now - at));

/** The same, read by the clock as it is now. */
export const settledRest = (rest: Rest, now: number): Rest => ({ left: restsFor(rest, now), at: now });
