// 1Password's receiver: what is asked and in which order, whose cursor is used, and that everything arrives once
// whatever the vendor does.
import { afterEach, describe, expect, it } from 'vitest';
import { onepassword } from '../../receivers/onepassword/index.ts';
import { type OnepasswordSimulationOptions, simulator } from '../../receivers/onepassword/simulator.ts';
import { claimsOf, hostOf } from '../../receivers/onepassword/token.ts';
import type { Answer, Call, Fetch, HttpSettings, Spec } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { type AuditRecord, type Batch, identify, type Json } from '../../src/model.ts';
import { DAY, MINUTE, SECOND, type Secret, secret } from '../../src/options.ts';
import { faultOf } from '../../src/runtime/status.ts';
import { type VirtualClock, virtualClock } from '../support/clock.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { testSecret } from '../support/conversation.ts';
import { clientOf } from '../support/loopback.ts';

const START = Date.UTC(2026, 0, 15, 12);
const ACCOUNT = 'M4E2SWNZAZFTRGQGDNS2E5A4MU';

type Options = Parameters<typeof onepassword>[0];

/** A JWT that nobody signed. */
const jwt = (claims: Json): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

// ---- Running a receiver ----

interface Run {
  readonly records: readonly AuditRecord[];
  readonly batches: readonly Batch[];
}

/** Takes and commits what is emitted until the receiver has rested so often, or a fault is waited out. */
const collect = async (
  spec: Spec<'receiver'>,
  context: TestContext,
  http: (settings: HttpSettings) => Fetch,
  rests = 1,
): Promise<Run> => {
  const checked = await spec.schema['~standard'].validate(spec.options);
  if (checked.issues) throw new Error(JSON.stringify(checked.issues));
  const batches: Batch[] = [];
  const ended = Promise.withResolvers<void>();
  let left = rests;
  const receiver = spec.create(
    {
      ...context,
      http,
      rest: () => {
        if (--left === 0) ended.resolve();
      },
      report: (fault, wait) => {
        context.report(fault, wait);
        if (fault.kind === 'denied') ended.resolve();
      },
    },
    checked.value,
  );
  const subscription = receiver.emissions.subscribe({
    next: ({ batch, receipt }) => {
      batches.push(batch);
      if (batch.move)
        context.commit([{ kind: 'move', receiver: 'test', identity: identify(receiver.origin), move: batch.move }]);
      receipt.deliver();
    },
    error: ended.reject,
  });
  await context.clock.run(ended.promise).finally(() => subscription.unsubscribe());
  return { batches, records: batches.flatMap(batch => batch.records) };
};

// ---- A vendor by script ----

type Reply = { readonly status?: number; readonly body: Json };
const page = (cursor: string, has_more: boolean, ...uuids: readonly string[]): Reply => ({
  body: { cursor, has_more, items: uuids.map(uuid => ({ uuid, timestamp: '2026-01-15T09:00:00.123456789Z' })) },
});
const own = (features: readonly string[] = ['auditevents'], account_uuid = ACCOUNT): Reply => ({
  body: { uuid: 'X', issued_at: '2026-01-01T00:00:00Z', features, account_uuid },
});

/** Answers in this order; remembers what was asked, and of whom. */
const scripted = (replies: readonly Reply[], clock = virtualClock(START)) => {
  const context = testContext({ clock });
  const calls: Call[] = [];
  const settings: HttpSettings[] = [];
  const left = [...replies];
  const http = (given: HttpSettings): Fetch => {
    settings.push(given);
    return async call => {
      calls.push(call);
      const { status = 200, body } = left.shift() ?? { status: 403, body: 'the script is over' };
      const fault = faultOf(status, {}, JSON.stringify(body), clock.now());
      if (fault) throw fault;
      return { status, headers: {}, date: clock.now(), text: JSON.stringify(body) } satisfies Answer;
    };
  };
  const run = (options: Partial<Options> = {}, rests = 1) =>
    collect(onepassword({ token: testSecret('plain'), feed: 'auditevents', ...options }), context, http, rests);
  const add = (...more: readonly Reply[]) => void left.push(...more);
  return {
    context,
    calls,
    settings,
    http,
    run,
    add,
    paths: () => calls.map(call => new URL(call.url).pathname),
    bodies: () => calls.map(call => call.body),
  };
};

