// Of every record it is known what became of it; one of which it is not is counted, by the engine itself.
import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/runtime/account.ts';
import { unaccounted } from '../../src/runtime/fate.ts';
import { delivery, record, step } from '../support/delivery.ts';

describe('records without a known fate', () => {
  const [a, b] = [record('a'), record('b')];
  const whole = delivery(
    [a, b],
    [
      step('dedupe', [a, b], [a]),
      step(
        'normalize',
        [a],
        [
          { ...a, part: 0 },
          { ...a, part: 1 },
        ],
      ),
    ],
  );

  test('none where each was delivered, dropped or is dead', () => {
    expect(unaccounted(whole)).toBe(0);
    expect(unaccounted(delivery([a, b], [step('normalize', [a, b], [a], [b])]))).toBe(0);
    expect(unaccounted(delivery([a, a, b], [step('dedupe', [a, a, b], [])]))).toBe(0);
    expect(unaccounted(delivery([]))).toBe(0);
  });

  test.each<[string, Delivery]>([
    ['never given to the first processor', { ...whole, batch: { records: [a, b, record('c')] } }],
    ['lost between two processors', delivery([a, b], [step('one', [a, b]), step('two', [a])])],
    ['lost before the exporters', { ...whole, routes: [{ ...whole.routes[0]!, records: [] }] }],
    ['not given to one exporter', { ...whole, routes: [{ ...whole.routes[0]!, exporters: ['out', 'second'] }] }],
    ['from nowhere', delivery([a], [step('apply', [a], [a, b])])],
  ])('one that is %s', (_, one) => {
    expect(unaccounted(one)).toBe(1);
  });
});
