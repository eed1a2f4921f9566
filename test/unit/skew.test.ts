// A clock that is wrong is said once for each receiver, and again when it is right.
import { expect, test } from 'vitest';
import { MINUTE } from '../../src/options.ts';
import { watchSkew } from '../../src/runtime/telemetry/skew.ts';

test('a clock that is an hour off is said once, by how much, and when it is right again', () => {
  const lines: object[] = [];
  const tell = (fields: object, message: string) => void lines.push({ ...fields, message });
  const { asked } = watchSkew({ info: tell, warn: tell, error: tell });
  const ask = (lane: string, minutes: number | undefined) => {
    const date = minutes === undefined ? undefined : Date.UTC(2026, 0, 15, 12) - minutes * MINUTE;
    asked?.(lane, { status: 200, sent: Date.UTC(2026, 0, 15, 12) + 500, took: 0, date });
  };
  for (const minutes of [0, 4, undefined]) ask('opal', minutes);
  expect(lines).toEqual([]);
  for (const minutes of [60, 61, undefined]) ask('opal', minutes);
  ask('audit', -60);
  ask('opal', 0);
  expect(lines).toEqual([
    { lane: 'opal', seconds: 3600, message: expect.stringContaining("our clock is 3600 s ahead of the vendor's") },
    { lane: 'audit', seconds: -3600, message: expect.stringContaining('3600 s behind the vendor') },
    { lane: 'opal', seconds: 0, message: expect.stringContaining('agrees') },
  ]);
});
