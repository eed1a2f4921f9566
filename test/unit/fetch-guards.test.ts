// What the HTTP client does not do: wait for ever, leave anything behind, send a credential astray, ask too often.
import { getEventListeners } from 'node:events';
import type { RequestListener } from 'node:http';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { Auth } from '../../src/component.ts';
import { MINUTE, SECOND, secret } from '../../src/options.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { basic, bearer, exchange } from '../../src/source/auth.ts';
import { virtualClock } from '../support/clock.ts';
import { clientOf, ever, faultFrom, reply, rig, serve } from '../support/loopback.ts';

const TOKEN = 'tok-1f7a/93==';
process.env.T_TOKEN = TOKEN;
const auth = bearer(secret.env('T_TOKEN'));

const { server, client, faultOf, close } = rig(auth);
afterEach(close);

describe('time', () => {
  it('is up when nothing is answered, when the body stalls, and when it trickles', async () => {
    const hang: RequestListener = () => {};
    const stall: RequestListener = (_, response) => void response.writeHead(200).write('{');
    const trickle: RequestListener = (_, response) => {
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    };
    for (const handler of [hang, stall, trickle]) {
      const fault = await faultOf(handler, { timeout: 60 });
      expect(fault).toMatchObject({ code: 'E_TIMEOUT', kind: 'transient' });
      expect(fault.message).toContain('60 ms');
    }
  });

  it('does not count while the budget makes us wait', async () => {
    const { url } = await server(reply(200));
    const clock = virtualClock();
    const fetch = client({ origin: url, timeout: 5000, rates: [{ requests: 1, per: 10 * MINUTE }] }, { clock });
    expect((await clock.run(fetch({ url }, ever()))).status).toBe(200);
  });

  it('ends at once by an abort: while waiting for an answer, in a body, and for the budget', async () => {
    const enough = new Error('enough');
    for (const begin of [false, true]) {
      const closed = Promise.withResolvers<void>();
      const asked = Promise.withResolvers<void>();
      const { url } = await server((_, response) => {
        response.on('close', closed.resolve);
        if (begin) response.writeHead(200).write('{');
        asked.resolve();
      });
      const stop = new AbortController();
      const work = client({ origin: url })({ url }, stop.signal);
      await asked.promise;
      stop.abort(enough);
      await expect(work).rejects.toBe(enough);
      await closed.promise;
    }
    const { url, requests } = await server(reply(200));
    const stop = new AbortController();
    const clock = virtualClock();
    const work = client({ origin: url, rates: [{ requests: 1, per: MINUTE }] }, { clock })({ url }, stop.signal);
    stop.abort(enough);
    await expect(work).rejects.toBe(enough);
    expect(requests).toHaveLength(0);
    expect(clock.sleepers).toBe(0);
  });

  it('leaves no listener on a signal that lives as long as the receiver', async () => {
    const { url } = await server(reply(200));
    const fetch = client({ origin: url, auth });
    const signal = ever();
    for (let i = 0; i < 20; i++) await fetch({ url: `${url}/${i}` }, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('is over when the client is closed', async () => {
    const asked = Promise.withResolvers<void>();
    const { url, requests } = await server(() => asked.resolve());
    const { fetch, close } = clientOf({ origin: url });
    const fault = faultFrom(fetch({ url }, ever()));
    await asked.promise;
    await close();
    expect((await fault).code).toBe('E_NETWORK');
    expect((await faultFrom(fetch({ url }, ever()))).code).toBe('E_NETWORK');
    expect(requests).toHaveLength(1);
    const unused = clientOf({ origin: url });
    await unused.close();
    expect((await faultFrom(unused.fetch({ url }, ever()))).code).toBe('E_NETWORK');
    expect(requests).toHaveLength(1);
  });
});

describe('the network', () => {
  it('may reset, or not be there', async () => {
    const reset = await faultOf(request => void request.socket.resetAndDestroy());
    expect(reset).toMatchObject({ code: 'E_NETWORK', kind: 'transient' });
    const { url, close } = await serve(reply(200));
    await close();
    const gone = await faultFrom(client({ origin: url })({ url }, ever()));
    expect(gone).toMatchObject({ code: 'E_NETWORK', kind: 'transient' });
    expect(gone.message).toContain('ECONNREFUSED');
  });

  it('may speak something else', async () => {
    const fault = await faultOf(request => void request.socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
    expect(fault).toMatchObject({ code: 'E_NETWORK', kind: 'transient' });
  });
});

describe('the credential', () => {
  it('is taken out of an answer that repeats it', async () => {
    const home = await server((request, response) => {
      response.end(JSON.stringify({ you: request.headers.authorization, next: 1 }));
    });
    const { text } = await client({ origin: home.url, auth })({ url: `${home.url}/page` }, ever());
    expect(text).toBe('{"you":"[secret]","next":1}');
  });

  it('does not follow a redirect', async () => {
    const other = await server(reply(200));
    for (const status of [301, 302, 303, 307, 308]) {
      const fault = await faultOf(reply(status, { location: `${other.url}/in?token=t-88` }));
      expect(fault).toMatchObject({ code: 'E_HTTP_REDIRECT', kind: 'denied', status });
      expect(fault.message).toContain(other.url);
      expect(fault.message).not.toContain('t-88');
    }
    expect(other.requests).toHaveLength(0);
  });

  it('does not follow a link to another origin: nothing is sent at all', async () => {
    const [home, other] = [await server(reply(200)), await server(reply(200))];
    const fetch = client({ origin: home.url, auth });
    const { port } = new URL(home.url);
    for (const url of [
      `${other.url}/next?c=t-88`,
      `https://127.0.0.1:${port}/`,
      `http://localhost:${port}/`,
      `${home.url}@evil.example/`,
      '//evil.example/',
      '/relative',
      'file:///etc/passwd',
      'data:,x',
    ]) {
      const fault = await faultFrom(fetch({ url }, ever()));
      expect(fault).toMatchObject({ code: 'E_ORIGIN', kind: 'denied' });
      expect(fault.message).not.toContain('t-88');
    }
    expect([...home.requests, ...other.requests]).toHaveLength(0);
  });

  it('is renewed once after a 401, if that makes sense', async () => {
    const trial = async (refusals: number, renewable: boolean) => {
      let asked = 0;
      const { url, requests } = await server(
        (_, response) => void response.writeHead(++asked > refusals ? 200 : 401).end(),
      );
      let made = 0;
      const told: unknown[] = [];
      const renewed: Auth = {
        credential: 'c',
        headers: async () => ({ authorization: `Bearer ${++made}` }),
        refused: sent => {
          told.push(sent);
          return renewable;
        },
      };
      const outcome = await client({ origin: url, auth: renewed })({ url }, ever()).then(
        a => a.status,
        f => f.status,
      );
      return { outcome, sent: requests.map(r => r.headers.authorization), told };
    };
    const first = { authorization: 'Bearer 1' };
    expect(await trial(1, true)).toEqual({ outcome: 200, sent: ['Bearer 1', 'Bearer 2'], told: [first] });
    expect(await trial(9, true)).toEqual({ outcome: 401, sent: ['Bearer 1', 'Bearer 2'], told: [first] });
    expect(await trial(9, false)).toEqual({ outcome: 401, sent: ['Bearer 1'], told: [first] });
  });

  it('is exchanged at the same origin, and both kinds of secret stay secret when echoed', async () => {
    let valid = 0;
    let made = 0;
    const { url, requests } = await server(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      if (request.url === '/auth') return void response.end(JSON.stringify({ token: `short-${++made}` }));
      if (request.url === '/refuse') return void response.writeHead(400).end(`bad: ${body} ${JSON.parse(body).key}`);
      const ok = request.headers.authorization === `Bearer short-${valid || made}`;
      response.writeHead(ok ? 200 : 401).end(JSON.stringify({ message: `no ${request.headers.authorization}` }));
    });
    const traded = (path: string) => exchange({ url: `${url}${path}`, secrets: { key: secret.env('T_TOKEN') } });
    const fetch = client({ origin: url, auth: traded('/auth') });
    await fetch({ url: `${url}/a` }, ever());
    await fetch({ url: `${url}/a` }, ever());
    valid = 2; // the first is revoked
    expect((await fetch({ url: `${url}/a` }, ever())).status).toBe(200);
    expect(requests.map(r => r.url)).toEqual(['/auth', '/a', '/a', '/a', '/auth', '/a']);
    expect(requests.filter(r => r.url === '/auth').map(r => r.headers.authorization)).toEqual([undefined, undefined]);
    valid = 9; // no token will do
    expect(inspect(await faultFrom(fetch({ url: `${url}/a` }, ever())), { depth: 9 })).not.toContain('short-');
    const refused = await faultFrom(client({ origin: url, auth: traded('/refuse') })({ url: `${url}/a` }, ever()));
    expect(refused).toMatchObject({ kind: 'denied', status: 400 });
    expect(inspect(refused, { depth: 9 })).not.toContain(TOKEN);
  });

  it('is in no fault, even if the vendor echoes it', async () => {
    process.env.T_PAIR = 'pass-5521';
    const echo: RequestListener = (request, response) => {
      const text = request.headers.authorization ?? '';
      const pair = Buffer.from(text.slice(6), 'base64').toString();
      response.writeHead(403, { location: text }).end(
        JSON.stringify({
          error: { message: `${text} ${encodeURIComponent(text)} ${text.slice(7)} ${pair} ${pair.slice(6)}` },
        }),
      );
    };
    const faults = [
      await faultOf(echo),
      await faultOf(echo, { auth: basic('alice', secret.env('T_PAIR')) }),
      await faultOf(() => {}, { timeout: 30 }),
      await faultOf(request => void request.socket.resetAndDestroy()),
      await faultOf(
        (request, response) =>
          void response.end(Buffer.concat([Buffer.from(`${request.headers.authorization}`), Buffer.from([0xff])])),
      ),
    ];
    for (const fault of faults) {
      const shown = inspect(fault, { depth: 9, showHidden: true });
      for (const forbidden of [
        TOKEN,
        encodeURIComponent(TOKEN),
        'pass-5521',
        Buffer.from('alice:pass-5521').toString('base64'),
      ])
        expect(shown).not.toContain(forbidden);
    }
  });

  it('that no header can carry is said to be one, without being said', async () => {
    process.env.T_BAD = 'one\ntwo-8812';
    const { url, requests } = await server(reply(200));
    const fault = await faultFrom(client({ origin: url, auth: bearer(secret.env('T_BAD')) })({ url }, ever()));
    expect(fault).toMatchObject({ code: 'E_SECRET', kind: 'denied' });
    expect(inspect(fault, { depth: 9 })).not.toContain('8812');
    expect(requests).toHaveLength(0);
  });

  it('does not travel in plain text, but on this machine', async () => {
    const refused = async (origin: string, proxy?: string) =>
      (await faultFrom(client({ origin, auth, proxy })({ url: origin }, ever()))).code;
    expect(await refused('http://api.example')).toBe('E_PLAINTEXT');
    expect(await refused('http://127.0.0.1.nip.example')).toBe('E_PLAINTEXT');
    expect(await refused('http://10.0.0.1')).toBe('E_PLAINTEXT');
    expect(await refused('http://localhost:1', 'http://127.0.0.1:1')).toBe('E_PLAINTEXT');
    for (const origin of ['http://localhost:1', 'http://127.8.0.1:1', 'http://[::1]:1'])
      expect(await refused(origin)).toBe('E_NETWORK');
  });
});

describe('the budget', () => {
  it('is shared by two clients of one credential, also for what the vendor said', async () => {
    let asked = 0;
    const { url } = await server(
      (_, response) => void response.writeHead(++asked === 1 ? 429 : 200, { 'retry-after': '30' }).end(),
    );
    const clock = virtualClock();
    const pools = budgets(clock);
    const [one, two] = [1, 2].map(() => client({ origin: url, auth }, { clock, budgets: pools }));
    const start = clock.now();
    expect(await faultFrom(one!({ url }, ever()))).toMatchObject({ code: 'E_HTTP_LIMIT', retryAfter: 30 * SECOND });
    await clock.run(two!({ url }, ever()));
    expect(clock.now() - start).toBe(30 * SECOND);
    expect(asked).toBe(2);
  });

  it('counts every request, also those that fail', async () => {
    const { url } = await server(reply(500));
    const clock = virtualClock();
    const start = clock.now();
    const fetch = client({ origin: url, rates: [{ requests: 1, per: MINUTE }] }, { clock });
    for (let i = 0; i < 3; i++) expect((await clock.run(faultFrom(fetch({ url }, ever())))).status).toBe(500);
    expect(clock.now() - start).toBe(3 * MINUTE);
  });

  it('lets go of a connection that is done, and uses it again', async () => {
    const ports = new Set<unknown>();
    const { url } = await server((request, response) => {
      ports.add(request.socket.remotePort);
      response.writeHead(request.url === '/no' ? 500 : 200).end('{}');
    });
    const fetch = client({ origin: url });
    for (const path of ['/a', '/no', '/b', '/c', '/no', '/d'])
      await fetch({ url: `${url}${path}` }, ever()).catch(() => {});
    expect(ports.size).toBeLessThanOrEqual(2);
  });
});
