// The environment of the OTLP exporter: the standard variables, which serve an exporter without an endpoint and reach no
// other; and the resource.
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { AuditRecord, Origin } from '../../src/model.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { ever, faultFrom } from '../support/loopback.ts';
import { makeOtlp, otlpStage } from '../support/otlp.ts';

const { sinkThat, exporterOf: made, close } = otlpStage();
const exporterOf = (...given: Parameters<typeof made>) => made(...given).exporter;
afterEach(async () => {
  vi.unstubAllEnvs();
  await close();
});
const [record] = sampleRecords(1) as [AuditRecord];

describe('OTEL_EXPORTER_OTLP_*', () => {
  const set = (variables: Readonly<Record<string, string>>) => {
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(`OTEL_EXPORTER_OTLP_${name}`, value);
  };

  test('serve an exporter without an endpoint', async () => {
    const sink = await sinkThat();
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
    const sink = await sinkThat();
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
    const sink = await sinkThat();
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
    const sink = await sinkThat();
    sink.script = () => ({ hang: true });
    set({ ENDPOINT: sink.url, TIMEOUT: '150' });
    expect(await faultFrom(exporterOf({}).export([record], ever()))).toMatchObject({ code: 'E_TIMEOUT' });
  });

  test('reach no exporter that names its endpoint, and stay as they were', async () => {
    const sink = await sinkThat();
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
    const sink = await sinkThat();
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
    const sink = await sinkThat();
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
    const sink = await sinkThat();
    const types = ['opal', 'opaque', 'opal'];
    const records = types.map((type, i) => ({ ...record, id: `${i}`, origin: { ...record.origin, type } }));
    await exporterOf({ endpoint: sink.url }).export(records, ever());
    expect(sink.taken.map(({ resource }) => resource['service.name']).sort()).toEqual(['opal', 'opal', 'opaque']);
  });
});
