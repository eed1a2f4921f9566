// What those who look on are told: by the engine of each lane, and by the HTTP client of each request.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineExporter, defineReceiver } from '../../src/component.ts';
import type { AnyConfig } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import { MINUTE, secret } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import { startEngine } from '../../src/runtime/engine.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { budgetKey, httpClients } from '../../src/runtime/http/fetch.ts';
import { plan } from '../../src/runtime/plan.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import type { Exchange, Observer } from '../../src/runtime/telemetry/observer.ts';
import { bearer } from '../../src/source/auth.ts';
import { poll } from '../../src/source/poll.ts';
import { virtualClock } from '../support/clock.ts';
import { ever, faultFrom, serve } from '../support/loopback.ts';

const none = z.object({});
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test('a lane tells, in order: its client, each fault with its place, the delivery after its commit, the rest, the end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-observer-'));
  closing.push(() => rmSync(folder, { recursive: true, force: true }));
  const store = openState(folder);
  closing.push(() => store.close());
  const clock = virtualClock();
  const told: unknown[] = [];
  const failing = new Set(['receiver', 'exporter']);
  const failOnce = (what: string) => {
    if (failing.delete(what)) throw new Fault('E_NETWORK', what);
  };

  const receiver = defineReceiver({
    type: 'sim',
    options: none,
    create: context => {
      const fetch = context.http({ origin: 'https://sim.example' });
      const origin = { receiver: context.name, type: 'sim', site: 's', tenant: '', feed: '' };
      return poll<number>(
        {
          origin,
          start: () => 0,
          restore: Number,
          low: () => 0,
          pull: async (_, signal) => {
            failOnce('receiver');
            await fetch({ url: 'https://sim.example/' }, signal);
            const records = [{ id: 'a', time: [0, 0], observed: [0, 0], origin, raw: 'a' } as const];
            return { records, position: 1, more: false, date: clock.now() };
          },
        },
        MINUTE,
        context,
      );
    },
  });
  const exporter = defineExporter({
    type: 'sink',
    options: none,
    create: () => ({
      export: async () => {
        failOnce('exporter');
        return {};
      },
    }),
  });
  const config: AnyConfig = {
    receivers: { sim: receiver() },
    exporters: { out: exporter() },
    pipelines: { p: { receivers: ['sim'], exporters: ['out'] } },
  };
  const { options } = await check(config);
  const observer: Observer = {
    opened: (lane, { origin }) => void told.push(['opened', lane, origin]),
    asked: (lane, { status }) => void told.push(['asked', lane, status]),
    faulted: (lane, { message }, place) => void told.push(['faulted', lane, message, place]),
    delivered: (lane, { batch, routes, exporters }) => {
      if (batch.records.length === 0) return; // the start
      told.push(['delivered', lane, routes[0]?.exporters, exporters.map(({ name }) => name)]);
    },
    rested: lane => void told.push(['rested', lane]),
    ended: (lane, fault) => void told.push(['ended', lane, fault]),
  };
  const log = { info() {}, warn() {}, error() {} };
  const answer = { status: 200, headers: {}, date: 0, text: '{}' };
  const exchange: Exchange = { status: 200, sent: 0, took: 1, date: undefined };
  const engine = await startEngine(
    plan(config, place => options.get(place)),
    {
      store,
      clock,
      log,
      folder,
      http: (_, tell) => async () => {
        tell?.(exchange);
        return answer;
      },
    },
    { once: { patience: 10 * MINUTE }, observers: [{}, observer] },
  );
  await clock.run(engine.ended);
  expect(told).toEqual([
    ['opened', 'sim', 'https://sim.example'],
    ['faulted', 'sim', 'receiver', 'receiver/sim'],
    ['asked', 'sim', 200],
    ['faulted', 'sim', 'exporter', 'exporter/out'],
    ['delivered', 'sim', ['out'], ['out']],
    ['rested', 'sim'],
    ['ended', 'sim', undefined],
  ]);
});

test('a client tells of each request: its status, when, how long, and by which clock; also of one without an answer', async () => {
  const clock = virtualClock();
  const started = clock.now();
  const server = await serve((request, response) => {
    if (request.url === '/reset') return void request.socket.destroy();
    response.sendDate = request.url !== '/undated';
    if (request.url === '/dated') response.setHeader('date', 'Thu, 15 Jan 2026 10:00:00 GMT');
    response.writeHead(request.url === '/busy' ? 503 : 200).end('{}');
  });
  closing.push(() => server.close());
  process.env.T_OBSERVED = 'a-token';
  const pools = budgets(clock);
  const clients = httpClients({ clock, budgets: pools, folder: '/' });
  closing.push(() => clients.close());
  const settings = { origin: `${server.url}/v1`, auth: bearer(secret.env('T_OBSERVED')) };
  const told: Exchange[] = [];
  const fetch = clients.open(settings, exchange => void told.push(exchange));
  await fetch({ url: `${server.url}/dated` }, ever());
  await fetch({ url: `${server.url}/undated` }, ever());
  for (const path of ['/busy', '/reset']) await faultFrom(fetch({ url: `${server.url}${path}` }, ever()));
  await faultFrom(fetch({ url: 'https://elsewhere.example/' }, ever())); // nothing was sent
  const at = { sent: started, took: 0 };
  expect(told).toEqual([
    { ...at, status: 200, date: Date.UTC(2026, 0, 15, 10) },
    { ...at, status: 200, date: undefined },
    { ...at, status: 503, date: expect.any(Number) },
    { ...at, status: undefined, date: undefined },
  ]);
  expect(pools.standings().map(({ key }) => key)).toEqual([budgetKey(settings)]);
});
