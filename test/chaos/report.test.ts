// What a run of chaos counts as failed: a crime, and a place that it promised to visit and did not.
import { expect, test } from 'vitest';
import { points } from '../../src/point.ts';
import { checksOf, isEnough, type Report, tableOf } from './report.ts';

const report = (places: Report['places'], violations: Report['violations'] = []): Report => ({
  seed: 1,
  lives: 3,
  places,
  generated: 10,
  letters: {},
  ends: { archive: { events: 10, repeats: 0, bound: 0 } },
  met: { vendors: { 429: 1 } },
  violations,
  folder: violations.length > 0 ? '/kept' : undefined,
});
const all = Object.fromEntries(points.map(place => [place, 1]));
const failed = (...given: Parameters<typeof checksOf>) =>
  Object.entries(checksOf(...given)).flatMap(([what, fine]) => (fine ? [] : [what]));

test('nothing, where each place was visited often enough over all histories', () => {
  expect(failed([report({ ...all, 'at random': 4 }), report({ ...all, 'at random': 2 })], 2)).toEqual([]);
});

test('a place that was not, and chance', () => {
  const { 'in commit': _, ...others } = all;
  expect(failed([report(others)], 1)).toEqual(['1 kills at "in commit"', '3 kills at random']);
  expect(failed([report(others)], 0)).toEqual([]);
});

test('so a run goes on until there were enough', () => {
  const once = report({ ...all, 'at random': 3 });
  expect([isEnough([once], 2), isEnough([once, once], 2), isEnough([], 0)]).toEqual([false, true, true]);
});

test('each kind of difference; the first are shown, with where to look', () => {
  const violations = Array.from({ length: 30 }, (_, i) => ({ crime: 'lost' as const, what: `event ${i}` }));
  expect(failed([report(all, violations)], 0)).toEqual(['no lost']);
  const table = tableOf([report(all, violations)], 1);
  expect(table).toContain('30 differences');
  expect(table).toContain('seed 1: lost: event 19');
  expect(table).not.toContain('event 20');
  expect(table).toContain('/kept');
});
