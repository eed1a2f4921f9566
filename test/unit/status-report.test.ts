// The status as JSON: what it says of receivers, exporters, flows and the last hours follows what happens; who may ask.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { statusText } from '../../src/cli/status/show.ts';
import { Fault } from '../../src/fault.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import type { History } from '../../src/runtime/status-page/history.ts';
import { type Seen, verdictOf } from '../../src/runtime/status-page/verdict.ts';
import { type World, world } from '../support/status.ts';

let here: World;
beforeEach(async () => {
  here = await world();
});
afterEach(() => here.close());

describe('a receiver', () => {
  test('reads what there is, and is then up to date; the numbers move with it', async () => {
    here.says(['a', 'b', 'c'], 10 * MINUTE);
    await here.clock.advance(2 * SECOND);
    const { receivers, flows, exporters, words, ledger } = await here.json('/api/status');
    expect(words).toBe('The receiver is up to date.');
    expect(receivers).toMatchObject([
      {
        name: 'sim',
        type: 'sim',
        reads: 'sim https://sim.example acme',
        state: 'fine',
        lag_seconds: 2,
        last_poll: { status: 200, took_seconds: 0.04 },
        position: { words: '3', moved: 2 },
        newest_event: new Date(here.clock.now() - 10 * MINUTE - 2 * SECOND).toISOString(),
        budget: { left: expect.any(Number), said_by: 'us', rates: [{ requests: 600, per_seconds: 60 }] },
        records: 3,
        trouble: null,
        faults: [],
      },
    ]);
    expect(flows).toMatchObject([
      { from: 'receiver/sim', to: 'pipeline/audit', records: 3, per_minute: 90 },
      { from: 'pipeline/audit', to: 'exporter/out', records: 3 },
      { from: 'pipeline/audit', to: 'exporter/later', records: 3 },
    ]);
    expect(exporters).toMatchObject([
      { name: 'out', sent: 3, queue: null },
      { name: 'later', sent: 3, queue: { records: 0, limit_bytes: 2 ** 20 } },
    ]);
    const fates = { fetched: 3, duplicate: 0, filtered: 0, delivered: 3, dead: 0, pending: 0, holds: true };
    expect(ledger).toEqual([
      { receiver: 'sim', pipeline: 'audit', exporter: 'later', ...fates },
      { receiver: 'sim', pipeline: 'audit', exporter: 'out', ...fates },
    ]);
  });

  test('waits out what passes by itself, and says that it is held where somebody has to act; then it is over', async () => {
    here.fails.poll = new Fault('E_NETWORK', 'no route to sim.example');
    await here.clock.advance(0);
    expect(await here.json('/api/status')).toMatchObject({
      state: 'waiting',
      receivers: [{ state: 'waiting', trouble: { code: 'E_NETWORK', remedy: expect.stringContaining('DNS') } }],
    });
    await here.clock.advance(MINUTE);
    here.fails.export = new Fault('E_HTTP_DENIED', '401 Unauthorized', { status: 401 });
    here.says(['a']);
    await here.clock.advance(MINUTE);
    const held = await here.json('/api/status');
    expect(held).toMatchObject({ state: 'held', words: 'sim, out need you.' });
    expect(held.receivers[0]?.faults).toMatchObject([
      { code: 'E_HTTP_DENIED', status: 401, place: 'exporter/out', words: '401 Unauthorized', times: 1 },
      { code: 'E_NETWORK', words: 'no route to sim.example', times: 1 },
    ]);
    await here.clock.advance(10 * MINUTE);
    expect(await here.json('/api/status')).toMatchObject({ state: 'fine', receivers: [{ trouble: null, records: 1 }] });
  });

  test('remembers ten faults and no more; one that comes again is counted', async () => {
    for (const word of ['a', ...'abcdefghijkl']) {
      here.fails.poll = new Fault('E_NETWORK', word);
      await here.clock.advance(6 * MINUTE);
    }
    const { faults } = (await here.json('/api/status')).receivers[0]!;
    expect(faults.map(({ words }) => words).join('')).toBe('lkjihgfedc');
    here.fails.poll = new Fault('E_NETWORK', 'l');
    await here.clock.advance(6 * MINUTE);
    expect((await here.json('/api/status')).receivers[0]?.faults[0]).toMatchObject({ words: 'l', times: 2 });
  });
});

