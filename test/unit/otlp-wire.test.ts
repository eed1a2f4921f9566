// What the OTLP exporter sends, as a sink on loopback decodes it.
import { afterEach, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../src/model.ts';
import { version } from '../../src/version.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { ever } from '../support/loopback.ts';
import { type OtlpOptions, otlpStage } from '../support/otlp.ts';

const { sinkThat, exporterOf, close } = otlpStage();
afterEach(async () => {
  await close();
});

const [record] = sampleRecords(1) as [AuditRecord];

describe.each(['http/protobuf', 'http/json'] as const)('%s', protocol => {
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
