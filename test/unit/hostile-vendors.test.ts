// Vendors that send too much, nonsense, or somewhere else, on real sockets and in virtual time: the fault is named, memory
// stays bounded, the credential goes nowhere else, nothing is skipped, and the lane recovers when the vendor does.
import type { RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { textOf } from '../../src/json.ts';
import { DAY, MINUTE, secret } from '../../src/options.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { httpClients } from '../../src/runtime/http/fetch.ts';
import { bearer } from '../../src/source/auth.ts';
import { defineHttpReceiver } from '../../src/source/http.ts';
import { cursor } from '../../src/source/walks.ts';
import { virtualClock } from '../support/clock.ts';
import { none, sinkOf, start, store } from '../support/engine.ts';
import { type Loopback, reply, serve } from '../support/loopback.ts';

const MIB = 2 ** 20;
const LIMIT = 8 * MIB;
process.env.T_HOSTILE = 'a-token-for-one-host-only';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const open = async (handler: RequestListener): Promise<Loopback> => {
  const server = await serve(handler);
  closing.push(server.close);
  return server;
};

/** Follows `next`, which may be an address. */
const receiver = (base: string) =>
  defineHttpReceiver({
    type: 'hostile',
    options: none,
    repeats: () => 0,
    page: z.object({ items: z.array(z.unknown()), next: z.string(), more: z.boolean() }),
    items: page => page.items,
    lead: page => ({ next: page.next, more: page.more }),
    identify: item => ({ id: textOf(item, 'id') }),
    ocsf: {
      describe: () => ({
        product: { name: 's', vendor_name: 's' },
        provider: 's',
        log: 's',
        format: 'JSON',
        address: 's',
      }),
      read: () => [],
    },
    api: () => ({
      base,
      every: MINUTE,
      auth: bearer(secret.env('T_HOSTILE')),
      http: { bodyLimit: LIMIT },
      walk: cursor({ since: now => now, onLost: 'hold' }),
      request: ask =>
        ask.cursor?.startsWith('http') ? { path: ask.cursor } : { path: '/events', query: { cursor: ask.cursor } },
    }),
  })({});

const page = (n: number) => JSON.stringify({ items: [{ id: `e${n}` }], next: String(n + 1), more: n < 3 });
const pour = (response: ServerResponse, chunk: Buffer, times: number, end = '') => {
  const chunks = function* () {
    for (let i = 0; i < times; i++) yield chunk;
    if (end) yield Buffer.from(end);
  };
  return void pipeline(Readable.from(chunks(), { objectMode: false }), response).catch(() => {});
};
const sends = (text: string | Buffer, headers: Record<string, string> = {}) => reply(200, headers, text);

const BOMB = Buffer.concat(Array.from({ length: 64 }, () => gzipSync(Buffer.alloc(16 * MIB)))); // 1 GiB of nothing
const broken = Buffer.from('{"items":[{"id":"e1","name":"Zoë"}],"next":"2","more":true}');
const inTheMiddle = broken.indexOf('ë') + 1;

type Misdeed = (elsewhere: string) => RequestListener;
const misdeeds: readonly (readonly [string, string, Misdeed])[] = [
  ['a gzip bomb of 1 GiB', 'E_BODY_LIMIT', () => sends(BOMB, { 'content-encoding': 'gzip' })],
  [
    'an endless body',
    'E_BODY_LIMIT',
    () => (_, response) => pour(response, Buffer.alloc(65_536, ' '), Number.POSITIVE_INFINITY),
  ],
  ['a page of 200 MB', 'E_BODY_LIMIT', () => (_, response) => pour(response, Buffer.alloc(MIB, ' '), 200, page(1))],
  ['HTML instead of JSON', 'E_PAGE_SYNTAX', () => sends('<!doctype html><title>Sign in</title>')],
  ['JSON of another shape', 'E_PAGE_SHAPE', () => sends('{"error":null}')],
  ['JSON cut in the middle of a UTF-8 sequence', 'E_BODY_BROKEN', () => sends(broken.subarray(0, inTheMiddle))],
  ['a cursor that never moves', 'E_WALK_STUCK', () => sends(page(0).replace('e0', 'e1'))],
  ['a next-link to another host', 'E_ORIGIN', elsewhere => sends(page(1).replace('"2"', `"${elsewhere}/events"`))],
  ['a redirect to another host', 'E_HTTP_REDIRECT', elsewhere => reply(302, { location: `${elsewhere}/events` })],
];

test.each(misdeeds)('%s: %s, within memory, and the lane recovers', async (_, code, misdeed) => {
  const elsewhere = await open(sends(page(9)));
  let isHostile = true;
  const vendor = await open((request, response) => {
    const n = Number(new URL(request.url ?? '', 'http://x').searchParams.get('cursor') ?? 0);
    return n === 1 && isHostile ? misdeed(elsewhere.url)(request, response) : sends(page(n))(request, response);
  });
  const clock = virtualClock();
  const clients = httpClients({ clock, budgets: budgets(clock), folder: '/' });
  closing.push(() => clients.close());

  const got: string[] = [];
  const lines: { code?: string; message?: string }[] = [];
  const met = Promise.withResolvers<string>();
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 5);
  const engine = await start(
    {
      receivers: { sim: receiver(vendor.url) },
      exporters: { out: sinkOf(async r => void got.push(...r.map(({ id }) => id))) },
    },
    { clock, fetch: () => Promise.reject(), http: clients.open },
    { once: { patience: DAY }, observers: [{ faulted: (_, fault) => met.resolve(fault.code) }] },
    lines,
  );
  expect(await clock.run(met.promise)).toBe(code);
  clearInterval(watch);
  expect(most - before).toBeLessThan(128 * MIB);
  expect(got).toEqual(['e0']); // nothing of that page, and it is not skipped

  isHostile = false;
  expect(await clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
  expect(got).toEqual(['e0', 'e1', 'e2', 'e3']);
  expect(lines.filter(line => line.code === code)).toHaveLength(1);
  expect(JSON.stringify(lines)).not.toContain('a-token-for');
  expect(elsewhere.requests).toHaveLength(0); // so the credential did not arrive there
});

test('a number of a million digits is delivered to the last digit, within memory', async () => {
  const digits = '7'.repeat(1_000_000);
  const vendor = await open(sends(`{"items":[{"id":"e0","n":${digits}}],"next":"1","more":false}`));
  const clock = virtualClock();
  const clients = httpClients({ clock, budgets: budgets(clock), folder: '/' });
  closing.push(() => clients.close());
  const got: string[] = [];
  const before = process.memoryUsage.rss();
  const sink = sinkOf(async records => void got.push(...records.map(({ raw }) => textOf(raw, 'n') ?? '')));
  const engine = await start(
    { receivers: { sim: receiver(vendor.url) }, exporters: { out: sink } },
    { clock, fetch: () => Promise.reject(), http: clients.open },
    { once: { patience: DAY } },
  );
  expect(await clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
  expect(got).toEqual([digits]);
  expect(process.memoryUsage.rss() - before).toBeLessThan(128 * MIB);
  expect(await store.letters()).toBe(0);
});