describe('what is asked', () => {
  it('begins with a limit and a start, goes on with the cursor alone, and keeps the last one for ever', async () => {
    const vendor = scripted([
      own(),
      page('c1', true, 'A', 'B'),
      page('c2', true),
      page('c3', false, 'C'),
      page('c3', false),
    ]);
    const { records } = await vendor.run({}, 2);
    expect(vendor.paths()).toEqual(['/api/v2/auth/introspect', ...Array(4).fill('/api/v2/auditevents')]);
    expect(vendor.bodies()).toEqual([
      undefined,
      { limit: 1000, start_time: new Date(START - 119 * DAY).toISOString() },
      { cursor: 'c1' },
      { cursor: 'c2' }, // the page before was empty
      { cursor: 'c3' }, // after a rest
    ]);
    expect(vendor.calls.slice(1).every(call => call.method === 'POST')).toBe(true);
    expect(records.map(r => r.id)).toEqual(['A', 'B', 'C']);
    expect(records[0]!.time[1]).toBe(123_456_789);

    vendor.add(own(), page('c3', false)); // another start of the program
    await vendor.run();
    expect(vendor.bodies().at(-1)).toEqual({ cursor: 'c3' });
  });

  it('takes what the options say', async () => {
    const vendor = scripted([own(['itemusages']), page('c1', false)]);
    await vendor.run({
      feed: 'itemusages',
      pageSize: 5,
      since: '2026-01-10T00:00:00Z',
      apiVersion: 'v1',
      baseUrl: 'https://events.1password.ca',
    });
    expect(vendor.calls[1]).toMatchObject({
      url: 'https://events.1password.ca/api/v1/itemusages',
      body: { limit: 5, start_time: '2026-01-10T00:00:00.000Z' },
    });
    expect(vendor.settings[0]).toMatchObject({
      origin: 'https://events.1password.ca',
      rates: [
        { requests: 600, per: 60_000 },
        { requests: 30_000, per: 3_600_000 },
      ],
    });
  });

  it.each([
    [{ feed: 'logins' }, 'feed'],
    [{ pageSize: 1001 }, 'pageSize'],
    [{ pageSize: 0 }, 'pageSize'],
    [{ baseUrl: 'http://events.1password.com' }, 'https'],
    [{ sinse: '1d' }, 'sinse'],
    [{ token: 'eyJ...' }, 'secret.env'],
  ])('refuses %j', async (options, words) => {
    const spec = onepassword({ token: testSecret('plain'), feed: 'auditevents', ...(options as object) });
    const { issues } = await spec.schema['~standard'].validate(spec.options);
    expect(JSON.stringify(issues)).toContain(words);
  });

  it('never lets an empty cursor begin the stream anew', async () => {
    const later = scripted([own(), page('c1', false, 'A'), page('', false), page('c1', false)]);
    await later.run({}, 3);
    expect(later.bodies().slice(-2)).toEqual([{ cursor: 'c1' }, { cursor: 'c1' }]);

    const stuck = scripted([own(), page('c1', true, 'A'), page('', true, 'B')]);
    expect((await stuck.run()).records.map(r => r.id)).toEqual(['A']); // B is asked for again, not lost
    expect(stuck.context.faults[0]!.fault.code).toBe('E_WALK_STUCK');

    const first = scripted([own(), page('', false, 'A')]);
    expect((await first.run()).records).toEqual([]);
    expect(first.context.faults[0]!.fault).toMatchObject({ code: 'E_PAGE_SHAPE', kind: 'denied' });
  });

  it('says which span the vendor no longer keeps', async () => {
    const vendor = scripted([own(), page('c1', true, 'A'), page('c2', false, 'B')]);
    const { batches } = await vendor.run({ since: '200d' });
    expect(batches.map(batch => batch.gap)).toEqual([
      undefined,
      { from: START - 200 * DAY, to: START - 120 * DAY },
      undefined,
    ]);
  });
});

