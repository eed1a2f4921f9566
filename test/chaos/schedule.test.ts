// When the program is killed: the same for the same seed, and each place once a round.
import { expect, test } from 'vitest';
import { points } from '../../src/point.ts';
import { type Kill, ROUND, schedule } from './schedule.ts';

const first = (seed: number): readonly Kill[] =>
  schedule(seed)
    .take(2 * ROUND)
    .toArray();

test('equal seeds give equal schedules, others give others', () => {
  expect(first(3)).toEqual(first(3));
  expect(first(3)).not.toEqual(first(4));
});

test('each round has each place once, and a quarter as many kills at any moment', () => {
  for (const round of [first(1).slice(0, ROUND), first(1).slice(ROUND)]) {
    const places = round.flatMap(kill => ('at' in kill ? [kill.at] : []));
    expect(places.toSorted()).toEqual(points.toSorted());
    expect(round.length - places.length).toBe(Math.ceil(points.length / 4));
  }
});
