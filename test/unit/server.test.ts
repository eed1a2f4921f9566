// The `health` listener: which paths it answers and with what, what it refuses, and that it is bounded.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import { HOUR, MINUTE } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import type { Plan } from '../../src/runtime/plan.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { addressOf } from '../../src/runtime/telemetry/address.ts';
import { type Health, openHealth } from '../../src/runtime/telemetry/health.ts';
import { together } from '../../src/runtime/telemetry/observer.ts';
import { json, serve } from '../../src/runtime/telemetry/server.ts';
import { virtualClock } from '../support/clock.ts';
import { faultFrom } from '../support/loopback.ts';
import { ask, scrape } from '../support/metrics.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const plan = {
  lanes: ['opal', 'vaults'].map(name => ({ receiver: { name }, routes: [] })),
  exporters: [{ name: 'out' }, { name: 'kept', queue: { limit: 100 } }],
} as unknown as Plan; // its names are read, and nothing else

const store = { queues: async () => new Map() } as unknown as Store; // nothing else of it is asked

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const start = async (address = LOCAL, lagLimit?: number) => {
  const clock = virtualClock();
  const health: Health = await openHealth({ address, plan, clock, budgets: budgets(clock), store, lagLimit });
  closing.push(() => health.close());
  return { clock, address: health.address, health, tell: together(health.observers) };
};
const ready = async (address: string) => {
  const { status, text } = await ask(address, '/readyz');
  return { status, ...(JSON.parse(text) as { ready: boolean; receivers: Record<string, unknown>[] }) };
};