describe('a refused cursor', () => {
  const refused: Reply = { status: 400, body: { status: 400, message: 'Invalid cursor' } };
  const lost = [own(), page('c1', false, 'A'), refused];

  it('holds, and says what the vendor said', async () => {
    const vendor = scripted(lost);
    await vendor.run({}, 2);
    expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_CURSOR_LOST', kind: 'denied' });
    expect(vendor.context.faults[0]!.fault.message).toContain('Invalid cursor');
  });

  it('where that is wanted, reads again from a day before the last time all was read, and promises no less', async () => {
    const vendor = scripted([...lost, page('d1', false, 'A', 'B')]);
    const { batches } = await vendor.run({ onCursorLost: 'reseed' }, 2);
    const end = batches[1]!.move!.date; // the first rest
    expect(vendor.bodies().at(-1)).toEqual({ limit: 1000, start_time: new Date(end - DAY).toISOString() });
    expect(batches.every((batch, i) => i === 0 || batch.move!.low <= end - DAY || batch.move!.date > end)).toBe(true);
    expect(onepassword({ token: testSecret('x'), feed: 'auditevents' }).repeats?.({ onCursorLost: 'reseed' })).toBe(
      DAY,
    );
  });

  it('holds when the cursor that came of reading again is refused at the same place', async () => {
    const vendor = scripted([...lost, page('d1', true, 'A'), refused]);
    await vendor.run({ onCursorLost: 'reseed' }, 2);
    expect(vendor.context.faults[0]!.fault.code).toBe('E_CURSOR_LOST');
  });
});

