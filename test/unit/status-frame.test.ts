// What `tributary top` shows: the same as the status, as wide and as long as the screen.
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { frame } from '../../src/cli/status/frame.ts';
import { bytes, span } from '../../src/cli/status/words.ts';
import { Fault } from '../../src/fault.ts';
import { SECOND } from '../../src/options.ts';
import { type World, world } from '../support/status.ts';

let here: World;
beforeEach(async () => {
  here = await world();
});
afterEach(() => here.close());

test('a table of receivers, one of exporters, and what somebody has to do', async () => {
  here.says(['a', 'b']);
  here.fails.export = new Fault('E_HTTP_DENIED', '401', { status: 401 });
  await here.clock.advance(2 * SECOND);
  const report = await here.json('/api/status');
  const lines = frame(report, { columns: 400, color: false });
  expect(lines[0]).toBe('sim, out need you.');
  expect(lines.slice(3, 5)).toEqual([
    'RECEIVER  STATE  LAG       POLLED  NEWEST  A MINUTE  READ  BUDGET    STANDS',
    'sim       held   2 s  2 s ago 200       –         0     0      10    0',
  ]);
  expect(lines.find(line => line.startsWith('later'))).toMatch(/fine +0 +0 +0 +0 records, 0 B of 1\.0 MiB$/);
  expect(lines.at(-1)).toMatch(/^out: The other side refuses .* Check the credential.*\(E_HTTP_DENIED, for 2 s\)$/);
});

test('fits the screen, whatever its size; color marks states and nothing else', async () => {
  await here.clock.advance(2 * SECOND);
  const report = await here.json('/api/status');
  const narrow = frame(report, { columns: 20, rows: 5, color: false });
  expect(narrow.map(line => line.length).every(length => length <= 20)).toBe(true);
  expect(narrow).toHaveLength(5);
  expect(narrow.at(-1)).toBe('… 5 more lines');
  const colored = frame(report, { columns: 400, color: true });
  expect(colored.map(stripVTControlCharacters)).toEqual(frame(report, { columns: 400, color: false }));
});

test.each([
  [0.2, '<1 s'],
  [59.4, '59 s'],
  [119, '1 min'],
  [3600, '1 h'],
  [7500, '2 h 5 min'],
  [90_000, '1 d 1 h'],
])('%d seconds are %s', (seconds, words) => expect(span(seconds)).toBe(words));

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [200 * 2 ** 20, '200 MiB'],
])('%d bytes are %s', (size, words) => expect(bytes(size)).toBe(words));
