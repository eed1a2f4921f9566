// Positions as their receivers judge and move them, and as people read them.
import { expect, test } from 'vitest';
import type { Json } from '../../src/model.ts';
import { DAY, HOUR } from '../../src/options.ts';
import { cursor, links } from '../../src/source/walks.ts';
import { offset, windows } from '../../src/source/windows.ts';
import { inWords } from '../../src/source/words.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const walk = windows({ since: now => now - DAY, span: DAY, settle: 0, overlap: 0, behind: DAY });
const plain = windows({ since: now => now - DAY, span: DAY, settle: 0, overlap: 0, behind: Number.POSITIVE_INFINITY });

test('windows go back on both tracks, and owe nothing; a gap that was told is told again', () => {
  const begun = { ...walk.start(NOW), lost: NOW };
  const back = walk.rewind?.(begun, NOW - 3 * DAY);
  expect(back).toEqual(walk.start(NOW - 2 * DAY));
  const swept = { ...begun, sweep: { ...begun.sweep, from: NOW - 9 * DAY } };
  expect(walk.rewind?.(swept, NOW - 3 * DAY)?.sweep.from).toBe(NOW - 9 * DAY); // what was owed stays owed
  expect(walk.rewind?.(begun, NOW - DAY)).toBeUndefined(); // it stands there
  expect(walk.rewind?.(begun, NOW)).toBeUndefined(); // forward is no way back: what lies between would be skipped
});

test('a cursor is left for a new beginning, but never for one that may skip what it has yet to read', () => {
  for (const of of [cursor, links]) {
    const { rewind } = of({ since: now => now, onLost: 'hold' });
    const place = { cursor: 'c', since: NOW, low: NOW };
    expect(rewind?.(place, NOW - HOUR)).toEqual({ cursor: null, since: NOW - HOUR, low: NOW - HOUR });
    expect(rewind?.(place, NOW)).toBeUndefined();
    expect(rewind?.(place, NOW + HOUR)).toBeUndefined();
  }
});

test('what was reached once is more than what is never read again', () => {
  const begun = walk.start(NOW);
  const further = { ...begun, live: { ...begun.live, from: NOW - HOUR } };
  expect([walk.low(further), walk.reached?.(further)]).toEqual([NOW - DAY, NOW - HOUR]);
  expect(cursor({ since: () => 0, onLost: 'hold' }).reached?.({ cursor: 'c', since: 1, low: 2 })).toBe(2);
});

const start = JSON.parse(JSON.stringify(walk.start(NOW)));
test.each<[string, (json: Json) => boolean, Json, boolean]>([
  ['a first one', walk.fits, start, true],
  [
    'one with a slice',
    walk.fits,
    { ...start, live: { ...start.live, slice: { from: 1, width: 2, answered: 3 } } },
    true,
  ],
  ['of the same by number', offset({ since: () => 0, span: 1, settle: 0, overlap: 0, behind: 1 }).fits, start, true],
  ['nothing', walk.fits, {}, false],
  ['a text', walk.fits, 'here', false],
  ['half of one', walk.fits, { live: start.live, owed: 0 }, false],
  ['a time as a text', walk.fits, { ...start, live: { ...start.live, from: '2026' } }, false],
  ['a time that no date has', walk.fits, { ...start, live: { ...start.live, from: 1e300 } }, false],
  ['a slice that is none', walk.fits, { ...start, live: { ...start.live, slice: { from: 1, answered: 3 } } }, false],
  ['a cursor', cursor({ since: () => 0, onLost: 'hold' }).fits, { cursor: null, since: 1, low: 1 }, true],
  ['a cursor without a time', cursor({ since: () => 0, onLost: 'hold' }).fits, { cursor: 'x' }, false],
])('%s fits: as expected', (_, fits, json, expected) => {
  expect(fits(json)).toBe(expected);
});

test.each<[string, Json, number, string]>([
  [
    'windows',
    { shape: 'windows/1', at: walk.start(NOW) as Json },
    NOW - DAY,
    'read up to 2026-01-14T12:00:00.000Z, sweep at 2026-01-14T12:00:00.000Z',
  ],
  [
    'windows that have no sweep',
    {
      shape: 'windows/1',
      at: { ...plain.start(NOW), live: { ...plain.start(NOW).live, from: NOW, to: NOW + HOUR } } as Json,
    },
    NOW,
    'read up to 2026-01-15T12:00:00.000Z, on the way to 2026-01-15T13:00:00.000Z',
  ],
  [
    'a cursor',
    { shape: 'cursor/1', at: { cursor: 'c', since: 0, low: NOW } },
    NOW,
    'at a cursor of the vendor, all read up to 2026-01-15T12:00:00.000Z',
  ],
  [
    'no cursor yet',
    { shape: 'links/1', at: { cursor: null, since: NOW, low: NOW } },
    NOW,
    'begins at 2026-01-15T12:00:00.000Z',
  ],
  [
    'files',
    { shape: 'files/1', done: { a: 1 }, bad: {}, reading: { digest: 'b', name: 'b.zip', records: 7 }, read: NOW },
    0,
    '1 file delivered, last read at 2026-01-15T12:00:00.000Z, in the middle of b.zip (7 records)',
  ],
  ['a shape of one’s own', { shape: 'mine/1', at: 5 }, 0, '{"shape":"mine/1","at":5}'],
  ['a damaged one', { shape: 'windows/1', at: { live: 1 } }, 0, '{"shape":"windows/1","at":{"live":1}}'],
  ['a shape named like what every object has', { shape: 'toString', at: 1 }, 0, '{"shape":"toString","at":1}'],
])('%s in words', (_, stored, low, words) => {
  expect(inWords(stored, low)).toBe(words);
});
