// Why each walk asks what it asks next, in words; and what is said where a walk has none, or nothing is due.
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Explanation } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import type { Json } from '../../src/model.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { type Api, defineHttpReceiver } from '../../src/source/http.ts';
import { type Asked, cursor, links, type Walk } from '../../src/source/walks.ts';
import { offset, type Windows, windows } from '../../src/source/windows.ts';
import { lasting } from '../../src/source/words.ts';
import { testContext } from '../support/context.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const settings = {
  since: () => NOW - 10 * DAY,
  span: DAY,
  settle: 30 * SECOND,
  overlap: 5 * MINUTE,
  behind: DAY,
  archive: 5 * DAY,
  keeps: 30 * DAY,
};

/** What a receiver with this walk says of a position. */
const explained = async <P extends Json, Ask extends Asked>(
  walk: Walk<P, Ask>,
  at: P | undefined,
  more: Partial<Api<P, Ask>> = {},
  now = NOW,
): Promise<Explanation> => {
  const { positions } = defineHttpReceiver<z.ZodObject, unknown, P, Ask>({
    type: 'sim',
    options: z.object({}),
    repeats: () => 0,
    page: z.unknown(),
    items: () => [],
    lead: () => ({ next: null }),
    identify: () => ({}),
    ocsf: { describe: () => Object.assign({}), read: () => [] },
    api: () => ({
      base: 'https://sim.example/v1/',
      every: MINUTE,
      auth: { credential: '', headers: async () => ({ authorization: 'Bearer hidden' }), refused: () => false },
      walk,
      request: ask => ({ path: '/events', query: { cursor: ask.cursor, nothing: undefined } }),
      ...more,
    }),
  })({}).create(testContext(), {});
  return positions!.explain!(at === undefined ? undefined : ({ shape: walk.shape, at } as Json), now);
};

const walk = windows(settings);
const start = walk.start(NOW);
const live = (more: object): Windows => ({ ...start, live: { ...start.live, ...more } });
const recent = { from: NOW - HOUR };

test.each<[string, Windows, readonly string[], number?]>([
  [
    'a whole window',
    live({ from: NOW - 3 * DAY }),
    ['a window begins at 2026-01-12T12:00:00.000Z', 'it ends after 1d, which is as wide as a window gets'],
  ],
  [
    'one that ends at the present',
    live(recent),
    ['where there was a window before, it reaches 5m back into it', 'it ends 30s behind the clock'],
  ],
  [
    'a page of one',
    live({ ...recent, to: NOW - MINUTE, cursor: 'c', date: NOW - SECOND, pages: 2 }),
    [
      "it is in the window from 2026-01-15T11:00:00.000Z to 2026-01-15T11:59:00.000Z, begun at 2026-01-15T11:59:59.000Z by the vendor's clock",
      'page 3 of it, where the last page ended',
    ],
  ],
  [
    'a part of one',
    live({ from: NOW - 2 * DAY, to: NOW - DAY, slice: { from: NOW - 2 * DAY, width: HOUR, answered: 0 } }),
    [
      'it is in the window',
      'the vendor gave up on more at once: 2026-01-13T12:00:00.000Z to 2026-01-13T13:00:00.000Z is a part',
    ],
  ],
  [
    'the archive',
    live({ to: NOW - 9 * DAY, archive: true }),
    ['it is in the window', 'the archive is asked, because it is older than 5d'],
  ],
  [
    'what may be gone',
    live({ from: NOW - 40 * DAY }),
    [
      'a window begins',
      'as wide as a window gets',
      'the vendor keeps 30d: what is older may be gone, and is told as a gap',
    ],
  ],
  [
    'the sweep',
    { ...live(recent), owed: 2 },
    ['the live reading rests at 2026-01-15T11:00:00.000Z; each hour is read once more when it is 1d old'],
  ],
  [
    'nothing yet',
    live({ from: NOW }),
    [
      'it is read up to 2026-01-15T12:00:00.000Z, and a window ends 30s behind the clock: the next one begins after 2026-01-15T12:00:30.000Z',
    ],
  ],
])('windows: %s', async (_, position, why) => {
  const said = await explained(walk, position);
  expect(said.why).toEqual(why.map(words => expect.stringContaining(words)));
});

