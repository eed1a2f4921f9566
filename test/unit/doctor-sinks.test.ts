// What doctor says of an OTLP sink that is not what the config believes: each of the usual mistakes, played on loopback.
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { diagnosisOf } from '../../src/cli/doctor/finding.ts';
import { markedRecord } from '../../src/cli/doctor/marked.ts';
import type { Diagnosis } from '../../src/component.ts';
import { asFault, describe as inWords } from '../../src/fault.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { secret } from '../../src/options.ts';
import { type Certificates, certificates } from '../support/certificates.ts';
import { testSecret } from '../support/conversation.ts';
import { ever, listen, reply, serve } from '../support/loopback.ts';
import { type OtlpOptions, otlpStage } from '../support/otlp.ts';

const { sinkThat, exporterOf, ending, close } = otlpStage();
afterEach(() => close());
const NOW = Date.UTC(2026, 0, 15, 12);

/** What doctor finds, without --send and with it. */
const found = async (options: OtlpOptions): Promise<readonly (readonly Diagnosis[])[]> =>
  Promise.all(
    [undefined, markedRecord(NOW)].map(marked =>
      exporterOf(options).exporter.probe!(ever(), marked).catch(error => [diagnosisOf(error)]),
    ),
  );
const problem = (what: string, remedy: string) => [
  { severity: 'problem', what: expect.stringContaining(what), remedy: expect.stringContaining(remedy) },
];

test('the marked record is valid OCSF, and plainly a test', async () => {
  const record = markedRecord(NOW);
  expect(record.drift).toBeUndefined();
  expect(validate(record.event!)).toEqual([]);
  expect(record.event).toMatchObject({ metadata: { labels: ['tributary.test'], product: { name: 'Tributary' } } });
  expect(String(record.event!.message)).toContain('It is no event of a vendor');
  const sink = await sinkThat();
  const [, sent] = await found({ endpoint: sink.url });
  expect(sent).toEqual([{ severity: 'ok', what: expect.stringContaining('it took a marked record') }]);
  expect(
    sink.taken.map(({ attributes, resource }) => [attributes['tributary.test'], resource['service.name']]),
  ).toEqual([[true, 'tributary']]);
});

