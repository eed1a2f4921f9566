// Opal's receiver against its simulator over a real socket: what is asked, and that all of it arrives whatever happens
// on the way.
import { afterEach, describe, expect, test } from 'vitest';
import { opal } from '../../receivers/opal/index.ts';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Call, Receiver } from '../../src/component.ts';
import type { AuditRecord, Emission, Json } from '../../src/model.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/options.ts';
import type { FaultScript } from '../../src/simulation/faults.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type VirtualClock, virtualClock } from '../support/clock.ts';
import { testContext } from '../support/context.ts';
import { testSecret } from '../support/conversation.ts';
import { clientOf } from '../support/loopback.ts';

const START = Date.UTC(2026, 0, 15, 12);
const ID = '29827fb8-f2dd-4e80-9576-28e31e9934ac';

type Options = Parameters<typeof opal>[0];

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A simulated Opal and a receiver of it, on the same clock. */
const bench = async (
  given: { events?: number; live?: number; faults?: FaultScript; options?: Partial<Options> } = {},
) => {
  const clock = virtualClock(START);
  const simulation = await simulator.start({
    events: given.events ?? 100,
    seed: 7,
    live: given.live,
    faults: given.faults,
    now: clock.now,
  });
  closing.push(() => simulation.close());
  const calls: Call[] = [];
  const context = testContext({ clock });
  const http: typeof context.http = settings => {
    const client = clientOf(settings, { clock });
    closing.push(() => client.close());
    return (call, signal) => {
      calls.push(call);
      return client.fetch(call, signal);
    };
  };
  const create = async (options: Partial<Options> = given.options ?? {}) => {
    const spec = opal({
      apiKey: testSecret(simulation.credentials.apiKey!),
      baseUrl: simulation.url,
      since: '8d',
      ...options,
    });
    const checked = await spec.schema['~standard'].validate(spec.options);
    if (checked.issues) throw new Error(JSON.stringify(checked.issues));
    return spec.create({ ...context, http, rest: () => context.rest() }, checked.value);
  };
  return { clock, simulation, context, calls, create };
};

type Bench = Awaited<ReturnType<typeof bench>>;

/** Takes and commits what is emitted, until the receiver has rested so often. */
const collect = async ({ context, clock }: Bench, receiver: Receiver, rests = 1): Promise<readonly AuditRecord[]> => {
  const records: AuditRecord[] = [];
  const until = context.rests + rests;
  await drive(
    clock,
    new Promise<void>((resolve, reject) => {
      const rest = context.rest;
      const subscription = receiver.emissions.subscribe({
        next: ({ batch, receipt }: Emission) => {
          records.push(...batch.records);
          if (batch.move)
            context.commit([{ kind: 'move', receiver: 'test', identity: identityOf(receiver), move: batch.move }]);
          receipt.deliver();
        },
        error: reject,
      });
      context.rest = () => {
        rest();
        if (context.rests < until) return;
        context.rest = rest;
        subscription.unsubscribe();
        resolve();
      };
    }),
  );
  return records;
};

/** Lets the clock go on whenever the receiver sleeps; meanwhile the sockets take the time that they take. */
const drive = async (clock: VirtualClock, work: Promise<void>): Promise<void> => {
  let done = false;
  const mark = () => {
    done = true;
  };
  work.then(mark, mark);
  for (let turn = 0; !done; turn++) {
    if (turn > 20_000) throw new Error('it does not come to rest');
    if (clock.sleepers > 0) await clock.advance(SECOND);
    else await new Promise(resolve => setTimeout(resolve, 1));
  }
  await work;
};

const identityOf = ({ origin: { type, site, tenant, feed } }: Receiver): string =>
  [type, site, tenant, feed].map(encodeURIComponent).join(' ');
const idsOf = (records: readonly AuditRecord[]) => new Set(records.map(r => r.id));
const expected = (simulation: Simulation) => new Set(simulation.ids().opal);
const queryOf = (call: Call) => call.query ?? {};

