// Real servers on 127.0.0.1, which remember what reached them and close without waiting for anybody.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Auth, Clock, Fetch, HttpSettings } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { httpClients } from '../../src/runtime/http/fetch.ts';
import { virtualClock } from './clock.ts';

export interface Loopback {
  readonly url: string;
  readonly requests: readonly IncomingMessage[];
  close(): Promise<void>;
}

export const listen = async (server: Server, scheme = 'http'): Promise<Loopback> => {
  const requests: IncomingMessage[] = [];
  server.on('request', request => requests.push(request));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server has one
  const close = () =>
    new Promise<void>(resolve => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `${scheme}://127.0.0.1:${port}`, requests, close };
};

export const serve = (handler: RequestListener): Promise<Loopback> => listen(createServer(handler));

export interface ClientOptions {
  readonly clock?: Clock;
  readonly budgets?: ReturnType<typeof budgets>;
  readonly folder?: string;
}

/** A client of its own engine. */
export const clientOf = (
  settings: HttpSettings,
  { clock = virtualClock(), budgets: pools, folder = '/' }: ClientOptions = {},
) => {
  const clients = httpClients({ clock, budgets: pools ?? budgets(clock), folder });
  return { fetch: clients.open(settings), close: () => clients.close() };
};

export const ever = (): AbortSignal => new AbortController().signal;

/** The fault that something ends with; fails when it does not. */
export const faultFrom = async (work: Promise<unknown>): Promise<Fault> => {
  const outcome = await work.then(
    () => new Error('it worked'),
    error => error,
  );
  if (outcome instanceof Fault) return outcome;
  throw outcome;
};

export interface Rig {
  server(handler: RequestListener): Promise<Loopback>;
  client(settings: HttpSettings, options?: ClientOptions): Fetch;
  /** A server that does this, and the fault that comes of asking it. */
  faultOf(handler: RequestListener, settings?: Partial<HttpSettings>): Promise<Fault>;
  /** Closes all that was opened. */
  close(): Promise<void>;
}

/** Servers and clients for a test. @param auth of those clients that have none of their own */
export const rig = (auth: Auth): Rig => {
  const open: { close(): Promise<void> }[] = [];
  const made: Rig = {
    server: async handler => {
      const server = await serve(handler);
      open.push(server);
      return server;
    },
    client: (settings, options) => {
      const client = clientOf(settings, options);
      open.push(client);
      return client.fetch;
    },
    faultOf: async (handler, settings = {}) => {
      const { url } = await made.server(handler);
      return faultFrom(made.client({ origin: url, auth, ...settings })({ url: `${url}/page` }, ever()));
    },
    close: async () => {
      for (const thing of open.splice(0).reverse()) await thing.close();
    },
  };
  return made;
};

export const reply =
  (status: number, headers: Record<string, string> = {}, body: string | Buffer = '{}'): RequestListener =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };
