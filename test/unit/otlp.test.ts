// The OTLP exporter against a scripted sink on loopback: what goes over the wire, and what comes of each answer.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord } from '../../src/model.ts';
import { secret } from '../../src/options.ts';
import { version } from '../../src/version.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { ever, faultFrom } from '../support/loopback.ts';
import { makeOtlp, type OtlpOptions } from '../support/otlp.ts';
import { type Deed, encode, type OtlpSink, otlpSink, type Script } from '../support/otlp-sink.ts';

const closers: (() => Promise<void> | undefined)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0).reverse()) await close();
});

const sinkThat = async (script?: Script | Deed): Promise<OtlpSink> => {
  const sink = await otlpSink(typeof script === 'function' ? script : () => script);
  closers.push(sink.close);
  return sink;
};

const exporterOf = (options: OtlpOptions) => {
  const made = makeOtlp(options);
  closers.push(() => made.exporter.close?.());
  return made;
};

const PROTOCOLS = ['http/protobuf', 'http/json'] as const;
const [record] = sampleRecords(1) as [AuditRecord];

describe.each(PROTOCOLS)('%s: the wire', protocol => {
  const sent = async (records: readonly AuditRecord[], options: OtlpOptions = {}) => {
    const sink = await sinkThat();
    const { exporter, context } = exporterOf({ endpoint: sink.url, protocol, ...options });
    expect(await exporter.export(records, ever())).toEqual({});
    return { sink, context, taken: sink.taken };
  };

  test('a record as docs/otlp.md has it', async () => {
    const {
      sink,
      taken: [got],
    } = await sent([{ ...record, attributes: { team: 'security', depth: { of: [1, 2.5, null] } } }]);
    expect(got).toEqual({
      uid: 'opal-0',
      time: '1768478400123456789',
      observed: '1768478400123456789',
      severityNumber: 9,
      severityText: 'Informational',
      eventName: 'ocsf.user_access_management',
      body: record.event,
      attributes: {
        'log.record.uid': 'opal-0',
        'ocsf.version': '1.8.0',
        'ocsf.class_uid': 3005,
        'ocsf.type_uid': 300501,
        team: 'security',
        depth: { of: [1, 2.5, null] },
      },
      resource: { 'service.name': 'opal' },
      scope: { name: 'tributary/opal', version },
    });
    const [request] = sink.requests;
    expect(request).toMatchObject({
      path: '/v1/logs',
      headers: {
        'content-type': protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
        'content-encoding': 'gzip',
      },
    });
    expect(request?.headers['user-agent']).toMatch(new RegExp(`^tributary/${version} `));
  });

  test('a record without an event is the vendor’s words under its id', async () => {
    const { event: _, ...bare } = record;
    const { taken } = await sent([bare]);
    expect(taken).toMatchObject([
      { uid: 'opal-0', body: record.raw, severityNumber: 0, attributes: { 'log.record.uid': 'opal-0' } },
    ]);
    expect(taken[0]?.eventName ?? '').toBe('');
  });

  test('the body as one text', async () => {
    const odd = { ...record, event: { ...record.event, message: 'half a pair: \ud83d', big: 2 ** 60 } };
    const { taken } = await sent([odd], { body: 'json', compression: 'none' });
    expect(JSON.parse(String(taken[0]?.body))).toEqual(odd.event);
  });

  test.each([
    [0, 0],
    [1, 9],
    [2, 13],
    [3, 14],
    [4, 17],
    [5, 18],
    [6, 21],
    [99, 0],
  ])('severity %d is number %d', async (severity_id, number) => {
    const { taken } = await sent([{ ...record, event: { ...record.event, severity_id } }]);
    expect(taken[0]?.severityNumber).toBe(number);
  });

  test('what a collector would refuse is carried as text, and nothing else is touched', async () => {
    let deep: unknown = 'bottom';
    for (let level = 0; level < 80; level++) deep = level % 2 ? [deep] : { deep };
    const event = {
      huge: 2 ** 63,
      larger: 1e300,
      negative: -(2 ** 60),
      nan: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      safe: Number.MAX_SAFE_INTEGER,
      least: Number.MIN_SAFE_INTEGER,
      tiny: 5e-324,
      half: 0.5,
      text: 'a\u0000b\ud800',
      'k\udc00': 1,
      empty: '',
      list: [],
      map: {},
      null: null,
      deep,
      date: new Date(0),
      bigint: 12345678901234567890n,
      missing: undefined,
      holes: [undefined, 1],
    };
    Object.defineProperty(event, '__proto__', { value: { own: true }, enumerable: true });
    // What a user's own function may leave in an event is not JSON.
    const { taken } = await sent([{ ...record, event: event as unknown as NonNullable<AuditRecord['event']> }]);
    const body = taken[0]?.body as Record<string, unknown>;
    expect(body).toMatchObject({
      huge: '9223372036854776000',
      larger: '1e+300',
      negative: '-1152921504606847000',
      nan: 'NaN',
      infinite: '-Infinity',
      safe: Number.MAX_SAFE_INTEGER,
      least: Number.MIN_SAFE_INTEGER,
      tiny: 5e-324,
      half: 0.5,
      text: 'a\u0000b\ufffd',
      'k\ufffd': 1,
      empty: '',
      list: [],
      map: {},
      null: null,
      date: '1970-01-01T00:00:00.000Z',
      bigint: '12345678901234567890',
      holes: [null, 1],
    });
    expect(Object.hasOwn(body, 'missing')).toBe(false);
    expect(Object.getOwnPropertyDescriptor(body, '__proto__')?.value).toEqual({ own: true });
    expect(JSON.stringify(body.deep)).toContain('bottom');
  });

  test('a time that OTLP cannot hold is left out, not sent', async () => {
    const { taken } = await sent([
      { ...record, time: [-1, 5e8] },
      { ...record, time: [2 ** 40, 0] },
    ]);
    expect(taken.map(({ time }) => time)).toEqual(['0', '0']);
  });

  test('a batch over the limit becomes several requests, in order', async () => {
    const records = sampleRecords(25);
    const { sink } = await sent(records, { maxRecords: 10 });
    expect(sink.requests.map(request => request.records.length)).toEqual([10, 10, 5]);
    expect(sink.taken.map(({ uid }) => uid)).toEqual(records.map(({ id }) => id));
  });

  test('requests keep below the limit of bytes; a record beyond it goes alone', async () => {
    const records = sampleRecords(40).map((each, i) =>
      i === 7 ? { ...each, event: { ...each.event, message: 'x'.repeat(50_000) } } : each,
    );
    const { sink } = await sent(records, { maxBytes: '16KiB' });
    expect(sink.taken.map(({ uid }) => uid)).toEqual(records.map(({ id }) => id));
    const sizes = sink.requests.map(request => [request.records.length, request.bytes] as const);
    for (const [count, bytes] of sizes) expect(count === 1 || bytes <= 16 * 1024).toBe(true);
    expect(sizes.filter(([, bytes]) => bytes > 16 * 1024)).toEqual([[1, expect.any(Number)]]);
    expect(sink.requests.length).toBeLessThan(12); // the estimate is not far below the limit either
  });

  test('no more attributes are lost than were given', async () => {
    const attributes = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`key${i}`, i]));
    const { taken } = await sent([{ ...record, attributes }]);
    expect(taken[0]?.attributes).toMatchObject(attributes);
  });
});

