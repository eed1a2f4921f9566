// Progress: what the looks of a receiver say of its speed and of the rest, how it reads, and what a terminal is written.
import { expect, test } from 'vitest';
import { block, line, type Size } from '../../src/cli/progress/render.ts';
import { openView, type Terminal } from '../../src/cli/progress/show.ts';
import { type Progress, tracker } from '../../src/cli/progress/track.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord } from '../../src/model.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/options.ts';
import type { Delivery } from '../../src/runtime/account.ts';
import type { Standing } from '../../src/runtime/http/budget.ts';
import type { Exchange } from '../../src/runtime/telemetry/observer.ts';
import { fromMillis } from '../../src/time.ts';
import { virtualClock } from '../support/clock.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const page = (times: readonly number[], low: number): Delivery => ({
  batch: {
    records: times.map((time, i) => ({ id: String(i), time: fromMillis(time) }) as AuditRecord), // all that is looked at
    move: { after: 0, position: null, low, date: NOW },
  },
  routes: [],
  exporters: [],
});
const asked: Exchange = { status: 200, sent: 0, took: 0, date: undefined };
const budget = (more: Partial<Standing> = {}): Standing => ({
  key: 'https://v.example k',
  remaining: 0,
  told: undefined,
  until: 0,
  waiting: 0,
  open: false,
  ...more,
});
const settings = (rates: readonly { requests: number; per: number }[]) => ({
  origin: 'https://v.example',
  auth: { credential: 'k', headers: async () => ({}), refused: () => false },
  rates,
});

/** Ten seconds of reading: a page a second, each a day further on its way through 100 days. */
const tenSeconds = (names: readonly string[], rates: readonly { requests: number; per: number }[] = []) => {
  const { observer, look } = tracker(names);
  for (const name of names) {
    observer.opened?.(name, settings(rates));
    observer.delivered?.(name, page([], NOW - 100 * DAY));
  }
  for (let second = 0; second <= 10; second++) {
    if (second > 0)
      for (const name of names) {
        observer.asked?.(name, asked);
        observer.delivered?.(name, page([NOW - (100 - second) * DAY], NOW - 100 * DAY));
      }
    look(NOW + second * SECOND, []);
  }
  return { observer, look };
};

test('the rest is estimated from the span ahead, at the speed of late', () => {
  const [seen] = tenSeconds(['a']).look(NOW + 10 * SECOND, []);
  expect(seen).toMatchObject({
    receiver: 'a',
    events: 10,
    rate: 1,
    reached: NOW - 90 * DAY,
    state: 'reads',
    quota: false,
  });
  expect(seen!.left).toBeCloseTo(90 * SECOND, -3);
});

test('by the quota, where that takes longer; receivers of one credential share it', () => {
  const rates = [{ requests: 30, per: MINUTE }];
  const alone = tenSeconds(['a'], rates).look(NOW + 10 * SECOND, [budget()]);
  expect(alone[0]!.left).toBeCloseTo(3 * MINUTE, -3); // 90 requests, 30 a minute
  expect(alone[0]!.quota).toBe(true);
  const rich = tenSeconds(['a'], rates).look(NOW + 10 * SECOND, [budget({ remaining: 60 })]);
  expect(rich[0]!.left).toBeCloseTo(90 * SECOND, -3);
  const both = tenSeconds(['a', 'b'], rates).look(NOW + 10 * SECOND, [budget()]);
  expect(both.map(({ left }) => Math.round(left! / MINUTE))).toEqual([6, 6]);
});

test('when the vendor asked us to wait, that is added', () => {
  const [seen] = tenSeconds(['a']).look(NOW + 10 * SECOND, [budget({ until: NOW + HOUR })]);
  expect(seen!.left).toBeGreaterThan(HOUR);
  expect(seen!.quota).toBe(true);
});

test('nothing is estimated from too little, and nothing of what comes in no order', () => {
  const { observer, look } = tracker(['a', 'files']);
  expect(look(NOW, [])).toMatchObject([
    { events: 0, reached: undefined, left: undefined },
    { events: 0, reached: undefined, left: undefined },
  ]);
  observer.opened?.('a', settings([]));
  for (const name of ['a', 'files']) {
    observer.delivered?.(name, page([NOW - DAY], 0));
    look(NOW, []);
    observer.delivered?.(name, page([NOW - HOUR], 0));
  }
  expect(look(NOW + SECOND, []).map(({ left }) => left)).toEqual([undefined, undefined]);
  const [a, files] = look(NOW + 10 * SECOND, []);
  expect(a!.left).toBeGreaterThan(0);
  expect(files).toMatchObject({ reached: NOW - HOUR, left: undefined });
});

test('a time that no vendor can mean moves nothing', () => {
  const { observer, look } = tracker(['a']);
  observer.delivered?.('a', page([NOW - DAY, NOW + 900 * DAY], NOW - 2 * DAY));
  expect(look(NOW, [])[0]?.reached).toBe(NOW - DAY);
});

test('waits until something comes, and ends as it ends', () => {
  const { observer, look } = tracker(['a']);
  const state = () => look(NOW, [])[0]?.state;
  observer.faulted?.('a', new Fault('E_HTTP_LIMIT'), 'receiver/a');
  observer.delivered?.('a', page([], 0));
  expect(state()).toEqual({ waits: 'E_HTTP_LIMIT' });
  observer.delivered?.('a', page([NOW], 0));
  expect(state()).toBe('reads');
  observer.rested?.('a');
  expect(state()).toBe('done');
  observer.ended?.('a', new Fault('E_TIMEOUT'));
  expect(state()).toEqual({ failed: 'E_TIMEOUT' });
  observer.faulted?.('exporter/out', new Fault('E_TIMEOUT'), 'exporter/out'); // a queue is no receiver
});

