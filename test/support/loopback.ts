// Real servers on 127.0.0.1, which remember what reached them and close without waiting for anybody.
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock, HttpSettings } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { budgets } from '../../src/runtime/budget.ts';
import { httpClients } from '../../src/runtime/fetch.ts';
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
