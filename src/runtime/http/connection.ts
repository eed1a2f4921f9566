// The connections of one HTTP client: trust, our certificate, and the proxy. Made at first use, because making a component
// must not seize anything, and made anew when trust fails, because certificates are rotated.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent, ProxyAgent } from 'undici';
import type { HttpSettings } from '../../component.ts';
import { describe, Fault } from '../../fault.ts';
import { SECOND } from '../../options.ts';

export interface Connections {
  /** Throws E_SECRET when a PEM file cannot be read, E_TLS when it cannot be used. */
  open(): Promise<Dispatcher>;
  /** Reads the PEM files again before the next request; what is under way goes on. */
  renew(): void;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/** @param timeout ms of a whole request */
export const connection = (settings: HttpSettings, folder: string, timeout: number): Connections => {
  const live = new Set<Dispatcher>();
  let current: Promise<Dispatcher> | undefined;
  let closed = false;

  const make = async () => {
    const dispatcher = dispatcherOf(settings, await contextsOf(settings, folder), Math.min(CONNECT, timeout));
    live.add(dispatcher);
    return dispatcher;
  };

  return {
    open: async () => {
      current ??= make();
      const made = current;
      const dispatcher = await made.catch(error => {
        if (current === made) current = undefined; // a file that is mended is read again
        throw error;
      });
      if (!closed) return dispatcher;
      await dispatcher.destroy();
      throw new Fault('E_NETWORK', 'the client was closed');
    },
    renew: () => {
      const old = current;
      current = undefined;
      old?.then(
        async dispatcher => {
          await dispatcher.close();
          live.delete(dispatcher);
        },
        () => {},
      );
    },
    close: async () => {
      closed = true;
      await Promise.all([...live].map(dispatcher => dispatcher.destroy()));
    },
  };
};

const CONNECT = 10 * SECOND;

interface Contexts {
  /** For the vendor: trust, and our certificate. */
  readonly vendor: SecureContext;
  /** For a proxy: trust only. Our certificate is none of its business. */
  readonly proxy: SecureContext;
}

const dispatcherOf = ({ proxy }: HttpSettings, contexts: Contexts | undefined, timeout: number): Dispatcher => {
  // Two connections: a page at a time, and a check beside it. The signal of each request bounds its time exactly, so
  // undici's own timers, which are coarse, are off.
  const shared = {
    connections: 2,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: timeout,
  };
  const vendor = { timeout, allowH2: false, ...(contexts && { secureContext: contexts.vendor }) };
  const tls = {
    connect: vendor,
    requestTls: vendor,
    proxyTls: { timeout, ...(contexts && { secureContext: contexts.proxy }) },
  };
  if (proxy !== undefined) return new ProxyAgent({ ...shared, ...tls, uri: proxy });
  // `HTTP_PROXY` is not asked: a credential in plain text stays on this machine.
  return hasProxy()
    ? new EnvHttpProxyAgent({ ...shared, ...tls, httpProxy: '' })
    : new Agent({ ...shared, connect: vendor });
};

const hasProxy = (): boolean => Boolean(process.env.https_proxy ?? process.env.HTTPS_PROXY);

const contextsOf = async ({ tls }: HttpSettings, folder: string): Promise<Contexts | undefined> => {
  if (tls === undefined) return undefined;
  const [ca, cert, key] = await Promise.all([
    pem('tls.ca', tls.ca, folder),
    pem('tls.cert', tls.cert, folder),
    pem('tls.key', tls.key, folder),
  ]);
  try {
    const trust = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
    const identity = { ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
    return { vendor: createSecureContext({ ...trust, ...identity }), proxy: createSecureContext(trust) };
  } catch (error) {
    throw new Fault('E_TLS', `${named(tls)} cannot be used: ${describe(error)}`);
  }
};

const named = (tls: NonNullable<HttpSettings['tls']>): string =>
  Object.entries(tls)
    .flatMap(([name, path]) => (path === undefined ? [] : [`tls.${name} (${path})`]))
    .join(', ');

const pem = async (option: string, path: string | undefined, folder: string): Promise<string | undefined> => {
  if (path === undefined) return undefined;
  try {
    return await readFile(resolve(folder, path), 'utf8');
  } catch (error) {
    throw new Fault('E_SECRET', `${option}: the file ${path} cannot be read: ${describe(error)}`);
  }
};
