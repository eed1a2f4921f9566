// Chance that repeats: the same seed plays the same history.
export interface Dice {
  /** 0 to 1 */
  next(): number;
  pick<T>(...from: readonly T[]): T;
  chance(share: number): boolean;
  /** Both ends included. */
  between(low: number, high: number): number;
}

export const dice = (seed: number): Dice => {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    pick: (...from) => from[Math.floor(next() * from.length)]!,
    chance: share => next() < share,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
  };
};
