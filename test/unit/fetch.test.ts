// The HTTP client against real servers that answer well, badly, or too much.
import type { RequestListener, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { brotliCompressSync, createGzip, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { SECOND, secret } from '../../src/options.ts';
import { bearer } from '../../src/source/auth.ts';
import { virtualClock } from '../support/clock.ts';
import { ever, faultFrom, reply, rig } from '../support/loopback.ts';

const TOKEN = 'tok-1f7a/93==';
process.env.T_TOKEN = TOKEN;
const auth = bearer(secret.env('T_TOKEN'));
const MIB = 2 ** 20;

const { server, client, faultOf, close } = rig(auth);
afterEach(close);

const pour = (response: ServerResponse, chunks: () => Generator<Buffer>, sent = { bytes: 0 }) => {
  const counted = function* () {
    for (const chunk of chunks()) {
      sent.bytes += chunk.length;
      yield chunk;
    }
  };
  return pipeline(Readable.from(counted(), { objectMode: false }), response).catch(() => {});
};

describe('a request', () => {
  it('carries query, headers, body and credential, and brings status, headers, date and text', async () => {
    const seen: string[] = [];
    const { url, requests } = await server(async (request, response) => {
      for await (const chunk of request) seen.push(String(chunk));
      response.writeHead(201, { date: 'Thu, 15 Jan 2026 10:00:00 GMT', 'X-More': 'yes' }).end('"é"');
    });
    const answer = await client({ origin: url, auth })(
      {
        method: 'POST',
        url: `${url}/a?kept=1`,
        query: { 'from t': '1&2', none: null, no: undefined, zero: 0 },
        headers: { 'X-A': 'b' },
        body: { é: [1] },
      },
      ever(),
    );
    expect(requests[0]).toMatchObject({ method: 'POST', url: '/a?kept=1&from+t=1%262&zero=0' });
    expect(requests[0]?.headers).toMatchObject({
      'x-a': 'b',
      'content-type': 'application/json',
      'accept-encoding': 'gzip, br',
      authorization: `Bearer ${TOKEN}`,
    });
    expect(seen.join('')).toBe('{"é":[1]}');
    expect(answer).toMatchObject({ status: 201, text: '"é"', date: Date.UTC(2026, 0, 15, 10) });
    expect(answer.headers['x-more']).toBe('yes');
  });

  it('takes our clock for the date that is missing', async () => {
    const { url } = await server((_, response) => {
      response.sendDate = false;
      response.end('{}');
    });
    const clock = virtualClock();
    expect((await client({ origin: url }, { clock })({ url }, ever())).date).toBe(clock.now());
  });

  it('reads gzip and Brotli', async () => {
    const page = JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ i, é: '€' })));
    for (const [encoding, body] of [
      ['gzip', gzipSync(page)],
      ['br', brotliCompressSync(page)],
    ] as const) {
      const { url } = await server(reply(200, { 'content-encoding': encoding }, body));
      expect((await client({ origin: url })({ url }, ever())).text).toBe(page);
    }
  });

  it('turns every status into its fault, without asking twice', async () => {
    const { url, requests } = await server((request, response) => {
      response.writeHead(Number.parseInt(request.url?.slice(1) ?? '', 10)).end('{"message":"the words"}');
    });
    const fetch = client({ origin: url, auth });
    const statuses = [400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 422, 425, 429, 500, 501, 502, 503, 504];
    for (const status of statuses) {
      const fault = await faultFrom(fetch({ url: `${url}/${status}?cursor=c` }, ever()));
      expect(fault.status).toBe(status);
      expect(fault.message).toContain(`GET ${url}/${status}: ${status} `);
      expect(fault.message).toContain('the words');
    }
    expect(requests).toHaveLength(statuses.length);
  });

  it('counts a refusal whatever becomes of its words', async () => {
    const broken = await faultOf(reply(401, { 'content-encoding': 'gzip' }, 'not gzip'));
    expect(broken).toMatchObject({ code: 'E_HTTP_DENIED', status: 401 });
    const elsewhere = await faultOf(
      reply(302, { 'content-encoding': 'gzip', location: 'https://else.example/' }, 'not gzip'),
    );
    expect(elsewhere).toMatchObject({ code: 'E_HTTP_REDIRECT', status: 302 });
    const endless = await faultOf((_, response) => {
      response.writeHead(503, { 'retry-after': '9' });
      return void pour(response, function* () {
        for (;;) yield Buffer.alloc(65_536, 'x');
      });
    });
    expect(endless).toMatchObject({ code: 'E_HTTP_SERVER', retryAfter: 9 * SECOND });
    const hung = await faultOf((_, response) => void response.writeHead(403).write('{"mess'), { timeout: SECOND });
    expect(hung).toMatchObject({ code: 'E_HTTP_DENIED', status: 403 });
  });
});

