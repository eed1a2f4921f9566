// Trust, our own certificate, and proxies: against real TLS servers and a CONNECT proxy on this machine.
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { HttpSettings } from '../../src/component.ts';
import { secret } from '../../src/options.ts';
import { bearer } from '../../src/source/auth.ts';
import { type Certificates, certificates } from '../support/certificates.ts';
import { clientOf, ever, faultFrom, type Loopback, listen } from '../support/loopback.ts';

process.env.T_TLS = 'tok-tls-4471';
const auth = bearer(secret.env('T_TLS'));

let made: Certificates;
beforeAll(() => {
  made = certificates();
});
afterAll(() => made?.remove());

const PROXY_VARIABLES = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'no_proxy', 'NO_PROXY'];
beforeEach(() => {
  for (const name of PROXY_VARIABLES) vi.stubEnv(name, undefined);
});
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
  vi.unstubAllEnvs();
});

const started = async (server: Server, scheme: string): Promise<Loopback> => {
  const running = await listen(server, scheme);
  open.push(running);
  return running;
};
/** Answers with the name on the client's certificate. */
const secure = (options: ServerOptions = {}): Promise<Loopback> => {
  const server = createServer(
    { key: made.read('server.key'), cert: made.read('server.pem'), ...options },
    (request, response) => {
      const { subject } = (request.socket as TLSSocket).getPeerCertificate(); // an HTTPS server has no other sockets
      response.end(JSON.stringify({ name: subject?.CN ?? null }));
    },
  );
  return started(server, 'https');
};
const mutual = () => secure({ requestCert: true, rejectUnauthorized: true, ca: made.read('ca.pem') });

const client = (settings: HttpSettings, folder = made.folder) => {
  const client = clientOf({ auth, ...settings }, { folder });
  open.push(client);
  return client.fetch;
};
const ask = async (origin: string, settings: Partial<HttpSettings> = {}) =>
  (await client({ origin, ...settings })({ url: `${origin}/x` }, ever())).text;
const refusal = (origin: string, settings: Partial<HttpSettings> = {}) => faultFrom(ask(origin, settings));

const ca = 'ca.pem';
const ours = { ca, cert: 'client.pem', key: 'client.key' };
const OURS = '{"name":"test client"}';

describe('trust', () => {
  it('is not given to an authority that nobody named: nothing is sent', async () => {
    const { url, requests } = await secure();
    expect(await refusal(url)).toMatchObject({ code: 'E_TLS', kind: 'denied' });
    expect(requests).toHaveLength(0);
  });

  it('is given to the authority in the file, meant from the folder of the config', async () => {
    const { url } = await secure();
    expect(await ask(url, { tls: { ca } })).toBe('{"name":null}');
    expect(await ask(url, { tls: { ca: join(made.folder, ca) } })).toBe('{"name":null}');
  });

  it('is not given to another name', async () => {
    const { url } = await secure({ key: made.read('client.key'), cert: made.read('client.pem') });
    expect(await refusal(url, { tls: { ca } })).toMatchObject({ code: 'E_TLS' });
  });

  it('is not asked of what speaks no TLS', async () => {
    const { url } = await started(createHttpServer(), 'https');
    expect(await refusal(url, { tls: { ca } })).toMatchObject({ code: 'E_TLS' });
  });
});

describe('our certificate', () => {
  it('is shown to the vendor that asks for it', async () => {
    const { url } = await mutual();
    expect(await ask(url, { tls: ours })).toBe(OURS);
    expect((await refusal(url, { tls: { ca } })).code).toMatch(/^E_(TLS|NETWORK)$/); // TLS 1.3 may tell too late
  });

  it('that cannot be read is named by option and path, and is read again once it is there', async () => {
    const { url } = await mutual();
    const path = join(made.folder, 'late.pem');
    const fetch = client({ origin: url, tls: { ...ours, cert: 'late.pem' } });
    const fault = await faultFrom(fetch({ url }, ever()));
    expect(fault).toMatchObject({ code: 'E_SECRET', kind: 'denied' });
    expect(fault.message).toContain('tls.cert: the file late.pem');
    copyFileSync(join(made.folder, 'client.pem'), path);
    expect((await fetch({ url }, ever())).text).toBe(OURS);
    rmSync(path);
  });

  it('that is none, or not that of the key, is said to be so without its content', async () => {
    const { url } = await mutual();
    writeFileSync(join(made.folder, 'wrong.pem'), 'wrong-9917');
    for (const tls of [
      { ...ours, cert: 'wrong.pem' },
      { ...ours, key: 'wrong.pem' },
      { ...ours, key: 'server.key' },
    ]) {
      const fault = await refusal(url, { tls });
      expect(fault).toMatchObject({ code: 'E_TLS', kind: 'denied' });
      expect(fault.message).toContain('tls.cert (');
      expect(inspect(fault, { depth: 9 })).not.toMatch(/9917|PRIVATE KEY/);
    }
  });

  it('and trust are read again after they failed: certificates are rotated', async () => {
    const { url } = await secure();
    const path = join(made.folder, 'rotated.pem');
    copyFileSync(join(made.folder, 'client.pem'), path);
    const fetch = client({ origin: url, tls: { ca: 'rotated.pem' } });
    expect((await faultFrom(fetch({ url }, ever()))).code).toBe('E_TLS');
    copyFileSync(join(made.folder, ca), path);
    expect((await fetch({ url }, ever())).status).toBe(200);
    rmSync(path);
  });
});

