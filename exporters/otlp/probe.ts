// Whether a sink would take records, and if not, which of the usual mistakes it is. Without a record nothing but a GET is
// sent; with one, that is sent as any other would be, and once more in another form where that tells what is wrong.
import type http from 'node:http';
import {
  type AuditRecord,
  asFault,
  type Diagnosis,
  describe,
  type Exporter,
  Fault,
  revealHeaders,
} from '../../src/index.ts';
import type { Options } from './options.ts';
import { look, speaksHttp2, speaksTls } from './peer.ts';
import type { Settings } from './settings.ts';

export interface Probing {
  readonly settings: Settings;
  /** Gives the agent of a connection, as the exporter itself would use it. */
  readonly agent: (protocol: string) => Promise<http.Agent>;
  /** The exporter, with some options changed. */
  readonly variant: (change: Partial<Options>) => Exporter;
}

/** Never throws but when it is told to stop. */
export const probe = async (
  probing: Probing,
  signal: AbortSignal,
  marked: AuditRecord | undefined,
): Promise<readonly Diagnosis[]> => (marked === undefined ? reach(probing, signal) : send(probing, signal, marked));

const ok = (what: string): Diagnosis => ({ severity: 'ok', what });
const problem = (what: string, remedy: string): Diagnosis => ({ severity: 'problem', what, remedy });

/** An endpoint for POST answers a GET with 405, or something like it: whatever it is, it shows who is there. */
const reach = async ({ settings, agent }: Probing, signal: AbortSignal): Promise<readonly Diagnosis[]> => {
  const url = new URL(settings.url);
  try {
    const headers = await revealHeaders(settings.headers);
    const { status, type } = await look(settings.url, headers, await agent(url.protocol), signal);
    const fault = new Fault('E_HTTP_DENIED', `GET ${url.origin}${url.pathname}: ${status}`, { status });
    if (status === 401 || status === 403) return [refused(fault, settings)];
    if (status === 404) return [misplaced(fault)];
    if (status === 400 && url.protocol === 'http:' && (await speaksTls(url, signal))) return [wantsTls(url)];
    if (/^text\/html/i.test(type) && status < 400) return [webPage(url)];
    return [ok(`${url.origin} speaks HTTP (GET: ${status}); whether it takes records shows with --send`)];
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Fault) throw error;
    return [await unreached(url, error, settings, signal)];
  }
};

const send = async (
  { settings, variant }: Probing,
  signal: AbortSignal,
  marked: AuditRecord,
): Promise<readonly Diagnosis[]> => {
  const url = new URL(settings.url);
  /** What sending it so comes to: nothing where it is taken. */
  const failure = async (change: Partial<Options>): Promise<Fault | undefined> => {
    const exporter = variant(change);
    try {
      const { refused = [] } = await exporter.export([marked], signal);
      return refused[0]?.fault;
    } catch (error) {
      signal.throwIfAborted();
      return asFault(error);
    } finally {
      await exporter.close?.();
    }
  };

  const fault = await failure({});
  if (fault === undefined) return [ok(`it took a marked record (${marked.id})`)];
  const { status } = fault;
  if (fault.code === 'E_SINK_PARTIAL')
    return [
      problem(describe(fault), 'It answers 200 and refuses records all the same: read its words, and its own log.'),
    ];
  if (fault.code === 'E_SINK_ANSWER') return [webPage(url)];
  if (status === undefined) return [await unreached(url, fault, settings, signal)];
  if (status === 401 || status === 403) return [refused(fault, settings)];
  if (status === 404 || status === 405) return [misplaced(fault)];
  if (status === 413)
    return [
      problem(
        describe(fault),
        'It refuses a request for its size: raise its limit (`max_request_body_size` of a collector, `client_max_body_size` of nginx), and keep `maxBytes` below it.',
      ),
    ];
  if (status < 500 && status >= 400) {
    if (url.protocol === 'http:' && (await speaksTls(url, signal))) return [wantsTls(url)];
    if (settings.compression === 'gzip' && (await failure({ compression: 'none' })) === undefined)
      return [problem(`it refuses gzip, and takes the same without: ${describe(fault)}`, "Set `compression: 'none'`.")];
    if (settings.protocol === 'http/protobuf' && (await failure({ protocol: 'http/json' })) === undefined)
      return [problem(`it refuses protobuf, and takes JSON: ${describe(fault)}`, "Set `protocol: 'http/json'`.")];
  }
  return [
    { severity: fault.code === 'E_HTTP_LIMIT' ? 'warning' : 'problem', what: describe(fault), remedy: fault.remedy },
  ];
};

const refused = (fault: Fault, { headers }: Settings): Diagnosis =>
  problem(
    describe(fault),
    headers.length === 0
      ? "It wants a credential: `headers: { authorization: secret.env('…') }`, with the whole value (`Bearer …`)."
      : 'It refuses the credential: check the secrets under `headers`, their whole value (`Bearer …`), and what they may do.',
  );

const misplaced = (fault: Fault): Diagnosis =>
  problem(
    describe(fault),
    'The path is wrong: `endpoint` is the base address, and `/v1/logs` is added to it. Some back-ends have a path before that.',
  );

const webPage = (url: URL): Diagnosis =>
  problem(
    `${url.origin}${url.pathname} answers with a web page`,
    'This is the page of a product, a login or a proxy: set `endpoint` to its OTLP intake.',
  );

const wantsTls = (url: URL): Diagnosis =>
  problem(`${url.host} speaks TLS, and \`endpoint\` says http://`, `Set \`endpoint\` to https://${url.host}.`);

/** No HTTP came back: who is there instead? A proxy on the way would answer for itself, so then it is not asked. */
const unreached = async (url: URL, error: unknown, { proxy }: Settings, signal: AbortSignal): Promise<Diagnosis> => {
  const words = wordsOf(error);
  const proxied = Object.values(proxy).some(value => value !== undefined && value !== '');
  if (!proxied && !/ENOTFOUND|EAI_AGAIN|ECONNREFUSED/.test(words)) {
    const plain = new URL(url.href.replace(/^https:/, 'http:'));
    if (url.protocol === 'http:' && (await speaksTls(url, signal))) return wantsTls(url);
    if (await speaksHttp2(url, signal))
      return problem(
        `${url.host} speaks HTTP/2 alone: this is a port for gRPC`,
        'OTLP over HTTP has another port, 4318 by custom where gRPC has 4317.',
      );
    const answered =
      url.protocol === 'https:' && (await look(plain.href, {}, undefined, signal).catch(() => undefined));
    if (answered)
      return problem(
        `${url.host} speaks plain HTTP, and \`endpoint\` says https://`,
        'Use the port that speaks TLS; plain http:// is for this machine and networks that you trust.',
      );
  }
  const fault = error instanceof Fault ? error : new Fault('E_NETWORK', `${url.origin}: ${words}`, { cause: error });
  throw fault;
};

const wordsOf = (error: unknown): string => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = describe(error);
  return text.includes(code) ? text : `${code} ${text}`;
};