describe('reading', () => {
  test('everything, with the vendor’s ids, times and words', async () => {
    const it = await bench({ events: 2500 });
    const records = await collect(it, await it.create());
    expect(idsOf(records)).toEqual(expected(it.simulation));
    for (const { raw, id, time, guessed } of records) {
      expect(guessed).toBeUndefined();
      expect(raw).toMatchObject({ event_id: id, created_at: new Date(time[0] * 1000 + time[1] / 1e6).toISOString() });
    }
  });

  test('windows of a day, the bounds widened by the least that they can be', async () => {
    const it = await bench();
    await collect(it, await it.create());
    const windows = it.calls.map(queryOf).filter(query => query.cursor == null);
    const moments = (query: Call['query']) =>
      [query?.start_date_filter, query?.end_date_filter].map(text => Date.parse(String(text)));
    const [from, to] = moments(windows[0]);
    expect(from).toBe(START - 8 * DAY - 1);
    expect(to).toBe(START - 7 * DAY);
    const ends = windows.map(query => moments(query)[1]!);
    expect(ends.at(-1)).toBe(START - 30 * SECOND);
    const starts = windows.map(query => moments(query)[0]);
    expect(starts.slice(1)).toEqual(ends.slice(0, -1).map(end => end - 5 * MINUTE - 1));
  });

  test('the same filters with every page', async () => {
    const it = await bench({ events: 1500, options: { pageSize: 1, filter: { eventType: 'USERS_CREATED' } } });
    await collect(it, await it.create());
    const expectedQuery = { event_type_filter: 'USERS_CREATED', page_size: 1 };
    expect(it.calls.filter(call => queryOf(call).cursor).length).toBeGreaterThan(3);
    for (const call of it.calls) expect(call).toMatchObject({ query: expectedQuery });
  });

  test('pages of any size', async () => {
    const it = await bench({ events: 120, options: { pageSize: 3 } });
    expect(idsOf(await collect(it, await it.create()))).toEqual(expected(it.simulation));
    expect(it.calls.filter(call => queryOf(call).cursor).length).toBeGreaterThan(20);
  });

  test('only what the filter lets through', async () => {
    const it = await bench({ events: 400, options: { filter: { eventType: 'USER_MFA_RESET' } } });
    const records = await collect(it, await it.create());
    const all = await collect(it, await it.create({}));
    const wanted = all.filter(({ raw }) => (raw as { event_type: Json }).event_type === 'USER_MFA_RESET');
    expect(wanted.length).toBeGreaterThan(0);
    expect(idsOf(records)).toEqual(idsOf(wanted));
  });

  test('older date forms: whole seconds, never less than the window', async () => {
    const it = await bench({ events: 300, options: { dates: 'space' } });
    expect(idsOf(await collect(it, await it.create()))).toEqual(expected(it.simulation));
    expect(it.calls[0]).toMatchObject({
      query: { start_date_filter: '2026-01-07 11:59:59', end_date_filter: '2026-01-08 12:00:00' },
    });
  });

  test('what appears while it runs, late and out of order', async () => {
    const it = await bench({ events: 50, live: 0.5 });
    const records = await collect(it, await it.create(), 60);
    const settled = it.clock.now() - 2 * MINUTE;
    const shown = [...expected(it.simulation)];
    expect(shown.length).toBeGreaterThan(1000);
    const read = idsOf(records);
    const missing = shown.slice(0, 50 + Math.floor(((settled - START) / SECOND) * 0.5)).filter(id => !read.has(id));
    expect(missing).toEqual([]);
  });
});

