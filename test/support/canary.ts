// Secrets that can be recognized in whatever form they come back, and a search for them that knows nothing of how the
// program takes them out. Beside them, a vendor and sinks that say aloud whatever they are told.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { type Loopback, listen } from './loopback.ts';

/** The part of each secret that no escape changes. */
const CORE = 'qanaria';

/** A secret with all that has to be escaped somewhere; header and URL can still carry it. */
export const canary = (name: string): string => `${name.slice(0, 2)}/${CORE}${name}+"q&<x>=\\9~${CORE}`;

/** Where a secret is found in a text, plain, escaped or in Base64, with some of what stands around it. */
export const canariesIn = (text: string, depth = 0): readonly string[] => {
  const plain = [...text.matchAll(new RegExp(`.{0,40}${CORE}.{0,20}`, 'gi'))].map(([found]) => found);
  if (depth > 1) return plain;
  const hidden = [...text.matchAll(/[A-Za-z0-9+/_-]{12,}/g)].flatMap(([run]) =>
    [0, 1, 2, 3].flatMap(skip =>
      canariesIn(
        Buffer.from(run.slice(skip).replaceAll('-', '+').replaceAll('_', '/'), 'base64').toString('latin1'),
        depth + 1,
      ),
    ),
  );
  return [...plain, ...hidden];
};

export interface Echoing extends Loopback {
  /** What sinks were sent: where, and its body. */
  readonly pushed: readonly { readonly path: string; readonly body: string }[];
}

/** The vendor: how it treats its callers is in the path, `/MODE/page`. Sinks: `/sink/MODE/v1/logs`. */
export const echoing = async (): Promise<Echoing> => {
  const pushed: { path: string; body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
      if (request.url?.startsWith('/sink/')) pushed.push({ path: request.url, body: body.toString('latin1') });
      answer(request, body.toString(), response);
    });
  });
  // As a proxy, it refuses, and says by what it was asked.
  server.on('connect', ({ headers }, socket) => {
    const said = headers['proxy-authorization'];
    socket.on('error', () => {}); // whoever asked may have gone
    socket.end(`HTTP/1.1 407 ${said}\r\nx-said: ${said}\r\ncontent-length: 0\r\n\r\n`);
  });
  return { ...(await listen(server)), pushed };
};

const answer = (request: IncomingMessage, body: string, response: ServerResponse): unknown => {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const [, mode = '', inner = ''] = url.pathname.split('/');
  const headers = Object.values(request.headers).flat().filter(isTelling).join(' ');
  const credential = headers.replace(/^(Bearer|Basic) /, '');
  const said = `${headers}${body.includes(CORE) && mode !== 'sink' ? body : ''}`;
  const send = (status: number, json: unknown, headers: Record<string, string> = {}) =>
    response
      .writeHead(status, {
        'content-type': 'application/json',
        'set-cookie': `session=${encodeURIComponent(credential)}`,
        ...headers,
      })
      .end(typeof json === 'string' ? json : JSON.stringify(json));
  const modes: Readonly<Record<string, () => unknown>> = {
    denied: () => send(401, { message: `who is ${said}?`, token: credential }),
    server: () => send(500, `<html>${said} ${encodeURIComponent(credential)}</html>`),
    limit: () => send(429, { error: { message: `slow down, ${credential}` } }, { 'retry-after': '3600' }),
    moved: () =>
      send(302, '', {
        location: `https://${credential}.example/?token=${credential}`,
      }),
    html: () => send(200, `<h1>${said}</h1>`),
    cut: () => send(200, JSON.stringify({ events: [credential] }).slice(0, -16)),
    shape: () => send(200, { events: said, next: { [credential]: 1 } }),
    request: () => send(400, { errors: [{ detail: Buffer.from(said).toString('base64') }] }),
  };
  if (mode === 'sink')
    return sink(inner, body, `${Buffer.from(`x${said}`).toString('base64')} ${encodeURIComponent(said)} ${said}`, send);
  if (inner === 'token')
    return send(200, { token: canary('exchanged'), expiration_time: '2999-01-01T00:00:00Z', echo: body });
  if (inner === 'page' && !Object.hasOwn(modes, mode)) return send(200, page(url, credential, said));
  return (modes[mode] ?? modes.denied!)();
};

const isTelling = (header: string | undefined): boolean =>
  header !== undefined && /^(Bearer|Basic) |qanaria/.test(header);

/** Two pages of records that quote the credential in every way; so does the cursor between them. */
const page = (url: URL, credential: string, said: string) => {
  const second = url.searchParams.has('after');
  const records = [1, 2, 3].map(n => ({
    id: `rec-${n + (second ? 3 : 0)}-${n === 1 ? credential : ''}`,
    at: new Date(Date.now() - 3_600_000 - n).toISOString(),
    type: n === 2 ? `odd ${credential}` : 'login',
    actor: { id: 'usr_1', email: 'ada@initech.example' },
    request: { authorization: said, [credential]: n, nested: JSON.stringify({ said }) },
    url: `https://api.example/?key=${encodeURIComponent(credential)}`,
    basic: Buffer.from(`x${n}:${credential}:y`).toString('base64'),
  }));
  return { events: records, next: second ? null : `after ${credential}` };
};

const sink = (mode: string, body: string, said: string, send: (status: number, json: unknown) => unknown): unknown => {
  if (mode === 'picky' && body.includes('rec-2')) return send(400, { code: 3, message: `refused, ${said}` });
  if (mode === 'partial')
    return send(200, { partialSuccess: { rejectedLogRecords: '1', errorMessage: `not all, ${said}` } });
  if (mode === 'denied' || mode === 'own') return send(401, { message: `who is ${said}?` });
  return send(200, {});
};