describe('the token', () => {
  it('must have the feed: says what it has', async () => {
    const vendor = scripted([own(['signinattempts', 'itemusages'])]);
    await vendor.run();
    expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_TENANT', kind: 'denied' });
    expect(vendor.context.faults[0]!.fault.message).toContain('auditevents: it has only signinattempts, itemusages');
    expect(vendor.calls).toHaveLength(1); // nothing was asked of the feed
  });

  it('is read in the older shape, where the newer address is not there', async () => {
    const missing: Reply = { status: 404, body: { Error: { Message: 'not found' } } };
    const vendor = scripted([missing, { body: { UUID: 'X', IssuedAt: 'y', Features: ['itemusages'] } }]);
    await vendor.run();
    expect(vendor.paths()).toEqual(['/api/v2/auth/introspect', '/api/auth/introspect']);
    expect(vendor.context.faults[0]!.fault.message).toContain('only itemusages');
  });

  it('need not be introspected: two times 404 is no reason not to read', async () => {
    const missing: Reply = { status: 404, body: 'nothing here' };
    const vendor = scripted([missing, missing, page('c1', false, 'A'), page('c1', false)]);
    const { records } = await vendor.run({}, 2);
    expect(records).toHaveLength(1);
    expect(vendor.calls).toHaveLength(4); // asked once

    const claims = scripted([missing, missing]);
    await claims.run({ token: testSecret(jwt({ '1password.com/fts': ['itemusages'] })) });
    expect(claims.context.faults[0]!.fault.code).toBe('E_TENANT'); // its own claims say so
  });

  it.each([{ status: 401, message: 'Unauthorized access' }, { Error: { Message: 'Unauthorized access' } }])(
    'that is refused holds with the words of %j',
    async body => {
      const vendor = scripted([{ status: 401, body }]);
      await vendor.run();
      expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_HTTP_DENIED', status: 401 });
      expect(vendor.context.faults[0]!.fault.message).toContain('Unauthorized access');
    },
  );

  it('of another account never uses the cursor of the first, also when it is exchanged while we run', async () => {
    const name = 'TRIBUTARY_TEST_ROTATED';
    process.env[name] = 'first';
    const token: Secret = secret.env(name);
    const vendor = scripted([own(), page('c1', false, 'A')]);
    await vendor.run({ token });

    process.env[name] = 'second';
    vendor.add(own(['auditevents'], 'OTHER'));
    const { records } = await vendor.run({ token });
    expect(records).toEqual([]);
    expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_TENANT', kind: 'denied' });
    expect(vendor.context.faults[0]!.fault.message).toContain(ACCOUNT);
    expect(vendor.calls).toHaveLength(3); // the cursor was not sent

    process.env[name] = 'third'; // of the first account again
    vendor.add(own(), page('c2', false, 'B'));
    expect((await vendor.run({ token })).records.map(r => r.id)).toEqual(['B']);
    expect(vendor.bodies().at(-1)).toEqual({ cursor: 'c1' });
  });

  it('is asked about again when it was exchanged, and only then', async () => {
    const name = 'TRIBUTARY_TEST_ROTATED';
    process.env[name] = 'first';
    const vendor = scripted([own(), page('c1', true, 'A'), page('c2', true, 'B')]);
    const http = (settings: HttpSettings): Fetch => {
      const fetch = vendor.http(settings);
      return async (call, signal) => {
        const answer = await fetch(call, signal);
        if (JSON.stringify(call.body)?.includes('c1')) process.env[name] = 'second';
        return answer;
      };
    };
    vendor.add(own(['auditevents'], 'OTHER'));
    await collect(onepassword({ token: secret.env(name), feed: 'auditevents' }), vendor.context, http);
    expect(vendor.context.faults[0]!.fault.code).toBe('E_TENANT');
    expect(vendor.paths().filter(path => path.includes('introspect'))).toHaveLength(2);
  });

  it('must be of the account that the options name', async () => {
    const vendor = scripted([own(['auditevents'], 'OTHER')]);
    await vendor.run({ account: ACCOUNT });
    expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_TENANT' });
  });

  it('names its host, of the four that are documented', async () => {
    const host = (aud: Json) => hostOf(claimsOf(jwt({ aud })));
    expect(host(['events.1password.eu'])).toBe('https://events.1password.eu');
    expect(host(['https://events.ent.1password.com'])).toBe('https://events.ent.1password.com');
    expect(host('events.1password.ca')).toBe('https://events.1password.ca');
    expect(host(['com.1password.streamingservice'])).toBe('https://events.1password.com');
    expect(hostOf(claimsOf('no jwt'))).toBe('https://events.1password.com');
    for (const strange of [
      'events.1password.com.evil.example',
      'https://evil.example/events.1password.com',
      'http://events.1password.com',
    ])
      expect(() => host([strange])).toThrow(Fault);
  });

  it('leads there, and to nowhere else', async () => {
    const eu = scripted([own(), page('c1', false)]);
    await eu.run({ token: testSecret(jwt({ aud: ['events.1password.eu'] })) });
    expect(eu.settings.map(s => s.origin)).toEqual(['https://events.1password.eu']);

    const strange = scripted([]);
    await strange.run({ token: testSecret(jwt({ aud: ['evil.example'] })) });
    expect(strange.context.faults[0]!.fault.code).toBe('E_ORIGIN');
    expect(strange.calls).toEqual([]);

    const explicit = scripted([own(), page('c1', false)]);
    await explicit.run({ token: testSecret(jwt({ aud: ['evil.example'] })), baseUrl: 'https://proxy.example/1p' });
    expect(explicit.calls[1]!.url).toBe('https://proxy.example/1p/api/v2/auditevents');
  });

  it('says when it ends', async () => {
    const vendor = scripted([own(), page('c1', false)]);
    await vendor.run({ token: testSecret(jwt({ exp: 1_800_000_000 })) });
    const { auth } = vendor.settings[0]!;
    await auth!.headers(() => Promise.reject(new Error('nothing to send')), START, new AbortController().signal);
    expect(auth!.expires!()).toBe(1_800_000_000 * SECOND);
  });
});

// ---- The simulator, over real sockets ----

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