test('windows: where each outcome leads; nothing where nothing is asked', async () => {
  const { after } = await explained(walk, live({ from: NOW - 3 * DAY }));
  expect(after).toEqual([
    'if that is the last page: read up to 2026-01-13T11:55:00.000Z, sweep at 2026-01-05T12:00:00.000Z; then on at once',
    'if there is another one: read up to 2026-01-12T12:00:00.000Z, on the way to 2026-01-13T12:00:00.000Z, sweep at 2026-01-05T12:00:00.000Z; then on at once',
  ]);
  expect(await explained(walk, live({ from: NOW }))).toMatchObject({
    next: ['nothing yet: it looks again every 1m'],
    after: [],
  });
  const full = await explained(windows({ ...settings, maxPages: 1 }), live({ from: NOW - 3 * DAY }));
  expect(full.after[1]).toContain('it would hold: more than 1 pages');
});

test('offset: as windows, and how many records of the window were read', async () => {
  const { why } = await explained(offset(settings), live({ ...recent, to: NOW - MINUTE, cursor: '200', pages: 2 }));
  expect(why.at(-1)).toBe('pages are counted: 200 records of this part were read');
});

test('cursor: from the start, and on; its end keeps a cursor, too', async () => {
  const walk = cursor({ since: () => NOW - DAY, onLost: 'hold' });
  const first = await explained(walk, undefined);
  expect(first.why).toEqual([
    expect.stringContaining('it has not begun'),
    'no page was read yet: the log is read from 2026-01-14T12:00:00.000Z on',
  ]);
  const on = await explained(walk, { cursor: 'c', since: NOW - DAY, low: NOW - HOUR });
  expect(on.why).toEqual([expect.stringContaining('the vendor keeps the place')]);
  expect(on.after).toEqual([
    'if that is the last page: at a cursor of the vendor, all read up to 2026-01-15T12:00:00.000Z; then a rest of 1m',
    'if there is another one: at a cursor of the vendor, all read up to 2026-01-15T11:00:00.000Z; then on at once',
  ]);
});

test('links: the address', async () => {
  const walk = links({ since: () => NOW, onLost: 'hold' });
  const at = { cursor: 'https://sim.example/v1/events?after=7', since: NOW, low: NOW };
  const { request, why } = await explained(walk, at, { request: ({ cursor }) => ({ path: cursor ?? '/events' }) });
  expect(request).toEqual({ method: 'GET', url: 'https://sim.example/v1/events?after=7', query: {} });
  expect(why.at(-1)).toBe('the place is an address: https://sim.example/v1/events?after=7');
});

test('a walk of one’s own that says nothing is asked what it would do', async () => {
  const { explain: _, ...silent } = cursor({ since: () => NOW, onLost: 'hold' });
  const { why } = await explained({ ...silent, shape: 'mine/1' }, { cursor: 'c', since: NOW, low: NOW });
  expect(why).toEqual([`the walk mine/1 asks {"cursor":"c","since":${NOW}}`]);
});

test('no credential is in it, and none is needed: where it names the host, that is said', async () => {
  const base = () => Promise.reject(new Fault('E_SECRET', 'not set'));
  const owner = async () => 'acme';
  const said = await explained(walk, start, { base, site: 'https://site.example', owner });
  expect(said.request).toMatchObject({ method: 'GET', url: 'https://site.example/events', query: {} });
  expect(said.next).toEqual([
    'the credential, which cannot be read now, may name another host',
    'before it, once for each credential: whose log that reads',
  ]);
  expect(JSON.stringify(said)).not.toContain('hidden');
});

test('a position of another shape is refused, as the receiver itself would', async () => {
  await expect(explained(walk, { live: 5 } as unknown as Windows)).rejects.toMatchObject({ code: 'E_POSITION' });
});

test.each([
  [30 * SECOND, '30s'],
  [90 * MINUTE, '90m'],
  [14 * DAY, '14d'],
  [DAY + 1, '1d'],
  [250, '250ms'],
  [Number.POSITIVE_INFINITY, 'for ever'],
])('%d ms is %s', (ms, words) => expect(lasting(ms)).toBe(words));