test('says what became of the last change of the config', async () => {
  expect((await here.json('/api/status')).reload).toBeNull();
  const time = here.clock.now();
  here.reloaded({ time, outcome: 'refused', reason: 'receivers.sim: is missing' });
  await here.clock.advance(SECOND);
  const text = async () => statusText(await here.json('/api/status'));
  expect(await text()).toContain('one before goes on\n  receivers.sim: is missing\n');
  const refused = {
    at: new Date(time).toISOString(),
    outcome: 'refused',
    reason: 'receivers.sim: is missing',
    kept: [],
  };
  expect((await here.json('/api/status')).reload).toMatchObject(refused);
  const change = { keep: ['a'], stop: ['b'], start: ['b', 'c'] };
  const adopted = [{ from: 'x', to: 'c' }];
  here.reloaded({ time, outcome: 'applied', change, adopted, notes: ['n'] });
  await here.clock.advance(SECOND);
  const told = { kept: ['a'], stopped: ['b'], started: ['b', 'c'], adopted, notes: ['n'] };
  const applied = { outcome: 'applied', reason: null, ...told };
  expect((await here.json('/api/status')).reload).toMatchObject(applied);
  expect(await text()).toMatch(/the config changed at .*: b, c\n {2}c goes on where x stood\n/);
});

test.each<[Partial<Seen>, string]>([
  [{}, 'fine'],
  [{ rested: false }, 'reading'],
  [{ lag: 2 }, 'behind'],
  [{ ended: true }, 'ended'],
  [{ trouble: { fault: new Fault('E_TIMEOUT'), place: 'receiver/sim', since: 0 } }, 'waiting'],
  [{ trouble: { fault: new Fault('E_SECRET'), place: 'receiver/sim', since: 0 }, ended: true }, 'held'],
])('%j is %s', (seen, state) => {
  const all = { trouble: undefined, lag: 0, lagLimit: 1, rested: true, ended: false, ...seen };
  expect(verdictOf(all).state).toBe(state);
});

describe('the last hours', () => {
  test('have a point a minute, of what was read and how late; history that is read first counts as read only', async () => {
    here.says(['old'], HOUR);
    await here.clock.advance(2 * MINUTE);
    here.says(['a', 'b'], 5 * SECOND);
    here.says(['late'], 10 * MINUTE);
    await here.clock.advance(MINUTE);
    const { every_seconds, receivers } = await here.json<History>('/api/history');
    expect(every_seconds).toBe(60);
    const { records, delay_median_seconds: median, delay_longest_seconds: longest } = receivers[0]!;
    expect(records).toHaveLength(360);
    expect(records.slice(-5)).toEqual([null, 1, 0, 0, 3]);
    expect(median.slice(-2)).toEqual([null, 65]);
    expect(longest.at(-1)).toBe(660);
  });

  test('are six, and what is older is forgotten', async () => {
    here.says(['a']);
    await here.clock.advance(MINUTE);
    const sum = async () =>
      (await here.json<History>('/api/history')).receivers[0]!.records.reduce<number>((a, b) => a + (b ?? 0), 0);
    expect(await sum()).toBe(1);
    await here.clock.advance(6 * HOUR);
    expect(await sum()).toBe(0);
  });
});

describe('who asks', () => {
  test.each([
    'evil.example',
    'evil.example:8686',
    '127.0.0.1.evil.example',
    'localhost.evil.example:80',
    '[::1].evil.example',
  ])('as %j is refused, whatever the path', async host => {
    for (const path of ['/', '/api/status', '/api/config', '/nowhere'])
      expect(await here.get(path, { host })).toMatchObject({ status: 421, text: '' });
  });

  test.each(['127.0.0.1:9000', 'localhost', 'LOCALHOST:8686', '[::1]:8686', '10.0.0.7:8686'])(
    'as %j is answered',
    async host => {
      expect(await here.get('/api/status', { host })).toMatchObject({ status: 200 });
    },
  );

  test('may only read', async () => {
    expect(await here.get('/api/nothing')).toMatchObject({ status: 404 });
    const { headers } = await here.get('/api/status');
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' });
    expect(headers['access-control-allow-origin']).toBeUndefined();
  });
});