const row = (more: Partial<Progress> = {}): Progress => ({
  receiver: 'opal',
  events: 12_345,
  rate: 410.2,
  reached: NOW,
  left: 3 * MINUTE,
  quota: false,
  state: 'reads',
  ...more,
});
const wide: Size = { columns: 120, rows: 24 };

test('as a block: a line for each, in columns', () => {
  const rows = [
    row(),
    row({ receiver: 'one-password', events: 7, rate: 0.25, left: 2 * HOUR, quota: true }),
    row({ receiver: 'quiet', events: 0, rate: 0, reached: undefined, left: undefined }),
    row({ receiver: 'slow', state: { waits: 'E_HTTP_LIMIT' } }),
    row({ receiver: 'ready', state: 'done' }),
    row({ receiver: 'broken', state: { failed: 'E_AUTH' } }),
  ];
  expect(block(rows, wide)).toEqual([
    'opal          12,345 events  410/s  at 2026-01-15T12:00Z  about 3 min left',
    'one-password       7 events  0.3/s  at 2026-01-15T12:00Z  about 2 h left, by the quota',
    'quiet              0 events    0/s',
    'slow          12,345 events         at 2026-01-15T12:00Z  waits: E_HTTP_LIMIT',
    'ready         12,345 events         at 2026-01-15T12:00Z  done',
    'broken        12,345 events         at 2026-01-15T12:00Z  ended: E_AUTH',
  ]);
});

test('no line is wider than the terminal, and no more of them than it is high', () => {
  const many = Array.from({ length: 30 }, (_, i) => row({ receiver: `r${i}`, state: i < 25 ? 'done' : 'reads' }));
  for (const columns of [0, 1, 2, 20, 60]) {
    const lines = block(many, { columns, rows: 10 });
    expect(lines.length).toBeLessThanOrEqual(8);
    for (const text of lines) expect(text.length).toBeLessThanOrEqual(Math.max(0, columns - 1));
  }
  const lines = block(many, { ...wide, rows: 10 });
  expect(lines.map(text => text.split(' ')[0])).toEqual(['r25', 'r26', 'r27', 'r28', 'r29', 'r0', 'r1', '…']);
  expect(lines.at(-1)).toBe('… and 23 more');
  expect(block(many, { ...wide, rows: 1 }).length).toBe(1);
});

test('what a terminal would obey is shown', () => {
  expect(block([row({ receiver: 'a\u001b[2Jb' })], wide)[0]).toMatch(/^a\\u\{1b\}\[2Jb /);
  expect(block([row({ reached: Number.MAX_VALUE })], wide)[0]).not.toContain('at ');
});

test('as one line for a log', () => {
  expect(line([row(), row({ receiver: 'ready', state: 'done' })])).toBe(
    'opal: 12,345 events, 410/s, at 2026-01-15T12:00Z, about 3 min left; ready: 12,345 events, at 2026-01-15T12:00Z, done',
  );
});

/** What a terminal shows in the end of what it was written: lines, and going up and erasing. */
const screen = () => {
  const lines: string[] = [''];
  let at = 0;
  const terminal: Terminal = {
    size: () => wide,
    write: text => {
      const put = (said: string) => {
        for (const [i, part] of said.replaceAll('\r', '').split('\n').entries()) {
          if (i > 0) lines[++at] ??= '';
          if (part !== '') lines[at] = part;
        }
      };
      const [first = '', ...others] = text.split('\u001b');
      put(first);
      for (const each of others) {
        const [whole = '', rows = '0', sign] = /^\[(\d*)([AJ])/.exec(each) ?? [];
        if (sign === 'A') at -= Number(rows);
        else lines.splice(at, lines.length, '');
        put(each.slice(whole.length));
      }
    },
  };
  return { lines, terminal };
};

test('the block stays at the end; what is logged comes above it; the last line is clean', async () => {
  const clock = virtualClock(NOW);
  const { lines, terminal } = screen();
  const view = openView({ receivers: ['a'], clock, format: 'text', standings: () => [], terminal });
  await clock.advance(SECOND);
  expect(lines).toEqual(['a  0 events  0/s', '']);
  view.log.warn({}, 'something');
  expect(lines).toEqual([expect.stringContaining('something'), 'a  0 events  0/s', '']);
  view.observer.delivered?.('a', page([NOW - DAY], 0));
  view.observer.ended?.('a');
  view.close();
  expect(lines).toEqual([expect.stringContaining('something'), 'a  1 event  at 2026-01-14T12:00Z  done', '']);
  await clock.advance(MINUTE); // still
  view.close();
  expect(lines.length).toBe(3);
  expect(clock.sleepers).toBe(0);
});

test('elsewhere a line each ten seconds, and none for a short run', async () => {
  const clock = virtualClock(NOW);
  const said: string[] = [];
  const tell = (_: object, message: string) => void said.push(message);
  const log = { info: tell, warn: tell, error: tell };
  const open = () =>
    openView({ receivers: ['a', 'b'], clock, format: undefined, standings: () => [], terminal: undefined, log });
  const short = open();
  await clock.advance(9 * SECOND);
  short.close();
  expect(said).toEqual([]);
  const long = open();
  await clock.advance(35 * SECOND);
  long.close();
  expect(said).toEqual(Array(3).fill('a: 0 events, 0/s; b: 0 events, 0/s'));
});
