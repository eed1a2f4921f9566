// A small HTTP server for probes and scrapes: GET of a few paths, everything bounded, nothing that a stranger could use.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, Fault } from '../../fault.ts';
import { http } from '../../node-http.ts';
import { MINUTE, SECOND } from '../../options.ts';
import type { Address } from './address.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface Served {
  /** `127.0.0.1:13133`, with the port that was taken. */
  readonly address: string;
  /** Cuts what is under way. */
  close(): Promise<void>;
}

/**
 * Listens, or throws E_LISTEN.
 * @param option that names the address, for the message
 * @param routes by path, without query
 * @param refusal the status that a request is refused with whatever it asks for; nothing when it may ask
 */
export const serve = async (
  option: string,
  { host, port }: Address,
  routes: ReadonlyMap<string, Handler>,
  refusal: (request: IncomingMessage) => number | undefined = () => undefined,
): Promise<Served> => {
  const server = http.createServer(BOUNDS, (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const refused = refusal(request);
    if (refused !== undefined) return refuse(response, refused);
    const handler = routes.get(request.url?.split('?', 1)[0] ?? '');
    if (!handler) return refuse(response, 404);
    if (request.method !== 'GET') return refuse(response.setHeader('allow', 'GET'), 405);
    handler(request, response);
  });
  server.maxConnections = 64;
  server.setTimeout(30 * SECOND); // nothing moves: a client that does not read its answer
  await new Promise<void>((listening, fail) => {
    const refused = (error: NodeJS.ErrnoException) => fail(listenFault(error, `${option}: ${show(host, port)}`));
    server.once('error', refused).listen({ host, port, exclusive: true }, () => {
      server.off('error', refused);
      listening();
    });
  });
  const bound = server.address();
  return {
    address: show(host, typeof bound === 'object' && bound ? bound.port : port),
    close: () =>
      new Promise(done => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
};

/** Answers with JSON. */
export const json = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
};

const refuse = (response: ServerResponse, status: number): void => {
  response.writeHead(status, { connection: 'close' }).end(); // whatever body it came with is not read
};

const BOUNDS = {
  headersTimeout: 5 * SECOND,
  requestTimeout: 10 * SECOND,
  connectionsCheckingInterval: 5 * SECOND,
  keepAliveTimeout: 2 * MINUTE, // longer than scrapes are apart
  maxHeaderSize: 8 * 2 ** 10,
};

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

const show = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

const listenFault = (error: NodeJS.ErrnoException, where: string): Fault => {
  const why = {
    EADDRINUSE: 'another process listens there already',
    EADDRNOTAVAIL: 'this machine has no such address',
    EACCES: 'this process may not listen there',
  }[error.code ?? ''];
  return new Fault('E_LISTEN', `${where}: ${why ?? describe(error)}`);
};
