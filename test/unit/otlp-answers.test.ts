// What the OTLP exporter makes of each answer of a sink, and of none.
import { afterEach, describe, expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { ever } from '../support/loopback.ts';
import { type OtlpOptions, otlpStage } from '../support/otlp.ts';
import { type Deed, encode, type Script } from '../support/otlp-sink.ts';

const { sinkThat, exporterOf, close } = otlpStage();
afterEach(async () => {
  await close();
});

describe.each(['http/protobuf', 'http/json'] as const)('%s', protocol => {
  const outcome = async (script: Script | Deed, options: OtlpOptions = {}) => {
    const sink = await sinkThat(script);
    const { exporter, context } = exporterOf({ endpoint: sink.url, protocol, ...options });
    const result = await exporter.export(sampleRecords(3), ever()).catch(error => error);
    return { sink, exporter, context, result };
  };
  const faultOf = async (script: Script | Deed, options: OtlpOptions = {}) => {
    const { result, sink } = await outcome(script, options);
    expect(result).toBeInstanceOf(Fault);
    expect(sink.requests).toHaveLength(1); // the retry is ours, and stands elsewhere
    return result as Fault;
  };

  test.each([
    [400, 'rejected', 'E_HTTP_REQUEST'],
    [413, 'rejected', 'E_HTTP_REQUEST'],
    [422, 'rejected', 'E_HTTP_REQUEST'],
    [401, 'denied', 'E_HTTP_DENIED'],
    [403, 'denied', 'E_HTTP_DENIED'],
    [404, 'denied', 'E_HTTP_DENIED'],
    [405, 'denied', 'E_HTTP_DENIED'],
    [406, 'denied', 'E_HTTP_DENIED'],
    [415, 'denied', 'E_HTTP_DENIED'],
    [418, 'denied', 'E_HTTP_DENIED'],
    [408, 'transient', 'E_TIMEOUT'],
    [429, 'transient', 'E_HTTP_LIMIT'],
    [500, 'transient', 'E_HTTP_SERVER'],
    [501, 'transient', 'E_HTTP_SERVER'],
    [502, 'transient', 'E_HTTP_SERVER'],
    [503, 'transient', 'E_HTTP_SERVER'],
    [504, 'transient', 'E_HTTP_SERVER'],
    [507, 'transient', 'E_HTTP_SERVER'],
    [301, 'denied', 'E_HTTP_REDIRECT'],
    [307, 'denied', 'E_HTTP_REDIRECT'],
  ])('%d is %s', async (status, kind, code) => {
    expect(await faultOf({ status, headers: { location: 'http://127.0.0.1:1/' } })).toMatchObject({
      status,
      kind,
      code,
    });
  });

  test.each([200, 202, 204])('%d is delivered', async status => {
    const { result, sink } = await outcome({ status });
    expect(result).toEqual({});
    expect(sink.taken).toHaveLength(3);
  });

  test.each([
    [429, '7', 7000],
    [503, '120', 120_000],
    [500, '86400', 86_400_000],
    [408, '1', 1000],
    [503, 'Thu, 15 Jan 2026 10:00:00 GMT', 3_600_000],
    [429, '0', undefined],
    [503, 'Wed, 14 Jan 2026 00:00:00 GMT', undefined],
    [503, 'soon', undefined],
    [400, '9', undefined],
    [401, '9', undefined],
  ])('%d with Retry-After %j waits %j ms', async (status, retryAfter, wait) => {
    const headers = { 'retry-after': retryAfter, date: 'Thu, 15 Jan 2026 09:00:00 GMT' };
    expect((await faultOf({ status, headers })).retryAfter).toBe(wait);
  });

  test('the sink’s words, whatever they are written in', async () => {
    const words = 'the limit of 5 MiB — exceeded';
    const bodies = [
      [JSON.stringify({ code: 3, message: words }), 'application/json'],
      [encode('Status', { code: 3, message: words }), 'application/x-protobuf'],
      [encode('Status', { message: words }), 'application/x-protobuf'],
      [`${words}\n`, 'text/plain'],
    ] as const;
    for (const [body, type] of bodies)
      for (const status of [400, 503])
        expect((await faultOf({ status, body, headers: { 'content-type': type } })).message).toMatch(
          new RegExp(`^POST http://127.0.0.1:\\d+/v1/logs: ${status} [A-Z][A-Za-z ]+: ${words}$`),
        );
  });

  test('words are bounded, and on one line', async () => {
    const { message } = await faultOf({
      status: 400,
      body: `a\n\u001b[31mb${'x'.repeat(1e6)}`,
      headers: { 'content-type': 'text/plain' },
    });
    expect(message).toContain(': a [31mbxxx');
    expect(message.length).toBeLessThan(500);
  });

  test.each([
    [{ rejectedLogRecords: 2, errorMessage: 'no room' }, 2, 'no room'],
    [{ rejectedLogRecords: '3', errorMessage: 'none liked' }, 3, 'none liked'],
    [{ rejectedLogRecords: 1 }, 1, 'without a word'],
    [{ rejectedLogRecords: 99, errorMessage: 'cannot count' }, 3, 'cannot count'],
  ])('partial success %j is counted, kept and not repeated', async (partial, count, words) => {
    const { result, sink } = await outcome({ partial });
    expect(sink.requests).toHaveLength(1);
    expect(result.refused).toEqual([{ fault: expect.any(Fault), records: sampleRecords(3), count }]);
    expect(result.refused[0].fault).toMatchObject({ code: 'E_SINK_PARTIAL', kind: 'rejected' });
    expect(result.refused[0].fault.message).toContain(`${count} of 3 records refused: ${words}`);
  });

  test.each([{}, { rejectedLogRecords: 0 }])('partial success %j refuses nothing', async partial => {
    const { result, context } = await outcome({ partial });
    expect([result, context.lines]).toEqual([{}, []]);
  });

  test('a warning of the sink’s is logged', async () => {
    const { result, context } = await outcome({ partial: { rejectedLogRecords: 0, errorMessage: 'old schema' } });
    expect(result).toEqual({});
    expect(context.lines).toEqual([
      {
        level: 'warn',
        fields: { sink: expect.stringContaining('/v1/logs'), words: 'old schema' },
        message: expect.any(String),
      },
    ]);
  });

  test('an answer that cannot be read is an acknowledgement all the same, and is remarked on', async () => {
    const { result, context } = await outcome({ status: 200, body: '\u0007\u0007garbage' });
    expect(result).toEqual({});
    expect(context.lines).toHaveLength(1);
  });

  test('a web page is none', async () => {
    const { result } = await outcome({
      status: 200,
      body: '<html>It works!</html>',
      headers: { 'content-type': 'text/html; charset=utf-8' },
    });
    expect(result).toMatchObject({ code: 'E_SINK_ANSWER', kind: 'denied' });
  });

  test.each([200, 400, 503])('half an answer with status %d', async status => {
    expect(await faultOf({ half: status })).toMatchObject({
      kind: status === 400 ? 'rejected' : 'transient',
      code: status === 200 ? 'E_BODY_BROKEN' : status === 400 ? 'E_HTTP_REQUEST' : 'E_HTTP_SERVER',
    });
  });

  test('a reset', async () => {
    expect(await faultOf({ reset: true })).toMatchObject({
      code: 'E_NETWORK',
      kind: 'transient',
      message: expect.stringContaining('ECONNRESET'),
    });
  });

  test.each([{ hang: true } as const, { drip: true } as const])('%j ends at the deadline', async deed => {
    expect(await faultOf(deed, { timeout: '200ms' })).toMatchObject({ code: 'E_TIMEOUT', kind: 'transient' });
  });

  test.each([{ hang: true } as const, { drip: true } as const])('an abort during %j ends the request', async deed => {
    const cut = new AbortController();
    const sink = await sinkThat(() => {
      setImmediate(() => cut.abort(new Error('enough')));
      return deed;
    });
    const { exporter } = exporterOf({ endpoint: sink.url, protocol });
    await expect(exporter.export(sampleRecords(1), cut.signal)).rejects.toThrow('enough');
    await exporter.close?.(); // and nothing is left to wait for
  });
});
