// The set of marks against a plain Set, through growth and removals, and with digests that want the same slot.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf, Marks, WIDTH } from '../../src/runtime/state/marks.ts';

/** Few different first words: nearly all of them collide. */
const crowded = (n: number): Buffer => {
  const digest = Buffer.alloc(WIDTH);
  digest.writeUInt32LE(n % 3, 0);
  digest.writeUInt32LE(n + 1, 8);
  return digest;
};

test.each([
  ['digests of ids', (n: number) => digestOf(`id ${n}`)],
  ['digests that collide', crowded],
])('%s: holds what was added and not removed', (_, digest) => {
  const step = fc.record({ add: fc.boolean(), n: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const [marks, model] = [new Marks(), new Set<number>()];
      for (const { add, n } of steps) {
        if (add) marks.add(digest(n));
        else marks.delete(digest(n));
        if (add) model.add(n);
        else model.delete(n);
      }
      expect(marks.size).toBe(model.size);
      for (let n = 0; n <= 60; n++) expect(marks.has(digest(n))).toBe(model.has(n));
    }),
  );
});

test('a hundred thousand ids, read from a blob, and half of them removed', () => {
  const marks = new Marks();
  const blob = Buffer.concat(Array.from({ length: 100_000 }, (_, n) => digestOf(String(n))));
  for (let at = 0; at < blob.length; at += WIDTH) marks.add(blob, at);
  expect(marks.size).toBe(100_000);
  for (let at = 0; at < blob.length; at += 2 * WIDTH) marks.delete(blob, at);
  expect(marks.size).toBe(50_000);
  expect([0, 1, 2, 99_999].map(n => marks.has(digestOf(String(n))))).toEqual([false, true, false, true]);
});