describe.each(PROTOCOLS)('%s: answers', protocol => {
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
    expect((await outcome({ partial })).result).toEqual({});
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
    await expect(exporter.export([record], cut.signal)).rejects.toThrow('enough');
    await exporter.close?.(); // and nothing is left to wait for
  });

  test('nobody listens', async () => {
    const sink = await otlpSink();
    await sink.close();
    const { exporter } = exporterOf({ endpoint: sink.url, protocol });
    expect(await faultFrom(exporter.export([record], ever()))).toMatchObject({ code: 'E_NETWORK', kind: 'transient' });
  });

  test('five batches under way get each their own outcome', async () => {
    const all = Promise.withResolvers<void>();
    const waiting: (() => void)[] = [];
    const deeds: Record<string, Deed> = {
      'a-0': { partial: { rejectedLogRecords: 1, errorMessage: 'for a' } },
      'b-0': { status: 429, headers: { 'retry-after': '11' } },
      'c-0': { status: 503, headers: { 'retry-after': '22' } },
      'd-0': { status: 400, body: 'for d', headers: { 'content-type': 'text/plain' } },
      'e-0': { reset: true },
    };
    const sink = await sinkThat(async ({ records }) => {
      const turn = Promise.withResolvers<void>();
      waiting.unshift(turn.resolve); // answered in reverse
      if (waiting.length === 5) all.resolve();
      await turn.promise;
      return deeds[records[0]!.uid]!;
    });
    const { exporter } = exporterOf({ endpoint: sink.url, protocol });
    const works = ['a', 'b', 'c', 'd', 'e'].map(receiver =>
      exporter.export(sampleRecords(2, { receiver }), ever()).catch(e => e),
    );
    await all.promise;
    for (const answer of waiting) answer();
    const [a, b, c, d, e] = await Promise.all(works);
    expect(a.refused[0].fault.message).toContain('for a');
    expect(a.refused[0].records.map((r: AuditRecord) => r.id)).toEqual(['a-0', 'a-1']);
    expect(b).toMatchObject({ status: 429, retryAfter: 11_000 });
    expect(c).toMatchObject({ status: 503, retryAfter: 22_000 });
    expect(d).toMatchObject({ status: 400, message: expect.stringContaining('for d') });
    expect(e).toMatchObject({ code: 'E_NETWORK' });
    expect(sink.requests).toHaveLength(5);
  });

  test('a batch of several requests goes on where it failed; what was refused before is still told', async () => {
    const sink = await sinkThat((_, index) =>
      index === 0
        ? { partial: { rejectedLogRecords: 1, errorMessage: 'one' } }
        : index === 1
          ? { status: 503 }
          : undefined,
    );
    const { exporter } = exporterOf({ endpoint: sink.url, protocol, maxRecords: 2 });
    const records = sampleRecords(6);
    expect(await faultFrom(exporter.export(records, ever()))).toMatchObject({ status: 503 });
    const result = await exporter.export(records, ever());
    expect(result.refused).toMatchObject([{ count: 1, records: records.slice(0, 2) }]);
    expect(sink.taken.map(({ uid }) => uid)).toEqual(records.map(({ id }) => id));
    expect(await exporter.export(records, ever())).toEqual({}); // and a new delivery begins at its beginning
    expect(sink.taken).toHaveLength(12);
  });

  test('more than the exporter’s own limit at once', async () => {
    const { exporter } = exporterOf({ endpoint: (await sinkThat()).url, protocol });
    const works = Array.from({ length: 60 }, (_, i) =>
      exporter.export(sampleRecords(1, { receiver: `r${i}` }), ever()),
    );
    expect(await Promise.all(works)).toEqual(works.map(() => ({})));
  });
});

describe('the end', () => {
  test('closing waits for what is under way; afterwards nothing is taken', async () => {
    const go = Promise.withResolvers<Deed>();
    const arrived = Promise.withResolvers<void>();
    const sink = await sinkThat(() => {
      arrived.resolve();
      return go.promise;
    });
    const { exporter } = exporterOf({ endpoint: sink.url });
    const order: string[] = [];
    const work = exporter.export([record], ever()).then(() => order.push('delivered'));
    await arrived.promise;
    const closing = exporter.close?.().then(() => order.push('closed'));
    expect(await faultFrom(exporter.export([record], ever()))).toMatchObject({ code: 'E_ABANDONED' });
    go.resolve({ status: 200 });
    await Promise.all([work, closing]);
    expect(order).toEqual(['delivered', 'closed']);
    expect(sink.requests).toHaveLength(1);
  });
});

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
