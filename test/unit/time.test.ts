// Moments as the vendors write them: none of their digits is lost, and what is no time is none.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromMillis, moment, toMillis } from '../../src/time.ts';

test.each([
  ['2026-01-15T09:56:07Z', [1768470967, 0], 0],
  ['2026-01-15T09:56:07.1Z', [1768470967, 100_000_000], 0],
  ['2024-12-02T11:54:21.24645983Z', [1733140461, 246_459_830], 0],
  ['2024-12-02T11:54:19.710457472Z', [1733140459, 710_457_472], 0],
  ['2024-12-16T16:32:50-03:00', [1734377570, 0], -180],
  ['2024-12-16T16:32:50.5+0530', [1734346970, 500_000_000], 330],
  ['2021-11-01 12:00:00', [1635768000, 0], undefined],
  ['2026-01-15t09:56:07,123z', [1768470967, 123_000_000], 0],
  ['1969-12-31T23:59:59.9Z', [-1, 900_000_000], 0],
  [1768470967, [1768470967, 0], undefined],
  [1768470967123, [1768470967, 123_000_000], undefined],
])('%s', (text, time, offset) => {
  expect(moment(text)).toEqual(offset === undefined ? { time } : { time, offset });
});

test.each([
  undefined,
  '',
  'yesterday',
  '2026-13-01T00:00:00Z',
  '2026-01-15T25:00:00Z',
  '2026-01-15T09:56:07.Z',
  '2026-01-15',
  Number.NaN,
  -1,
  12,
])('%s is no time', text => {
  expect(moment(text)).toBeUndefined();
});

describe('any moment', () => {
  test('is read as it was written, to the nanosecond, whatever the number of digits and the offset', () => {
    const written = fc.record({
      seconds: fc.integer({ min: 0, max: 4_102_444_799 }),
      fraction: fc.stringMatching(/^\d{0,9}$/),
      hours: fc.integer({ min: -14, max: 14 }),
    });
    fc.assert(
      fc.property(written, ({ seconds, fraction, hours }) => {
        const local = new Date((seconds + hours * 3600) * 1000).toISOString().slice(0, 19);
        const zone = hours === 0 ? 'Z' : `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`;
        expect(moment(`${local}${fraction && `.${fraction}`}${zone}`)).toEqual({
          time: [seconds, Number(fraction.padEnd(9, '0'))],
          offset: hours * 60,
        });
      }),
    );
  });

  test('goes to milliseconds by cutting, and back', () => {
    expect(toMillis([1768470967, 999_999_999])).toBe(1768470967999);
    fc.assert(fc.property(fc.integer({ min: -1e12, max: 4e12 }), ms => toMillis(fromMillis(ms)) === ms));
  });
});
