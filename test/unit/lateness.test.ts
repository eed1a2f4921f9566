// What is learnt from how late events appear: what counts as late, and which `overlap` the evidence suggests.
import { describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../src/model.ts';
import { HOUR, MINUTE } from '../../src/options.ts';
import { adviseOverlap, BOUNDS, latenessOf, overlapOf } from '../../src/runtime/ledger/lateness.ts';
import { fromMillis } from '../../src/time.ts';

const END = Date.UTC(2026, 0, 15, 12);
const origin = { receiver: 'r', type: 't', site: 's', tenant: '', feed: '' };
const record = (before: number, more: Partial<AuditRecord> = {}): AuditRecord => {
  const time = fromMillis(END - before);
  return { id: String(before), time, observed: time, origin, raw: 1, ...more };
};
const step = (outgoing: readonly AuditRecord[], remembers = true) => ({
  name: 'dedupe',
  type: 'dedupe',
  remembers,
  incoming: outgoing,
  outgoing,
  dead: [],
});
const of = (records: readonly AuditRecord[], { steps = [step(records)] } = {}) =>
  latenessOf({ records }, [{ steps }], END);
/** So many in the bucket of each time. */
const counts = (some: Readonly<Record<number, number>>) =>
  [...BOUNDS, Number.POSITIVE_INFINITY].map(bound => some[bound] ?? 0);

describe('late', () => {
  test('is by how much it had happened before the end, and was not there; a minute is none', () => {
    const records = [record(-HOUR), record(MINUTE), record(MINUTE + 1), record(3 * HOUR), record(30 * 24 * HOUR)];
    expect(of(records)).toEqual(counts({ [MINUTE]: 2, [2 * MINUTE]: 1, [6 * HOUR]: 1, [Number.POSITIVE_INFINITY]: 1 }));
  });

  test('is said of new records only, once for all parts, and only where the vendor says when', () => {
    const [fresh, known] = [record(0), record(HOUR)];
    expect(of([fresh, known], { steps: [step([fresh])] })).toEqual(counts({ [MINUTE]: 1 }));
    expect(of([fresh, { ...fresh, part: 1 }, record(HOUR, { guessed: 'time' })])).toEqual(counts({ [MINUTE]: 1 }));
  });

  test('is not known before the end was reached, nor where nothing remembers', () => {
    const records = [record(HOUR)];
    expect(latenessOf({ records }, [{ steps: [step(records)] }], undefined)).toEqual([]);
    expect(of(records, { steps: [step(records, false)] })).toEqual([]);
  });
});

describe('advice', () => {
  test('is none before a thousand were seen', () => {
    expect(adviseOverlap(counts({ [HOUR]: 999 }), 5 * MINUTE)).toEqual({ seen: 999, late: 999, missed: 999 });
    expect(adviseOverlap([], 5 * MINUTE)).toEqual({ seen: 0, late: 0, missed: 0 });
  });

  test('says within which time 99.9% appeared, and leaves an overlap that covers them', () => {
    const lateness = counts({ [MINUTE]: 9000, [2 * MINUTE]: 995, [24 * HOUR]: 5 });
    expect(adviseOverlap(lateness, 5 * MINUTE)).toEqual({ seen: 10_000, late: 1000, missed: 5, most: 2 * MINUTE });
  });

  test('is twice the overlap where the sweep finds more than one in a thousand: how late those were, nobody knows', () => {
    const lateness = counts({ [MINUTE]: 9000, [5 * MINUTE]: 980, [48 * HOUR]: 20 });
    expect(adviseOverlap(lateness, 5 * MINUTE)).toMatchObject({ missed: 20, most: 48 * HOUR, suggested: 10 * MINUTE });
    expect(adviseOverlap(lateness, 20 * HOUR)).toMatchObject({ suggested: 23 * HOUR });
    expect(adviseOverlap(lateness, 23 * HOUR)).not.toHaveProperty('suggested'); // no receiver takes more
  });

  test('later than every bucket is said to be so', () => {
    expect(adviseOverlap(counts({ [Number.POSITIVE_INFINITY]: 1000 }), HOUR).most).toBe(Number.POSITIVE_INFINITY);
  });

  test('is for receivers that have an overlap', () => {
    expect([overlapOf({ overlap: 300_000 }), overlapOf({ feed: 'x' }), overlapOf(undefined)]).toEqual([
      300_000,
      undefined,
      undefined,
    ]);
  });
});
