// Where the OTLP exporter sends, and with which headers; and that secrets stay secret.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AuditRecord } from '../../src/model.ts';
import { secret } from '../../src/options.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { ever, faultFrom } from '../support/loopback.ts';
import { makeOtlp, otlpStage } from '../support/otlp.ts';

const { sinkThat, exporterOf, close } = otlpStage();
afterEach(async () => {
  vi.unstubAllEnvs();
  await close();
});

const [record] = sampleRecords(1) as [AuditRecord];

describe('addresses', () => {
  test.each([
    ['', '/v1/logs'],
    ['/', '/v1/logs'],
    ['/otlp', '/otlp/v1/logs'],
    ['/otlp/', '/otlp/v1/logs'],
    ['/v1/logs', '/v1/logs'],
    ['/otlp/v1/logs/', '/otlp/v1/logs'],
    ['/otlp?tenant=a', '/otlp/v1/logs?tenant=a'],
  ])('endpoint %j is asked at %j', async (suffix, path) => {
    const sink = await sinkThat();
    await exporterOf({ endpoint: sink.url + suffix }).exporter.export([record], ever());
    expect(sink.requests[0]?.path).toBe(path);
  });

  test('what a query holds is not repeated in faults', async () => {
    const sink = await sinkThat({ status: 503 });
    const fault = await faultFrom(exporterOf({ endpoint: `${sink.url}/?key=hush` }).exporter.export([record], ever()));
    expect(JSON.stringify([fault.message, fault.stack])).not.toContain('hush');
  });

  test('all that is wrong with the options is said at once', () => {
    const wrong = {
      endpoint: 'ftp://a',
      headers: { authorization: 'Bearer x', 'x y': 'z' },
      timeout: '1ms',
      maxRecords: 0,
    } as const;
    expect(() => makeOtlp(wrong)).toThrow(/endpoint: .*headers.*timeout: .*maxRecords: /s);
    expect(() => makeOtlp({ endpoint: 'https://user:pw@sink.example' })).toThrow(/must not hold a credential/);
    expect(() => makeOtlp({ headers: { 'X-Api-Key': 'abc' } })).toThrow(/headers.X-Api-Key: must not be in plain text/);
  });
});

describe('headers and secrets', () => {
  beforeEach(() => vi.stubEnv('SINK_TOKEN', 'Bearer s3cr3t-value'));

  test('are sent, and looked up for each request', async () => {
    const sink = await sinkThat();
    const { exporter } = exporterOf({
      endpoint: sink.url,
      headers: { authorization: secret.env('SINK_TOKEN'), 'x-scope': 'audit' },
    });
    await exporter.export([record], ever());
    vi.stubEnv('SINK_TOKEN', 'Bearer another');
    await exporter.export([record], ever());
    expect(sink.requests.map(({ headers }) => [headers.authorization, headers['x-scope']])).toEqual([
      ['Bearer s3cr3t-value', 'audit'],
      ['Bearer another', 'audit'],
    ]);
  });

  test('a secret that is missing is a fault of ours', async () => {
    const { exporter } = exporterOf({
      endpoint: (await sinkThat()).url,
      headers: { authorization: secret.env('NOT_SET') },
    });
    expect(await faultFrom(exporter.export([record], ever()))).toMatchObject({ code: 'E_SECRET', kind: 'denied' });
  });

  test('a secret that HTTP cannot carry is named by nothing but its fault', async () => {
    vi.stubEnv('SINK_TOKEN', 'line\nhush');
    const { exporter } = exporterOf({
      endpoint: (await sinkThat()).url,
      headers: { authorization: secret.env('SINK_TOKEN') },
    });
    const fault = await faultFrom(exporter.export([record], ever()));
    expect(fault).toMatchObject({ code: 'E_SECRET', kind: 'denied' });
    expect(fault.message).not.toContain('hush');
  });

  test.each([
    [
      'in words',
      { status: 401, body: 'bad token s3cr3t-value (Bearer s3cr3t-value)', headers: { 'content-type': 'text/plain' } },
    ],
    ['in a partial success', { partial: { rejectedLogRecords: 1, errorMessage: 's3cr3t-value' } }],
    ['in a remark', { partial: { rejectedLogRecords: 0, errorMessage: 's3cr3t-value' } }],
  ] as const)('a sink that repeats a secret %s is not quoted', async (_, deed) => {
    const { exporter, context } = exporterOf({
      endpoint: (await sinkThat(deed)).url,
      headers: { authorization: secret.env('SINK_TOKEN') },
    });
    const result = await exporter.export([record], ever()).catch(error => error);
    const said = JSON.stringify([result, result.message, result.refused?.[0]?.fault.message, context.lines]);
    expect(said).toContain('[secret]');
    expect(said).not.toContain('s3cr3t');
  });

  test('a credential does not travel in plain text', () => {
    const headers = { authorization: secret.env('SINK_TOKEN') };
    expect(() => makeOtlp({ endpoint: 'http://sink.example', headers })).toThrow(
      expect.objectContaining({ code: 'E_PLAINTEXT' }),
    );
    expect(() => makeOtlp({ endpoint: 'http://127.0.0.1:1', headers, proxy: 'http://proxy.example' })).toThrow(/http:/);
    expect(() => makeOtlp({ endpoint: 'http://sink.example' })).not.toThrow();
    expect(() => makeOtlp({ endpoint: 'https://sink.example', headers })).not.toThrow();
  });
});
