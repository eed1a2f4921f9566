// 1Password's receiver against the simulator, over real sockets: everything arrives whatever the vendor does; and the
// simulator's own manners.
import { afterEach, describe, expect, it } from 'vitest';
import { onepassword } from '../../receivers/onepassword/index.ts';
import { type OnepasswordSimulationOptions, simulator } from '../../receivers/onepassword/simulator.ts';
import type { Fetch, HttpSettings } from '../../src/component.ts';
import type { Json } from '../../src/model.ts';
import { DAY, MINUTE, SECOND } from '../../src/options.ts';
import { type VirtualClock, virtualClock } from '../support/clock.ts';
import { testContext } from '../support/context.ts';
import { testSecret } from '../support/conversation.ts';
import { clientOf } from '../support/loopback.ts';
import { collect, type Options, type Run, START } from '../support/onepassword.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const FEEDS = {
  'onepassword-audit': 'auditevents',
  'onepassword-signins': 'signinattempts',
  'onepassword-items': 'itemusages',
} as const;

const simulated = async (
  options: Partial<OnepasswordSimulationOptions> = {},
  clock: VirtualClock = virtualClock(START),
) => {
  const simulation = await simulator.start({ events: 3000, seed: 11, now: clock.now, ...options });
  closing.push(() => simulation.close());
  const context = testContext({ clock });
  const http = (settings: HttpSettings): Fetch => {
    const client = clientOf(settings, { clock });
    closing.push(() => client.close());
    return client.fetch;
  };
  const token = testSecret(simulation.credentials.token!);
  const run = (name: keyof typeof FEEDS, options: Partial<Options> = {}, rests = 1) =>
    collect(
      onepassword({ token, feed: FEEDS[name], baseUrl: simulation.url, since: '8d', ...options }),
      context,
      http,
      rests,
    );
  return { clock, simulation, context, run, token };
};

const idsOf = ({ records }: Run) => [...new Set(records.map(r => r.id))].sort();

describe('against the simulator', () => {
  it.each(['v2', 'v1'] as const)('reads every event of every feed by %s, whatever the page size', async apiVersion => {
    const { simulation, run } = await simulated();
    for (const name of Object.keys(FEEDS) as (keyof typeof FEEDS)[]) {
      const read = await run(name, { apiVersion, pageSize: 37 });
      expect(idsOf(read)).toEqual([...simulation.ids()[name]!].sort());
      expect(read.records.length).toBeGreaterThan(idsOf(read).length); // some came twice
      expect(read.batches.some(batch => batch.records.length === 0 && batch.move!.date > 0)).toBe(true); // an empty page
    }
  });

  it('reads late events of a running vendor, over the end again and again', async () => {
    const { simulation, run, clock } = await simulated({ events: 300, live: 5 });
    const first = await run('onepassword-audit', {}, 4);
    await clock.advance(6 * MINUTE);
    const then = await run('onepassword-audit', {}, 1);
    const all = [...first.records, ...then.records];
    const late = all.filter((r, i) => i > 0 && r.time[0] < all[i - 1]!.time[0] - 2);
    expect(late.length).toBeGreaterThan(5);
    const ids = new Set(all.map(r => r.id));
    const shown = simulation.ids()['onepassword-audit']!;
    expect(shown.length - ids.size).toBeLessThanOrEqual(20); // what was added while the last page travelled
  });

  it('gets through faults of every kind without losing any', async () => {
    const { simulation, run, context } = await simulated({
      faults: [
        { rate: 0.3, times: 4, do: { status: 429, retryAfter: 7 } },
        { rate: 0.3, times: 4, do: { status: 500 } },
        { rate: 0.3, times: 4, do: { reset: true } },
        { rate: 0.3, times: 4, do: { truncate: true } },
      ],
    });
    expect(idsOf(await run('onepassword-items', { pageSize: 50 }))).toEqual(
      [...simulation.ids()['onepassword-items']!].sort(),
    );
    expect(context.faults.map(({ fault }) => fault.code)).toEqual(
      expect.arrayContaining(['E_HTTP_LIMIT', 'E_HTTP_SERVER']),
    );
    expect(context.faults.find(({ fault }) => fault.code === 'E_HTTP_LIMIT')!.wait).toBe(7 * SECOND);
  });

  it('reads again where it was allowed to, when the vendor has forgotten the cursors', async () => {
    const { simulation, run } = await simulated({ events: 200 });
    await run('onepassword-audit', { onCursorLost: 'reseed' });
    simulation.forgetCursors();
    const again = await run('onepassword-audit', { onCursorLost: 'reseed' });
    expect(again.records.length).toBeGreaterThan(0);
    expect(again.records.every(r => r.time[0] * SECOND >= START - DAY - MINUTE)).toBe(true);
  });

  it('is told which feed its token lacks', async () => {
    const { run, context } = await simulated({ features: ['itemusages'] });
    await run('onepassword-audit');
    expect(context.faults[0]!.fault).toMatchObject({ code: 'E_TENANT' });
  });
});