describe('a body', () => {
  it('may not be larger than the limit: 200 MB are cut off', async () => {
    const sent = { bytes: 0 };
    const fault = await faultOf(
      (_, response) =>
        void pour(
          response,
          function* () {
            for (let i = 0; i < 200; i++) yield Buffer.alloc(MIB, 'x');
          },
          sent,
        ),
      { bodyLimit: 8 * MIB },
    );
    expect(fault).toMatchObject({ code: 'E_BODY_LIMIT', kind: 'denied' });
    expect(fault.message).toContain(String(8 * MIB));
    expect(sent.bytes).toBeLessThan(64 * MIB);
  });

  it('may be as large as the limit, to the byte', async () => {
    const { url } = await server(reply(200, {}, 'x'.repeat(1000)));
    expect((await client({ origin: url, bodyLimit: 1000 })({ url }, ever())).text).toHaveLength(1000);
    expect((await faultFrom(client({ origin: url, bodyLimit: 999 })({ url }, ever()))).code).toBe('E_BODY_LIMIT');
  });

  it('may be endless: the connection is closed', async () => {
    const closed = Promise.withResolvers<void>();
    const fault = await faultOf(
      (_, response) => {
        response.on('close', closed.resolve);
        return void pour(response, function* () {
          for (;;) yield Buffer.alloc(65_536, 'x');
        });
      },
      { bodyLimit: MIB },
    );
    expect(fault.code).toBe('E_BODY_LIMIT');
    await closed.promise;
  });

  it('may be a gzip bomb: no more than the limit and a chunk is ever held', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const fault = await faultOf(
      (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        const zeros = Buffer.alloc(MIB);
        const chunks = function* () {
          for (let i = 0; i < 1024; i++) yield zeros;
        };
        return void pipeline(Readable.from(chunks(), { objectMode: false }), createGzip(), response).catch(() => {});
      },
      { bodyLimit: 2 * MIB },
    );
    expect(fault.code).toBe('E_BODY_LIMIT');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MIB);
  });

  it('may break off: by length, by chunk, inside gzip, inside a character', async () => {
    const cut: RequestListener = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"a":', () => response.destroy());
    };
    const chunk: RequestListener = (_, response) => {
      response.write('{"a":', () => response.destroy());
    };
    const zipped = gzipSync('x'.repeat(5000));
    const faults = [
      await faultOf(cut),
      await faultOf(chunk),
      await faultOf(reply(200, { 'content-encoding': 'gzip' }, zipped.subarray(0, -9))),
      await faultOf(reply(200, { 'content-encoding': 'br' }, brotliCompressSync('x'.repeat(5000)).subarray(0, 5))),
      await faultOf(reply(200, { 'content-encoding': 'gzip' }, 'not gzip at all')),
      await faultOf(reply(200, {}, Buffer.from('"€').subarray(0, 3))),
      await faultOf(reply(200, {}, Buffer.from([0x22, 0xff, 0x22]))),
    ];
    for (const fault of faults) expect(fault).toMatchObject({ code: 'E_BODY_BROKEN', kind: 'transient' });
  });

  it('in an encoding that nobody asked for is refused', async () => {
    const fault = await faultOf(reply(200, { 'content-encoding': 'zstd' }, 'x'));
    expect(fault).toMatchObject({ code: 'E_BODY_BROKEN' });
    expect(fault.message).toContain('zstd');
  });

  it('may lose its byte order mark', async () => {
    const { url } = await server(reply(200, {}, '\ufeff{}'));
    expect((await client({ origin: url })({ url }, ever())).text).toBe('{}');
  });
});
