// The OTLP exporter over TLS: whom it trusts, how it shows itself, and through a proxy.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AuditRecord } from '../../src/model.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { ever, faultFrom, listen } from '../support/loopback.ts';
import { otlpStage } from '../support/otlp.ts';

const { sinkThat, exporterOf: made, ending, close } = otlpStage();
const exporterOf = (...given: Parameters<typeof made>) => made(...given).exporter;
afterEach(async () => {
  vi.unstubAllEnvs();
  await close();
});
const [record] = sampleRecords(1) as [AuditRecord];

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

  const tlsSink = (extra = {}) => sinkThat(undefined, { key: read('server.key'), cert: read('server.pem'), ...extra });

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
    ending(proxy.close);
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
