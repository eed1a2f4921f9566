// When and where the program is killed, drawn from a seed: the same seed gives the same schedule.

import { SECOND } from '../../src/options.ts';
import { type Point, points } from '../../src/point.ts';
import { type Dice, dice } from '../property/crash/dice.ts';

/** One kill: at the n-th visit of a place, or so many ms after the start. */
export type Kill = { readonly at: Point; readonly visit: number } | { readonly after: number };

/** Random kills for each round of places. */
const RANDOM = Math.ceil(points.length / 4);

/** How many kills a round has: each place once, and some at any moment. */
export const ROUND = points.length + RANDOM;

/** The places that a life of a second or two comes by only once or twice. */
const RARE = /^queue|rename|finish/;

/** Rounds without end, each in an order of its own. */
export function* schedule(seed: number): Generator<Kill> {
  for (let round = 0; ; round++) yield* shuffled(oneRound(dice(seed * 1000 + round)), dice(seed * 1000 + round + 500));
}

const oneRound = ({ pick, next, chance, between }: Dice): readonly Kill[] => [
  ...points.map(at => ({ at, visit: RARE.test(at) ? 1 : pick(1, 1, 2, 3, 5) })),
  // While it starts, in its first work, and later.
  ...Array.from({ length: RANDOM }, () => ({
    after: Math.round(chance(0.3) ? between(20, 500) : 400 + next() * (chance(0.8) ? 1 : 4) * SECOND),
  })),
];

const shuffled = (kills: readonly Kill[], { next }: Dice): readonly Kill[] =>
  kills
    .map(kill => ({ kill, order: next() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ kill }) => kill);
