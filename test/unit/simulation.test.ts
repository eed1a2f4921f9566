// What the simulators are made of: chance that repeats, populations that grow, faults by script, a server that can be
// rude.
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { DAY, MINUTE, SECOND } from '../../src/options.ts';
import { type FaultScript, playFaults, readFaults } from '../../src/simulation/faults.ts';
import { population } from '../../src/simulation/population.ts';
import { people, random } from '../../src/simulation/random.ts';
import { type Route, type SimulatedServer, serve } from '../../src/simulation/server.ts';

describe('chance', () => {
  test('repeats by seed and path, and differs otherwise', () => {
    const throwMany = (...path: Parameters<typeof random>) => {
      const dice = random(...path);
      return [dice.uuid(), dice.hex(8), dice.base32(26), dice.between(0, 1e9), dice.ip()];
    };
    expect(throwMany(1, 'a', 2)).toEqual(throwMany(1, 'a', 2));
    const all = [throwMany(1, 'a', 2), throwMany(2, 'a', 2), throwMany(1, 'b', 2), throwMany(1, 'a', 3)];
    expect(new Set(all.map(String)).size).toBe(4);
  });

  test('ids have their forms', () => {
    const dice = random(3);
    for (let i = 0; i < 100; i++) {
      expect(dice.uuid()).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
      expect(dice.base32(26)).toMatch(/^[A-Z2-7]{26}$/);
      expect(dice.ip()).toMatch(/^(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$|^2001:db8::[\da-f]+$/);
      expect([1, 2, 3]).toContain(dice.between(1, 3));
    }
  });

  test('is even', () => {
    const dice = random(4);
    const heads = Array.from({ length: 10_000 }, () => dice.chance(0.25)).filter(Boolean).length;
    expect(heads).toBeGreaterThan(2300);
    expect(heads).toBeLessThan(2700);
  });

  test('no two people share an address, and every address is plain', () => {
    const emails = people(random(5), 500).map(person => person.email);
    expect(new Set(emails).size).toBe(500);
    for (const email of emails) expect(email).toMatch(/^[a-z]+\.[a-z]+\d*@example\.com$/);
  });
});

describe('a population', () => {
  const START = Date.UTC(2026, 0, 15);

  test('has a history that ends before the start, the same for the same seed', () => {
    const shown = population({ events: 1000, seed: 1, now: () => START }).shown();
    expect(shown).toEqual(population({ events: 1000, seed: 1, now: () => START }).shown());
    for (const { time, visible } of shown) {
      expect(time).toBeGreaterThanOrEqual(START - 7 * DAY);
      expect(time).toBeLessThanOrEqual(START - 2 * MINUTE);
      expect(visible).toBe(time);
    }
    expect(new Set(shown.map(h => h.time)).size).toBeLessThan(950); // some have the same time
  });

  test('grows while it runs: some late, none from the future', () => {
    let now = START;
    const { shown } = population({ events: 10, seed: 1, live: 2, now: () => now });
    expect(shown()).toHaveLength(10);
    now += 100 * SECOND;
    const later = shown();
    expect(later).toHaveLength(210);
    expect(shown()).toBe(later);
    const fresh = later.slice(10);
    for (const { time, visible } of fresh) {
      expect(visible).toBeLessThanOrEqual(now);
      expect(time).toBeLessThanOrEqual(visible);
      expect(visible - time).toBeLessThanOrEqual(4 * MINUTE);
    }
    expect(fresh.filter(h => h.visible - h.time > 10 * SECOND).length).toBeGreaterThan(5);
  });

  test('ends when it is told to, and is as late as it is told to be', () => {
    let [now, end] = [START, Number.POSITIVE_INFINITY];
    const options = { events: 0, seed: 1, live: 10, lateness: 2 * SECOND, now: () => now, until: () => end };
    const { shown } = population(options);
    now += 10 * SECOND;
    end = now;
    const all = shown();
    expect(all).toHaveLength(100);
    for (const { time, visible } of all) expect(visible - time).toBeLessThanOrEqual(2 * SECOND);
    now += DAY;
    expect(shown()).toBe(all);
  });

  test('none is fine', () => {
    expect(population({ events: 0, seed: 1 }).shown()).toEqual([]);
  });
});

describe('a fault script', () => {
  test('is played by path, after, times and share; the first rule that applies', () => {
    const rules: FaultScript = [
      { rate: 1, path: '/b', after: 1, times: 2, do: { status: 429 } },
      { rate: 1, path: '/c', do: { reset: true } },
    ];
    const play = playFaults(rules, 1);
    expect(['/a', '/b', '/b', '/b', '/b', '/c'].map(play)).toEqual([
      undefined,
      undefined,
      { status: 429 },
      { status: 429 },
      undefined,
      { reset: true },
    ]);
  });

  test('decides by the seed', () => {
    const outcomes = (seed: number) => {
      const play = playFaults([{ rate: 0.5, do: { truncate: true } }], seed);
      return Array.from({ length: 200 }, () => play('/') !== undefined);
    };
    expect(outcomes(1)).toEqual(outcomes(1));
    expect(outcomes(1)).not.toEqual(outcomes(2));
    expect(outcomes(1).filter(Boolean).length).toBeGreaterThan(70);
  });

  test('is read from JSON, or every problem is told', () => {
    expect(readFaults([{ do: { status: 503, retryAfter: 3 } }])).toEqual({
      script: [{ rate: 1, do: { status: 503, retryAfter: 3 } }],
    });
    const read = readFaults([
      { rate: 2, do: { reset: true } },
      { do: { status: 200 } },
      { do: {} },
      { do: { hang: 1 }, tiems: 1 },
    ]);
    expect('problems' in read && read.problems.map(problem => problem.split(':')[0])).toEqual([
      'faults.0.rate',
      'faults.1.do.status',
      'faults.2.do',
      'faults.3',
    ]);
    expect(readFaults({})).toHaveProperty('problems');
  });
});

describe('the server', () => {
  const open: SimulatedServer[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });
  const routes: readonly Route[] = [
    {
      method: 'GET',
      path: '/things/:id',
      handle: ({ params, query }) => ({ body: { ...params, q: query.get('q'), long: 'x'.repeat(2000) } }),
    },
    {
      method: 'POST',
      path: '/things',
      handle: ({ body = null }) => ({ status: 201, body, headers: { 'x-own': 'yes' } }),
    },
    {
      method: 'GET',
      path: '/broken',
      handle: () => {
        throw new Error('a defect of the simulator');
      },
    },
  ];
  const start = async (faults: FaultScript = []) => {
    const server = await serve({ routes, faults, now: () => Date.UTC(2030, 0, 1) });
    open.push(server);
    return server;
  };

  test('answers by route, with the vendor’s date, and counts', async () => {
    const server = await start();
    const found = await request(`${server.url}/things/a%20b?q=1`);
    expect(found.headers.date).toBe('Tue, 01 Jan 2030 00:00:00 GMT');
    expect(await found.body.json()).toMatchObject({ id: 'a b', q: '1' });
    const posted = await request(`${server.url}/things`, { method: 'POST', body: '{"a":1}' });
    expect([posted.statusCode, posted.headers['x-own'], await posted.body.json()]).toEqual([201, 'yes', { a: 1 }]);
    for (const [path, method, status] of [
      ['/none', 'GET', 404],
      ['/things', 'GET', 405],
      ['/broken', 'GET', 500],
    ] as const) {
      const answer = await request(`${server.url}${path}`, { method });
      await answer.body.dump();
      expect(answer.statusCode).toBe(status);
    }
    expect(server.requests()).toEqual({ 200: 1, 201: 1, 404: 1, 405: 1, 500: 1 });
  });

  test('compresses where asked to', async () => {
    const server = await start();
    const zipped = await request(`${server.url}/things/1`, { headers: { 'accept-encoding': 'gzip' } });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(JSON.parse(gunzipSync(Buffer.from(await zipped.body.arrayBuffer())).toString())).toMatchObject({ id: '1' });
  });

  test('plays a status, a reset, half an answer and one that takes its time', async () => {
    const server = await start([
      { rate: 1, times: 1, do: { status: 429, retryAfter: 7 } },
      { rate: 1, times: 1, do: { reset: true } },
      { rate: 1, times: 1, do: { truncate: true } },
      { rate: 1, times: 1, do: { hang: 1 } },
    ]);
    const limited = await request(`${server.url}/things/1`);
    await limited.body.dump();
    expect([limited.statusCode, limited.headers['retry-after']]).toEqual([429, '7']);
    await expect(request(`${server.url}/things/1`)).rejects.toThrow();
    const half = await request(`${server.url}/things/1`);
    await expect(half.body.text()).rejects.toThrow();
    const slow = await request(`${server.url}/things/1`);
    await slow.body.dump();
    expect(server.requests()).toEqual({ 429: 1, reset: 1, truncate: 1, hang: 1, 200: 1 });
  });

  test('closes though a request hangs', async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await serve({
      routes,
      faults: [{ rate: 1, do: { hang: 10 * MINUTE } }],
      watch: () => arrived.resolve(),
    });
    const hanging = expect(request(`${server.url}/things/1`)).rejects.toThrow();
    await arrived.promise;
    await server.close();
    await hanging;
  });

  test('tells where its port is taken', async () => {
    const server = await start();
    await expect(serve({ routes, port: Number(new URL(server.url).port) })).rejects.toThrow(/EADDRINUSE/);
  });
});