describe('what it answers', () => {
  test('GET of three paths, whatever the query says', async () => {
    const { address } = await start();
    expect(await ask(address, '/livez?probe=1')).toMatchObject({ status: 200, text: '{"live":true}\n' });
    expect((await ask(address, '/readyz')).headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    const metrics = await ask(address, '/metrics');
    expect(metrics.status).toBe(200);
    expect(metrics.headers['content-type']).toMatch(/^text\/plain/);
    expect(metrics.text).toContain('# TYPE tributary_receiver_lag_seconds gauge');
  });

  test.each(['/', '/metrics/', '/livez/..', '//livez', '/%6Divez', '/debug'])('no other path: %s', async path => {
    const { address } = await start();
    expect(await ask(address, path)).toMatchObject({ status: 404, text: '' });
  });

  test.each(['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])('no other method: %s', async method => {
    const { address } = await start();
    const { status, headers } = await ask(address, '/readyz', method);
    expect(status).toBe(405);
    expect(headers.allow).toBe('GET');
  });
});

describe('readiness', () => {
  test('a denied receiver is not ready and says why, in our words; it is again when its vendor was read to the end', async () => {
    const { address, tell } = await start();
    expect(await ready(address)).toMatchObject({ status: 200, ready: true });
    tell.faulted('opal', new Fault('E_HTTP_DENIED', 'GET: 401: <b>vendor</b> says', { status: 401 }), 'receiver/opal');
    const { text } = await ask(address, '/readyz');
    expect(text).not.toContain('vendor</b>');
    const red = await ready(address);
    expect(red.status).toBe(503);
    expect(red.ready).toBe(false);
    expect(red.receivers[0]).toMatchObject({
      receiver: 'opal',
      ready: false,
      trouble: {
        code: 'E_HTTP_DENIED',
        status: 401,
        place: 'receiver/opal',
        remedy: expect.stringContaining('credential'),
      },
    });
    expect(red.receivers[1]).toEqual({ receiver: 'vaults', ready: true, lag_seconds: 0 });
    expect((await ask(address, '/livez')).status).toBe(200);
    tell.rested('opal');
    expect(await ready(address)).toMatchObject({ status: 200, ready: true });
  });

  test('what passes by itself is shown, since when too, and does not count', async () => {
    const { address, tell, clock } = await start();
    const since = new Date(clock.now()).toISOString();
    tell.faulted('opal', new Fault('E_NETWORK'), 'exporter/out');
    await clock.advance(MINUTE);
    tell.faulted('opal', new Fault('E_TIMEOUT'), 'exporter/out');
    const { status, receivers } = await ready(address);
    expect(status).toBe(200);
    expect(receivers[0]).toMatchObject({ ready: true, trouble: { code: 'E_TIMEOUT', place: 'exporter/out', since } });
  });

  test('the reader of a queue is not ready while its sink is denied, and the receivers are', async () => {
    const { address, tell } = await start();
    tell.faulted('exporter/kept', new Fault('E_HTTP_DENIED'), 'exporter/kept');
    const told = JSON.parse((await ask(address, '/readyz')).text) as object;
    expect(told).toMatchObject({
      ready: false,
      receivers: [{ ready: true }, { ready: true }],
      queues: [{ exporter: 'kept', ready: false, trouble: { code: 'E_HTTP_DENIED', place: 'exporter/kept' } }],
    });
    tell.dequeued('kept', [], 0, 0);
    expect(await ready(address)).toMatchObject({ status: 200, queues: [{ exporter: 'kept', ready: true }] });
  });

  test('a delivery of records ends it; a step without records proves nothing', async () => {
    const { address, tell } = await start();
    const delivery = (records: readonly never[]) => ({ batch: { records }, routes: [], exporters: [] });
    tell.faulted('opal', new Fault('E_HTTP_DENIED'), 'receiver/opal');
    tell.delivered('opal', delivery([]));
    expect((await ready(address)).status).toBe(503);
    const record = { id: 'a', time: [0, 0], observed: [0, 0] } as unknown as never; // what it says does not matter here
    tell.delivered('opal', delivery([record]));
    expect((await ready(address)).status).toBe(200);
  });

  test('more lag than the limit: 15 minutes, or what the config says', async () => {
    const [usual, patient] = [await start(), await start(LOCAL, 2 * HOUR)];
    for (const { clock } of [usual, patient]) await clock.advance(16 * MINUTE);
    expect(await ready(usual.address)).toMatchObject({
      status: 503,
      receivers: [{ receiver: 'opal', ready: false, lag_seconds: 960, lag_limit_seconds: 900 }, {}],
    });
    expect((await ready(patient.address)).status).toBe(200);
    for (const lane of ['opal', 'vaults']) usual.tell.rested(lane);
    expect((await ready(usual.address)).status).toBe(200);
  });

  test('another plan is followed: what is gone counts no more, what is new begins without lag, what is kept keeps it', async () => {
    const { address, tell, clock } = await start();
    tell.faulted('vaults', new Fault('E_HTTP_DENIED'), 'receiver/vaults');
    tell.faulted('exporter/kept', new Fault('E_HTTP_DENIED'), 'exporter/kept');
    await clock.advance(10 * MINUTE);
    const [opal] = plan.lanes;
    const added = { receiver: { name: 'new' }, routes: [] };
    tell.planned({ lanes: [opal, added], exporters: plan.exporters } as unknown as Plan); // their names
    tell.ended('opal'); // another takes its place
    tell.began('opal', 'its log');
    tell.reading('kept');
    expect(await ready(address)).toMatchObject({
      status: 200,
      receivers: [
        { receiver: 'opal', lag_seconds: 600 },
        { receiver: 'new', lag_seconds: 0 },
      ],
      queues: [{ exporter: 'kept', ready: true }],
    });
  });

  test('and so do the metrics: what is new shows 0, what is gone is not a number', async () => {
    const { address, tell } = await start();
    await scrape(address);
    const added = { receiver: { name: 'new' }, routes: [] };
    tell.planned({ lanes: [plan.lanes[0], added], exporters: [] } as unknown as Plan); // their names
    const now = await scrape(address);
    const [gone, kept, fresh] = ['vaults', 'opal', 'new'].map(receiver => ({ receiver }));
    for (const name of ['tributary_receiver_lag_seconds', 'tributary_unaccounted_records'])
      expect([gone, kept, fresh].map(labels => now.value(name, labels))).toEqual([Number.NaN, 0, 0]);
    expect(now.value('otelcol_receiver_accepted_log_records_total', fresh)).toBe(0);
    expect(now.value('otelcol_exporter_queue_capacity', { exporter: 'kept' })).toBeNaN();
    tell.rested('vaults'); // it had something in hand
  });

  test('a lane that ended because it could not go on is not ready; one that is done is', async () => {
    const { address, tell, clock } = await start();
    tell.ended('vaults');
    await clock.advance(10 * MINUTE);
    tell.rested('opal');
    await clock.advance(10 * MINUTE);
    expect((await ready(address)).status).toBe(200);
    tell.ended('opal', new Fault('E_STDOUT_CLOSED'));
    expect(await ready(address)).toMatchObject({
      status: 503,
      receivers: [{ trouble: { code: 'E_STDOUT_CLOSED' } }, {}],
    });
  });
});

describe('the listener', () => {
  test('a port that is taken, and an address that is not ours, are said', async () => {
    const { address } = await start();
    const taken = await faultFrom(start(addressOf(address)));
    expect(taken.code).toBe('E_LISTEN');
    expect(taken.message).toBe(`engine.health: ${address}: another process listens there already`);
    expect((await faultFrom(start({ host: '192.0.2.1', port: 13_133 }))).message).toBe(
      'engine.health: 192.0.2.1:13133: this machine has no such address',
    );
  });

  test('a 65th connection is cut, and a place that is given back is used again', async () => {
    const { address } = await start();
    const { port } = addressOf(address)!;
    const sockets: Socket[] = [];
    closing.push(() => sockets.forEach(socket => void socket.destroy()));
    for (let i = 0; i < 64; i++) {
      const socket = connect(port, '127.0.0.1');
      sockets.push(socket);
      await once(socket, 'connect');
    }
    await expect(ask(address, '/livez')).rejects.toThrow();
    const freed = sockets.pop()!;
    freed.end();
    await once(freed.resume(), 'close');
    expect((await ask(address, '/livez')).status).toBe(200);
  });

  test('headers without end are refused', async () => {
    const { address } = await start();
    const socket = connect(addressOf(address)!.port, '127.0.0.1');
    closing.push(() => socket.destroy());
    socket.write(`GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(9000)}\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toMatch(/^HTTP\/1\.1 431 /);
  });

  test('closing cuts connections, idle and waiting, and gives the port back', async () => {
    const { promise: asked, resolve: reach } = Promise.withResolvers<void>();
    const never = new Map([
      ['/never', () => reach()],
      ['/', (_: unknown, response: ServerResponse) => json(response, 200, {})],
    ]);
    const { address, close } = await serve('test', LOCAL, never);
    const { port } = addressOf(address)!;
    const [idle, waiting] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    idle.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    waiting.write('GET /never HTTP/1.1\r\nhost: x\r\n\r\n');
    await Promise.all([once(idle, 'data'), asked]);
    const cut = [idle, waiting].map(socket => once(socket.resume(), 'close'));
    await close();
    await Promise.all(cut);
    const next = createServer().listen(port, '127.0.0.1');
    closing.push(() => new Promise(done => next.close(done)));
    await once(next, 'listening');
  });
});

describe('an address in the config', () => {
  test.each([
    ['127.0.0.1:13133', { host: '127.0.0.1', port: 13_133 }],
    ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
    ['[::1]:13133', { host: '::1', port: 13_133 }],
  ])('%s', (text, address) => {
    expect(addressOf(text)).toEqual(address);
  });

  test.each([
    '',
    '13133',
    ':13133',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.256:1',
    '::1:80',
    '[::1]',
    '[127.0.0.1]:80',
    'example.com:80',
    'http://127.0.0.1:80',
    '127.0.0.1:80/metrics',
    ' 127.0.0.1:80',
  ])('not %j', text => {
    expect(addressOf(text)).toBeUndefined();
  });

  test('a wrong one is a problem of the config, at its place', async () => {
    const { problems } = await check({ engine: { health: 'example.com:80', lagLimit: '10' } });
    const told = problems.filter(({ place }) => place.startsWith('engine'));
    expect(told.map(({ place }) => place)).toEqual(['engine.health', 'engine.lagLimit']);
    expect(told[0]!.message).toContain("'127.0.0.1:13133'");
  });
});