describe('trouble', () => {
  test.each<[string, FaultScript, string]>([
    ['429', [{ rate: 1, after: 2, times: 2, do: { status: 429, retryAfter: 17 } }], 'E_HTTP_LIMIT'],
    ['500', [{ rate: 0.3, do: { status: 500 } }], 'E_HTTP_SERVER'],
    ['a reset', [{ rate: 0.3, do: { reset: true } }], 'E_NETWORK'],
    ['half an answer', [{ rate: 0.3, times: 20, do: { truncate: true } }], 'E_BODY_BROKEN'],
    ['401 for a while', [{ rate: 1, after: 3, times: 2, do: { status: 401 } }], 'E_HTTP_DENIED'],
  ])('%s: nothing is lost', async (_name, faults, code) => {
    const it = await bench({ events: 200, faults, options: { pageSize: 20 } });
    expect(idsOf(await collect(it, await it.create()))).toEqual(expected(it.simulation));
    expect(it.context.faults.map(f => f.fault.code)).toContain(code);
  });

  test('Retry-After is obeyed to the second', async () => {
    const it = await bench({ faults: [{ rate: 1, times: 1, do: { status: 429, retryAfter: 17 } }] });
    await collect(it, await it.create());
    expect(it.context.faults.map(f => f.wait)).toEqual([17 * SECOND]);
  });

  test('a wrong key holds, and the key is in no message', async () => {
    const it = await bench();
    const receiver = await it.create({ apiKey: testSecret('wrong-key-1234567890') });
    const subscription = receiver.emissions.subscribe(({ receipt }) => receipt.deliver());
    await drive(
      it.clock,
      (async () => {
        while (it.context.faults.length < 3) await new Promise(setImmediate);
      })(),
    );
    subscription.unsubscribe();
    expect(it.context.faults[0]).toMatchObject({ wait: 5 * MINUTE, fault: { code: 'E_HTTP_DENIED', kind: 'denied' } });
    expect(JSON.stringify(it.context.faults.map(f => f.fault.message))).not.toContain('wrong-key');
    expect(it.context.rests).toBe(0);
  });

  test('a restart goes on where it was committed', async () => {
    const it = await bench({ events: 150, options: { pageSize: 10 } });
    const first = await collect(it, await it.create());
    const asked = it.calls.length;
    const again = await collect(it, await it.create());
    expect(idsOf([...first, ...again])).toEqual(expected(it.simulation));
    expect(it.calls.length - asked).toBeLessThan(3);
  });
});

describe('identity', () => {
  const originOf = async (options: Partial<Options>) => (await (await bench({ events: 0 })).create(options)).origin;

  test('another organization, another log', async () => {
    expect(await originOf({ organization: 'acme' })).toMatchObject({ type: 'opal', tenant: 'acme', feed: '' });
  });

  test('one filter, one log: another one has a position of its own', async () => {
    expect((await originOf({})).feed).toBe('');
    expect((await originOf({ filter: { actor: ID, apiToken: 'audit:***M_g==' } })).feed).toBe(
      `actor_filter=${ID}&api_token_filter=audit%3A***M_g%3D%3D`,
    );
  });
});

describe('options', () => {
  const problems = async (options: object) => {
    const spec = opal({ apiKey: testSecret('key'), ...options });
    const { issues = [] } = await spec.schema['~standard'].validate(spec.options);
    return issues.map(issue => `${issue.path?.join('.')}: ${issue.message}`);
  };

  test.each([
    'https://api.opal.dev/v1',
    'https://opal.example.com/v1/',
    'https://opal.example.com',
    'https://proxy.example.com/opal/v1',
    'http://127.0.0.1:8080/v1',
    'http://localhost/v1',
    'http://[::1]:1/v1',
  ])('%s is an address', async baseUrl => {
    expect(await problems({ baseUrl })).toEqual([]);
  });

  test.each([
    ['https://opal.example.com/v1/v1', 'baseUrl: has /v1 twice'],
    ['http://opal.example.com/v1', 'baseUrl: must be https://: the API key is sent there'],
    ['http://127.0.0.1.example.com/v1', 'baseUrl: must be https://: the API key is sent there'],
    ['ftp://localhost/v1', 'baseUrl: must be https://: the API key is sent there'],
    ['https://opal.example.com/api', "baseUrl: must end in /v1, like 'https://opal.example.com/v1'"],
    ['https://me:pw@opal.example.com/v1?x=1', 'baseUrl: must be an address only: no user, no query, no fragment'],
  ])('%s is none', async (baseUrl, problem) => {
    expect(await problems({ baseUrl })).toEqual([problem]);
  });

  test('all problems at once, each with its path', async () => {
    expect(
      await problems({ pageSize: 1001, overlap: '24h', every: '30 seconds', filter: { actor: 'me' }, pagesize: 1 }),
    ).toHaveLength(5);
    expect(await problems({ sweep: { behind: '5m' } })).toEqual([
      'sweep.behind: must be more than `overlap`, or it would find nothing new',
    ]);
  });

  test('how far it reads again: the overlap, or the sweep', async () => {
    const repeats = async (options: object) => {
      const spec = opal({ apiKey: testSecret('key'), ...options });
      const checked = await spec.schema['~standard'].validate(spec.options);
      return 'value' in checked && spec.repeats?.(checked.value);
    };
    expect(await repeats({})).toBe(25 * HOUR);
    expect(await repeats({ sweep: false })).toBe(5 * MINUTE);
  });
});
