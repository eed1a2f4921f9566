// An HTTP server on loopback that a vendor's simulator is made of: routes, JSON, the vendor's clock, gzip, and faults.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Json } from '../model.ts';
import { http } from '../node-http.ts';
import { MINUTE } from '../options.ts';
import { type FaultDeed, type FaultScript, playFaults } from './faults.ts';

/** A request, as a handler sees it. */
export interface Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** What the path's pattern captured, by name. */
  readonly params: Readonly<Record<string, string>>;
  /** Parsed, where it was JSON. */
  readonly body: Json | undefined;
}

export interface Reply {
  /** 200 when absent. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: Json;
  /** Sent as it is, in place of a body. */
  readonly text?: string;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/v1/events`, or with parts to capture: `/v1/events/:id`. */
  readonly path: string;
  handle(asked: Asked): Reply | Promise<Reply>;
}

export interface ServerOptions {
  readonly routes: readonly Route[];
  /** The vendor's clock, for the `Date` header; ms since the epoch. */
  readonly now?: (() => number) | undefined;
  readonly port?: number | undefined;
  readonly faults?: FaultScript | undefined;
  readonly seed?: number;
  /** Told of each request before it is answered, faults included. */
  readonly watch?: (asked: Asked) => void;
}

export interface SimulatedServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** How many requests it answered, by status; `reset`, `truncate` and, beside its status, `hang` under these words. */
  requests(): Readonly<Record<string, number>>;
  /** Cuts all connections, then resolves. */
  close(): Promise<void>;
}

/** Listens when it resolves. Rejects where the port is taken. */
export const serve = async ({
  routes,
  now = Date.now,
  port = 0,
  faults = [],
  seed = 0,
  watch,
}: ServerOptions): Promise<SimulatedServer> => {
  const fault = playFaults(faults, seed);
  const closing = new AbortController();
  const counts: Record<string, number> = {};
  const count = (key: string | number) => {
    counts[key] = (counts[key] ?? 0) + 1;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const asked = await read(request);
    watch?.(asked);
    const deed = fault(asked.path);
    if (deed && 'reset' in deed) {
      count('reset');
      request.socket.resetAndDestroy();
      return;
    }
    if (deed && 'hang' in deed) {
      count('hang');
      await pause(deed.hang, closing.signal);
    }
    const reply = deed && 'status' in deed ? refusal(deed) : await dispatch(routes, asked);
    const { head, body } = encode(reply, now(), asked.headers['accept-encoding']);
    response.sendDate = false; // the vendor's clock, not ours
    if (deed && 'truncate' in deed) {
      count('truncate');
      response.writeHead(reply.status ?? 200, head);
      response.write(body.subarray(0, body.length >> 1), () => request.socket.destroy());
      return;
    }
    count(reply.status ?? 200);
    response.writeHead(reply.status ?? 200, head).end(body);
  };

  const server = http.createServer((request, response) => {
    answer(request, response).catch(error => {
      count(500);
      if (response.headersSent) request.socket.destroy();
      else
        response.writeHead(500, { 'content-type': 'application/json' }).end(JSON.stringify({ error: String(error) }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // a TCP server's address is one
    requests: () => ({ ...counts }),
    close: () =>
      new Promise(resolve => {
        closing.abort();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const dispatch = async (routes: readonly Route[], asked: Asked): Promise<Reply> => {
  const at = routes.flatMap(route => {
    const params = match(route.path, asked.path);
    return params ? [{ route, params }] : [];
  });
  const found = at.find(({ route }) => route.method === asked.method);
  if (found) return found.route.handle({ ...asked, params: found.params });
  return at.length > 0
    ? { status: 405, body: { error: 'method not allowed' } }
    : { status: 404, body: { error: 'not found' } };
};

const match = (pattern: string, path: string): Record<string, string> | undefined => {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(given[i]!);
    else if (part !== given[i]) return undefined;
  }
  return params;
};

const read = async (request: IncomingMessage): Promise<Asked> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers,
    params: {},
    body: json(Buffer.concat(chunks)),
  };
};

const json = (body: Buffer): Json | undefined => {
  try {
    return JSON.parse(body.toString()) as Json;
  } catch {
    return undefined; // the vendor's handler says what it thinks of that
  }
};

const refusal = ({ status, retryAfter, body }: Extract<FaultDeed, { status: number }>): Reply => ({
  status,
  ...(retryAfter !== undefined && { headers: { 'retry-after': String(retryAfter) } }),
  ...(body === undefined ? { body: { error: `simulated ${status}` } } : { text: body }),
});

const encode = (reply: Reply, now: number, accepted = ''): { head: Record<string, string>; body: Buffer } => {
  const plain = Buffer.from(reply.text ?? JSON.stringify(reply.body ?? null));
  const zip = plain.length > 1024 && /\bgzip\b/.test(accepted);
  const body = zip ? gzipSync(plain, { level: 1 }) : plain;
  const head = {
    date: new Date(now).toUTCString(),
    'content-type': 'application/json',
    'content-length': String(body.length),
    ...(zip && { 'content-encoding': 'gzip' }),
    ...reply.headers,
  };
  return { head, body };
};

/** Real time: only sockets wait here. Ends early when the server closes. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, Math.min(ms, 10 * MINUTE));
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
