// What surrounds the OTLP exporter: the standard variables, which serve an exporter without an endpoint and reach no other;
// certificates of both sides; a proxy.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditRecord, Origin } from '../../src/model.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { ever, faultFrom, listen } from '../support/loopback.ts';
import { makeOtlp, type OtlpOptions } from '../support/otlp.ts';
import { otlpSink } from '../support/otlp-sink.ts';

const closers: (() => Promise<void> | undefined)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

const sinkWith = async (tls?: Parameters<typeof otlpSink>[1]) => {
  const sink = await otlpSink(undefined, tls);
  closers.push(sink.close);
  return sink;
};
const exporterOf = (options: OtlpOptions, given: Parameters<typeof makeOtlp>[1] = {}) => {
  const made = makeOtlp(options, given);
  closers.push(() => made.exporter.close?.());
  return made.exporter;
};
const [record] = sampleRecords(1) as [AuditRecord];

describe('OTEL_EXPORTER_OTLP_*', () => {
  const set = (variables: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(`OTEL_EXPORTER_OTLP_${name}`, value);
  };

  test('serve an exporter without an endpoint', async () => {
    const sink = await sinkWith();
    set({
      ENDPOINT: `${sink.url}/base/`,
      HEADERS: 'x-a=1,x-b=two%20words',
      PROTOCOL: 'http/json',
      COMPRESSION: 'none',
    });
    await exporterOf({}).export([record], ever());
    expect(sink.requests[0]).toMatchObject({
      path: '/base/v1/logs',
      headers: { 'x-a': '1', 'x-b': 'two words', 'content-type': 'application/json' },
    });
    expect(sink.requests[0]?.headers['content-encoding']).toBeUndefined();
  });

  test('those for logs go first, and their address is taken as it is', async () => {
    const sink = await sinkWith();
    set({
      ENDPOINT: 'http://127.0.0.1:1',
      LOGS_ENDPOINT: `${sink.url}/here`,
      HEADERS: 'x-a=1,x-b=1',
      LOGS_HEADERS: 'x-b=2',
    });
    set({ PROTOCOL: 'http/protobuf', LOGS_PROTOCOL: 'http/json' });
    await exporterOf({}).export([record], ever());
    expect(sink.requests[0]).toMatchObject({
      path: '/here',
      headers: { 'x-a': '1', 'x-b': '2', 'content-type': 'application/json' },
    });
  });

  test('what the config says goes before them', async () => {
    const sink = await sinkWith();
    set({ ENDPOINT: sink.url, HEADERS: 'x-a=1,x-b=1', PROTOCOL: 'http/json', COMPRESSION: 'none' });
    await exporterOf({ protocol: 'http/protobuf', compression: 'gzip', headers: { 'x-b': '2' } }).export(
      [record],
      ever(),
    );
    expect(sink.requests[0]?.headers).toMatchObject({
      'x-a': '1',
      'x-b': '2',
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
    });
  });

  test('the timeout is in milliseconds', async () => {
    const sink = await sinkWith();
    sink.script = () => ({ hang: true });
    set({ ENDPOINT: sink.url, TIMEOUT: '150' });
    expect(await faultFrom(exporterOf({}).export([record], ever()))).toMatchObject({ code: 'E_TIMEOUT' });
  });

  test('reach no exporter that names its endpoint, and stay as they were', async () => {
    const sink = await sinkWith();
    const variables = {
      ENDPOINT: 'http://127.0.0.1:1',
      HEADERS: 'authorization=Bearer%20hush',
      LOGS_HEADERS: 'x-tenant=other',
      PROTOCOL: 'http/json',
      COMPRESSION: 'none',
      TIMEOUT: '1',
      CERTIFICATE: '/nowhere',
      CLIENT_KEY: '/nowhere',
      CLIENT_CERTIFICATE: '/nowhere',
    };
    set(variables);
    await exporterOf({ endpoint: sink.url }).export([record], ever());
    const { headers, path: asked } = sink.requests[0]!;
    expect(asked).toBe('/v1/logs');
    expect(headers).toMatchObject({ 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' });
    expect(JSON.stringify(headers)).not.toMatch(/hush|tenant/);
    for (const [name, value] of Object.entries(variables))
      expect(process.env[`OTEL_EXPORTER_OTLP_${name}`]).toBe(value);
  });

  test('headers of theirs are secrets', async () => {
    const sink = await sinkWith();
    sink.script = ({ headers }) => ({
      status: 403,
      body: `no: ${headers['x-anything']}`,
      headers: { 'content-type': 'text/plain' },
    });
    set({ ENDPOINT: sink.url, HEADERS: 'x-anything=hush-hush' });
    const { message } = await faultFrom(exporterOf({}).export([record], ever()));
    expect(message).toMatch(/403 Forbidden: no: \[secret\]$/);
  });

  test.each([
    [{ PROTOCOL: 'grpc' }, /OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; it can be http\/protobuf or http\/json/],
    [{ LOGS_COMPRESSION: 'zstd' }, /OTEL_EXPORTER_OTLP_LOGS_COMPRESSION is "zstd"/],
    [{ TIMEOUT: 'soon' }, /OTEL_EXPORTER_OTLP_TIMEOUT is "soon"/],
    [{ ENDPOINT: 'collector:4317' }, /OTEL_EXPORTER_OTLP_ENDPOINT must be an http or https address/],
    [{ LOGS_ENDPOINT: 'https://user:hush@sink.example' }, /without credentials/],
    [{ ENDPOINT: 'http://sink.example', HEADERS: 'api-key=x' }, /http: does not encrypt/],
  ])('%j is a clear fault', (variables, words) => {
    set(variables);
    expect(() => makeOtlp({})).toThrow(words);
    expect(() => makeOtlp({ endpoint: 'http://127.0.0.1:1' })).not.toThrow();
  });

  test('without any, it is the collector next door', async () => {
    const { exporter } = makeOtlp({ timeout: '5s' });
    const fault = await exporter.export([record], ever()).then(
      () => undefined,
      error => error,
    );
    if (fault) expect(fault.message).toContain('http://127.0.0.1:4318/v1/logs'); // somebody may well listen there
    await exporter.close?.();
  });
});

describe('the resource', () => {
  const resourceOf = async (
    origin: Partial<Origin> = {},
    mapping?: NonNullable<Parameters<typeof makeOtlp>[1]>['mapping'],
  ) => {
    const sink = await sinkWith();
    const exporter = exporterOf({ endpoint: sink.url }, mapping ? { mapping } : {});
    await exporter.export([{ ...record, origin: { ...record.origin, ...origin } }], ever());
    return sink.taken[0]!.resource;
  };

  test('is named for the source', async () => {
    const described = (name: string) => () => ({
      describe: () => ({
        product: { name, vendor_name: 'V' },
        provider: 'V',
        log: 'l',
        format: 'JSON' as const,
        address: 'a',
      }),
      read: () => [],
    });
    expect(await resourceOf({ type: 'acme' })).toEqual({ 'service.name': 'acme' });
    expect(await resourceOf({ type: 'onepassword' }, described('1Password'))).toEqual({ 'service.name': '1password' });
    expect(await resourceOf({ type: 'endor-labs' }, described('Endor Labs'))).toEqual({ 'service.name': 'endorlabs' });
  });

  test('takes the operator’s attributes; OTEL_SERVICE_NAME has the last word', async () => {
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=prod,service.name=ignored');
    expect(await resourceOf()).toEqual({ 'deployment.environment.name': 'prod', 'service.name': 'ignored' });
    vi.stubEnv('OTEL_SERVICE_NAME', 'audit');
    expect(await resourceOf()).toEqual({ 'deployment.environment.name': 'prod', 'service.name': 'audit' });
  });

  test('several sources in one batch have each their own', async () => {
    const sink = await sinkWith();
    const types = ['opal', 'opaque', 'opal'];
    const records = types.map((type, i) => ({ ...record, id: `${i}`, origin: { ...record.origin, type } }));
    await exporterOf({ endpoint: sink.url }).export(records, ever());
    expect(sink.taken.map(({ resource }) => resource['service.name']).sort()).toEqual(['opal', 'opal', 'opaque']);
  });
});

const openssl = (() => {
  try {
    return execFileSync('openssl', ['version']).toString();
  } catch {
    return undefined;
  }
})();

describe.skipIf(openssl === undefined)('TLS (certificates made by openssl)', () => {
  let folder = '';
  const read = (name: string) => readFileSync(path.join(folder, name), 'utf8');
  const run = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const authority = (name: string) =>
    run(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.pem`,
    );
  const certificate = (name: string, by: string) => {
    run(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    run(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${by}.pem`,
      '-CAkey',
      `${by}.key`,
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'san',
      '-out',
      `${name}.pem`,
    );
  };

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'tributary-tls-'));
    writeFileSync(path.join(folder, 'san'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    authority('ca');
    certificate('server', 'ca');
    certificate('client', 'ca');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const tlsSink = (extra = {}) => sinkWith({ key: read('server.key'), cert: read('server.pem'), ...extra });

  test('an own authority is trusted when it is named, relative to the config', async () => {
    const sink = await tlsSink();
    await exporterOf({ endpoint: sink.url, tls: { ca: 'ca.pem' } }, { folder }).export([record], ever());
    expect(sink.taken).toHaveLength(1);
  });

  test('and not otherwise', async () => {
    const sink = await tlsSink();
    expect(await faultFrom(exporterOf({ endpoint: sink.url }).export([record], ever()))).toMatchObject({
      code: 'E_TLS',
      kind: 'denied',
    });
    expect(sink.requests).toHaveLength(0);
  });

  test('mutual TLS', async () => {
    const sink = await tlsSink({ requestCert: true, rejectUnauthorized: true, ca: read('ca.pem') });
    const tls = { ca: 'ca.pem', cert: 'client.pem', key: 'client.key' };
    await exporterOf({ endpoint: sink.url, tls }, { folder }).export([record], ever());
    expect(sink.taken).toHaveLength(1);
    const fault = await faultFrom(
      exporterOf({ endpoint: sink.url, tls: { ca: 'ca.pem' } }, { folder }).export([record], ever()),
    );
    expect(['E_TLS', 'E_NETWORK']).toContain(fault.code); // a server may just hang up on a stranger
    expect(sink.taken).toHaveLength(1);
  });

  test('certificates named by the environment', async () => {
    const sink = await tlsSink({ requestCert: true, rejectUnauthorized: true, ca: read('ca.pem') });
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', sink.url);
    vi.stubEnv('OTEL_EXPORTER_OTLP_CERTIFICATE', path.join(folder, 'ca.pem'));
    vi.stubEnv('OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', path.join(folder, 'client.pem'));
    vi.stubEnv('OTEL_EXPORTER_OTLP_CLIENT_KEY', path.join(folder, 'client.key'));
    await exporterOf({}).export([record], ever());
    expect(sink.taken).toHaveLength(1);
  });

  test('a file that cannot be read, and one that is mended', async () => {
    const sink = await tlsSink();
    const exporter = exporterOf({ endpoint: sink.url, tls: { ca: 'later.pem' } }, { folder });
    expect(await faultFrom(exporter.export([record], ever()))).toMatchObject({ code: 'E_SECRET', kind: 'denied' });
    writeFileSync(path.join(folder, 'later.pem'), 'not a certificate');
    expect(await faultFrom(exporter.export([record], ever()))).toMatchObject({ code: 'E_TLS', kind: 'denied' });
    writeFileSync(path.join(folder, 'later.pem'), read('ca.pem'));
    await exporter.export([record], ever());
    expect(sink.taken).toHaveLength(1);
  });

  test('through a proxy, which sees nothing of it', async () => {
    const sink = await tlsSink();
    const asked: string[] = [];
    const server = http.createServer();
    server.on('connect', (request, socket, head) => {
      asked.push(request.url ?? '');
      const { hostname, port } = new URL(`http://${request.url}`);
      const onward = net.connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        onward.write(head);
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
    });
    const proxy = await listen(server);
    closers.push(proxy.close);
    const exporter = exporterOf({ endpoint: sink.url, tls: { ca: 'ca.pem' }, proxy: proxy.url }, { folder });
    await exporter.export([record], ever());
    expect(sink.taken).toHaveLength(1);
    expect(asked).toEqual([new URL(sink.url).host]);

    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('NO_PROXY', '');
    await exporterOf({ endpoint: sink.url, tls: { ca: 'ca.pem' } }, { folder }).export([record], ever());
    expect(asked).toHaveLength(2);
    vi.stubEnv('NO_PROXY', '127.0.0.1');
    await exporterOf({ endpoint: sink.url, tls: { ca: 'ca.pem' } }, { folder }).export([record], ever());
    expect(asked).toHaveLength(2);
    expect(sink.taken).toHaveLength(3);
  });
});