describe('the simulator', () => {
  const ask = async (url: string, token: string, path: string, body?: Json) => {
    const answer = await fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return {
      status: answer.status,
      headers: answer.headers,
      body: (await answer.json()) as Record<string, Json> & { cursor: string; items: Json[] },
    };
  };

  it('refuses what the vendor refuses, in both shapes', async () => {
    const { simulation } = await simulated({ events: 10 });
    const { token } = simulation.credentials;
    const statusOf = async (body: Json) => (await ask(simulation.url, token!, '/api/v2/auditevents', body)).status;
    expect(await statusOf({ limit: 1001 })).toBe(400);
    expect(await statusOf({ cursor: 'nonsense' })).toBe(400);
    expect(await statusOf({ cursor: 'x', limit: 10 })).toBe(400);
    expect(await statusOf({ start_time: 'yesterday' })).toBe(400);
    expect(await statusOf({})).toBe(200);
    expect((await ask(simulation.url, 'wrong', '/api/v2/auditevents', {})).body).toMatchObject({
      status: 401,
      message: expect.any(String),
    });
    expect((await ask(simulation.url, 'wrong', '/api/v1/auditevents', {})).body).toMatchObject({
      Error: { Message: expect.any(String) },
    });
  });

  it('gives the same cursor at the end, and equal pages for equal seeds, prepared or not', async () => {
    const [one, two] = [await simulated(), await simulated({ prepared: true })];
    const body = { limit: 1000, start_time: new Date(START - 9 * DAY).toISOString() };
    const pages = await Promise.all(
      [one, two].map(({ simulation: s }) => ask(s.url, s.credentials.token!, '/api/v2/auditevents', body)),
    );
    expect(pages[0]!.body).toEqual(pages[1]!.body);
    let { cursor } = pages[0]!.body;
    let last: Record<string, Json> = {};
    for (let i = 0; i < 5 && last.has_more !== false; i++)
      last = (await ask(one.simulation.url, one.simulation.credentials.token!, '/api/v2/auditevents', { cursor })).body;
    cursor = last.cursor as string;
    const end = await ask(one.simulation.url, one.simulation.credentials.token!, '/api/v2/auditevents', { cursor });
    expect(end.body).toEqual({ cursor, has_more: false, items: [] });
  });

  it('answers 429 above 600 a minute only where that was asked for', async () => {
    const { simulation } = await simulated({ events: 10, limited: true });
    const statuses: number[] = [];
    for (let i = 0; i < 601; i++)
      statuses.push((await ask(simulation.url, simulation.credentials.token!, '/api/v2/auth/introspect')).status);
    expect(statuses.filter(status => status === 200)).toHaveLength(600);
    expect(statuses.at(-1)).toBe(429);
  });
});