describe('a proxy', () => {
  interface Proxy extends Loopback {
    readonly asked: readonly IncomingMessage[];
  }
  interface ProxyOptions {
    /** Answers a CONNECT so. */
    readonly refuse?: number;
    /** Speaks TLS itself, and asks for the client's certificate. */
    readonly tls?: boolean;
  }
  const shown: unknown[] = []; // the names on the certificates that a proxy saw
  /** Opens tunnels, and remembers what it was asked for. */
  const proxy = async ({ refuse, tls = false }: ProxyOptions = {}): Promise<Proxy> => {
    const asked: IncomingMessage[] = [];
    const sockets = new Set<Socket>();
    const own = { key: made.read('server.key'), cert: made.read('server.pem'), ca: made.read('ca.pem') };
    const server = tls ? createServer({ ...own, requestCert: true, rejectUnauthorized: false }) : createHttpServer();
    server.on('connect', (request, socket: Socket) => {
      asked.push(request);
      if (tls) shown.push((socket as TLSSocket).getPeerCertificate().subject?.CN);
      sockets.add(socket);
      socket.on('error', () => {});
      if (refuse !== undefined) return void socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
      const { hostname, port } = new URL(`http://${request.url}`);
      const onward = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      sockets.add(onward);
      onward.on('error', () => {});
    });
    const running = await started(server, tls ? 'https' : 'http');
    open.push({ close: async () => sockets.forEach(socket => void socket.destroy()) });
    return { ...running, asked };
  };

  it('tunnels to the vendor, and sees neither credential nor path', async () => {
    const [vendor, between] = [await secure(), await proxy()];
    expect(await ask(vendor.url, { proxy: between.url, tls: { ca } })).toBe('{"name":null}');
    expect(between.asked.map(request => request.url)).toEqual([new URL(vendor.url).host]);
    expect(inspect(between.asked[0]?.rawHeaders)).not.toContain('tok-tls');
    expect(between.requests).toHaveLength(0);
    expect(vendor.requests[0]?.headers.authorization).toBe('Bearer tok-tls-4471');
  });

  it('lets our certificate through to the vendor', async () => {
    const [vendor, between] = [await mutual(), await proxy()];
    expect(await ask(vendor.url, { proxy: between.url, tls: ours })).toBe(OURS);
    expect(between.asked).toHaveLength(1);
  });

  it('that speaks TLS is trusted like the vendor, but is not shown our certificate', async () => {
    const [vendor, between] = [await mutual(), await proxy({ tls: true })];
    expect(await refusal(vendor.url, { proxy: between.url })).toMatchObject({ code: 'E_TLS' });
    expect(await ask(vendor.url, { proxy: between.url, tls: ours })).toBe(OURS);
    expect(shown).toEqual([undefined]);
  });

  it('is taken from HTTPS_PROXY, unless NO_PROXY names the vendor or the option another', async () => {
    const [vendor, between] = [await secure(), await proxy()];
    vi.stubEnv('HTTPS_PROXY', between.url);
    await ask(vendor.url, { tls: { ca } });
    expect(between.asked).toHaveLength(1);
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    await ask(vendor.url, { tls: { ca } });
    expect(between.asked).toHaveLength(1);
    const other = await proxy();
    await ask(vendor.url, { tls: { ca }, proxy: other.url });
    expect([between.asked.length, other.asked.length]).toEqual([1, 1]);
  });

  it('of the environment never sees a plain request, which stays on this machine', async () => {
    const between = await proxy();
    const vendor = await started(
      createHttpServer((_, response) => void response.end('{}')),
      'http',
    );
    vi.stubEnv('HTTP_PROXY', between.url);
    vi.stubEnv('HTTPS_PROXY', between.url);
    expect(await ask(vendor.url)).toBe('{}');
    expect([...between.asked, ...between.requests]).toHaveLength(0);
  });

  it('that refuses is named as the network, and its password is not', async () => {
    const vendor = await secure();
    for (const status of [403, 407, 502]) {
      const between = await proxy({ refuse: status });
      const withPassword = between.url.replace('://', '://user:pass-6613@');
      const fault = await refusal(vendor.url, { proxy: withPassword, tls: { ca } });
      expect(fault).toMatchObject({ code: 'E_NETWORK', kind: 'transient' });
      expect(fault.message).toContain(String(status));
      expect(inspect(fault, { depth: 9, showHidden: true })).not.toContain('6613');
      expect(between.asked[0]?.headers['proxy-authorization']).toMatch(/^Basic /);
    }
    const gone = await refusal(vendor.url, { proxy: 'http://user:pass-6613@127.0.0.1:1', tls: { ca } });
    expect(gone).toMatchObject({ code: 'E_NETWORK' });
    expect(inspect(gone, { depth: 9, showHidden: true })).not.toContain('6613');
  });
});