test('without --send nothing but a GET is made', async () => {
  const sink = await serve(reply(405));
  ending(sink.close);
  const said = await exporterOf({ endpoint: sink.url }).exporter.probe!(ever());
  expect(said).toEqual([
    { severity: 'ok', what: `${sink.url} speaks HTTP (GET: 405); whether it takes records shows with --send` },
  ]);
  expect(sink.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /v1/logs']);
});

describe('seen without --send, and with it', () => {
  test('a port for gRPC', async () => {
    const grpc = http2.createServer();
    await new Promise<void>(done => grpc.listen(0, '127.0.0.1', done));
    ending(async () => void grpc.close());
    const { port } = grpc.address() as { port: number };
    for (const said of await found({ endpoint: `http://127.0.0.1:${port}` }))
      expect(said).toEqual(
        problem(`127.0.0.1:${port} speaks HTTP/2 alone: this is a port for gRPC`, '4318 by custom where gRPC has 4317'),
      );
  });

  test.each([401, 403])('%d without a credential, and with a wrong one', async status => {
    const sink = await serve(reply(status));
    ending(sink.close);
    for (const said of await found({ endpoint: sink.url }))
      expect(said).toEqual(
        problem(String(status), "It wants a credential: `headers: { authorization: secret.env('…') }`"),
      );
    const headers = { authorization: testSecret('Bearer wrong-credential') };
    for (const said of await found({ endpoint: sink.url, headers })) {
      expect(said).toEqual(problem(String(status), 'It refuses the credential'));
      expect(JSON.stringify(said)).not.toContain('wrong-credential');
    }
  });

  test('a wrong path', async () => {
    const sink = await serve(reply(404));
    ending(sink.close);
    for (const said of await found({ endpoint: `${sink.url}/otlp` }))
      expect(said).toEqual(problem('/otlp/v1/logs: 404', 'The path is wrong'));
  });

  test('a web page', async () => {
    const sink = await serve(reply(200, { 'content-type': 'text/html; charset=utf-8' }, '<html>Welcome</html>'));
    ending(sink.close);
    for (const said of await found({ endpoint: sink.url }))
      expect(said).toEqual(problem('/v1/logs answers with a web page', 'its OTLP intake'));
  });

  test('nobody there', async () => {
    const gone = await serve(reply(200));
    await gone.close();
    for (const said of await found({ endpoint: gone.url }))
      expect(said).toEqual(problem('ECONNREFUSED', 'Nobody listens there'));
  });

  test('a name that DNS does not know', async () => {
    for (const said of await found({ endpoint: 'http://collector.invalid:4318' }))
      expect(said).toEqual(problem('collector.invalid', 'DNS does not know the name'));
  });

  test('plain HTTP where https:// is said', async () => {
    const sink = await serve(reply(405));
    ending(sink.close);
    for (const said of await found({ endpoint: sink.url.replace('http:', 'https:') }))
      expect(said).toEqual(problem('speaks plain HTTP, and `endpoint` says https://', 'the port that speaks TLS'));
  });
});

describe('TLS (certificates made by openssl)', () => {
  let made: Certificates;
  beforeAll(() => {
    made = certificates();
  });
  afterAll(() => made.remove());
  const identity = () => ({ cert: made.read('server.pem'), key: made.read('server.key') });

  test('TLS where http:// is said, at a server that hangs up', async () => {
    const secure = await listen(https.createServer(identity(), reply(200)), 'https');
    ending(secure.close);
    const { host } = new URL(secure.url);
    for (const said of await found({ endpoint: `http://${host}` }))
      expect(said).toEqual(
        problem(`${host} speaks TLS, and \`endpoint\` says http://`, `Set \`endpoint\` to https://${host}`),
      );
  });

  test('TLS where http:// is said, at a server that says so, as nginx and Go do', async () => {
    const { host, close } = await polite(identity());
    ending(close);
    for (const said of await found({ endpoint: `http://${host}` }))
      expect(said).toEqual(problem(`${host} speaks TLS`, 'https://'));
  });

  test('a certificate of an authority that is not known here', async () => {
    const secure = await listen(https.createServer(identity(), reply(200)), 'https');
    ending(secure.close);
    for (const said of await found({ endpoint: secure.url }))
      expect(said).toEqual(problem('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'set `tls.ca` to that authority'));
    const [reached, sent] = await found({ endpoint: secure.url, tls: { ca: `${made.folder}/ca.pem` } });
    expect([reached![0]!.severity, sent![0]!.severity]).toEqual(['ok', 'ok']);
  });
});

describe('seen with --send only', () => {
  const sent = async (...given: Parameters<typeof sinkThat>) => {
    const sink = await sinkThat(...given);
    const [reached, said] = await found({ endpoint: sink.url });
    expect(reached).toMatchObject([{ severity: 'ok' }]);
    return said;
  };

  /** A GET has no body to refuse. */
  const unless = (fine: (headers: http.IncomingHttpHeaders) => boolean, status: number) =>
    sent(({ headers }) =>
      headers['content-type'] === undefined || fine(headers)
        ? undefined
        : { status, body: 'no', headers: { 'content-type': 'text/plain' } },
    );

  test.each([400, 415])('gzip is refused with %d', async status => {
    expect(await unless(headers => headers['content-encoding'] !== 'gzip', status)).toEqual(
      problem('it refuses gzip, and takes the same without', "Set `compression: 'none'`."),
    );
  });

  test('protobuf is refused', async () => {
    expect(await unless(headers => headers['content-type'] === 'application/json', 415)).toEqual(
      problem('it refuses protobuf, and takes JSON', "Set `protocol: 'http/json'`."),
    );
  });

  test('a size limit', async () => {
    expect(await unless(() => false, 413)).toEqual(problem('413 Payload Too Large: no', 'client_max_body_size'));
  });

  test('refused in part', async () => {
    expect(
      await sent(({ headers }) =>
        headers['content-type'] ? { partial: { rejectedLogRecords: 1, errorMessage: 'too old' } } : undefined,
      ),
    ).toEqual(problem('1 of 1 records refused: too old', 'It answers 200 and refuses records all the same'));
  });

  test('anything else is what it is', async () => {
    expect(await unless(() => false, 400)).toEqual(problem('400 Bad Request: no', 'Read its words'));
    expect(await unless(() => false, 503)).toEqual(problem('503 Service Unavailable: no', 'tried again by itself'));
    expect(await unless(() => false, 429)).toMatchObject([{ severity: 'warning' }]);
  });
});

test('a credential that cannot be read is a fault of its own', async () => {
  const headers = { authorization: secret.env('NO_SUCH_VARIABLE') };
  for (const said of await found({ endpoint: 'http://127.0.0.1:9', headers }))
    expect(said).toEqual(problem('NO_SUCH_VARIABLE is not set', 'Set the environment variable'));
});

test('told to stop, it stops', async () => {
  const silent = await serve(() => {});
  ending(silent.close);
  const stop = new AbortController();
  const asked = exporterOf({ endpoint: silent.url }).exporter.probe!(stop.signal).catch(error => error);
  stop.abort(new Error('enough'));
  expect(inWords(asFault(await asked))).toContain('enough');
});

/** Refuses plain HTTP in words, and speaks TLS, at one port. */
const polite = async (identity: https.ServerOptions) => {
  const plain = http.createServer(reply(400, {}, 'Client sent an HTTP request to an HTTPS server.'));
  const secure = https.createServer(identity, reply(200));
  const front = net.createServer(socket =>
    socket.once('readable', () => {
      const first: Buffer | null = socket.read();
      if (first === null) return;
      socket.unshift(first);
      (first[0] === 0x16 ? secure : plain).emit('connection', socket);
    }),
  );
  await new Promise<void>(done => front.listen(0, '127.0.0.1', done));
  const { port } = front.address() as { port: number };
  const closeAll = async () => {
    front.close();
    plain.closeAllConnections();
    secure.closeAllConnections();
  };
  return { host: `127.0.0.1:${port}`, close: closeAll };
};
