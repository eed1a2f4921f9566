// Our own telemetry, as a collector meets it: three signals with one resource, credentials looked up and sent nowhere else,
// and a collector that is down disturbs nobody.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterEach, expect, test } from 'vitest';
import type { Logger } from '../../src/component.ts';
import { secret } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { together } from '../../src/runtime/telemetry/observer.ts';
import { resource } from '../../src/runtime/telemetry/resource.ts';
import { openTelemetry } from '../../src/runtime/telemetry/telemetry.ts';
import { version } from '../../src/version.ts';

const leftovers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const clear of leftovers.splice(0).reverse()) await clear();
});

interface Pushed {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: OTLP/JSON, of which a test names what it looks at
  readonly body: any;
}

/** A collector that keeps what it is sent, or refuses it. */
const sink = async (status = () => 200) => {
  const pushed: Pushed[] = [];
  const server = createServer(async (request, response) => {
    const packed = Buffer.concat(await request.toArray());
    pushed.push({ path: request.url!, headers: request.headers, body: JSON.parse(String(gunzipSync(packed))) });
    response.writeHead(status(), { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await new Promise(done => server.once('listening', done));
  leftovers.push(() => {
    server.closeAllConnections();
    return new Promise(done => server.close(done));
  });
  const { port } = server.address() as AddressInfo; // a TCP server has one
  return { url: `http://127.0.0.1:${port}`, pushed };
};

const lines = () => {
  const said: string[] = [];
  const note = (_: object, message: string) => void said.push(message);
  return { said, log: { info: note, warn: note, error: note } satisfies Logger };
};

const setVariable = (name: string, value: string) => {
  process.env[name] = value;
  leftovers.push(() => delete process.env[name]);
};

test('metrics, log and traces arrive, each where it belongs, all from the same service', async () => {
  setVariable('TELEMETRY_TOKEN', 'Bearer hunter2');
  const { url, pushed } = await sink();
  const { log, said } = lines();
  const headers = [['authorization', secret.env('TELEMETRY_TOKEN')]] as const;
  const telemetry = openTelemetry({ endpoint: `${url}/`, headers, queued: new Map() }, { log, clock: systemClock });
  const meter = new MeterProvider({ resource, readers: [telemetry.reader] });
  meter.getMeter('t').createCounter('things_total').add(3);
  telemetry.log.warn({ code: 'E_X', wait: 5, parts: ['a'] }, 'something happened');
  const tell = together(telemetry.observers);
  tell.asked('opal', { status: 200, sent: 1000, took: 5, date: undefined });
  tell.rested('opal');
  await meter.shutdown();
  await telemetry.close();

  expect(said).toEqual(['something happened']);
  const by = new Map(pushed.map(each => [each.path, each]));
  expect([...by.keys()].sort()).toEqual(['/v1/logs', '/v1/metrics', '/v1/traces']);
  for (const { headers, body } of pushed) {
    expect(headers.authorization).toBe('Bearer hunter2');
    const [first] = body.resourceMetrics ?? body.resourceLogs ?? body.resourceSpans;
    expect(first.resource.attributes).toEqual(
      expect.arrayContaining([
        { key: 'service.name', value: { stringValue: 'tributary' } },
        { key: 'service.version', value: { stringValue: version } },
      ]),
    );
  }
  expect(by.get('/v1/metrics')!.body.resourceMetrics[0].scopeMetrics[0].metrics[0]).toMatchObject({
    name: 'things_total',
    sum: { dataPoints: [{ asDouble: 3 }] },
  });
  expect(by.get('/v1/logs')!.body.resourceLogs[0].scopeLogs[0].logRecords[0]).toMatchObject({
    severityText: 'warn',
    severityNumber: 13,
    body: { stringValue: 'something happened' },
    attributes: expect.arrayContaining([
      { key: 'code', value: { stringValue: 'E_X' } },
      { key: 'wait', value: { intValue: 5 } },
      { key: 'parts', value: { stringValue: '["a"]' } },
    ]),
  });
  const spans = by.get('/v1/traces')!.body.resourceSpans[0].scopeSpans[0].spans as { name: string }[];
  expect(spans.map(({ name }) => name)).toEqual(['request', 'page', 'poll opal']);
});

test('what the environment says of another destination is not sent to this one', async () => {
  setVariable('OTEL_EXPORTER_OTLP_HEADERS', 'x-api-key=of-somebody-else');
  const { url, pushed } = await sink();
  const telemetry = openTelemetry({ endpoint: url, queued: new Map() }, { log: lines().log, clock: systemClock });
  telemetry.log.info({}, 'hello');
  await telemetry.close();
  expect(pushed).toHaveLength(1);
  expect(JSON.stringify(pushed)).not.toContain('of-somebody-else');
});

test('a collector that refuses is complained of once, in our log alone, and praised when it takes again', async () => {
  let status = 400;
  const { url } = await sink(() => status);
  const { log, said } = lines();
  const telemetry = openTelemetry({ endpoint: url, queued: new Map() }, { log, clock: systemClock });
  const meter = new MeterProvider({ readers: [telemetry.reader] });
  meter.getMeter('t').createCounter('things_total').add(1);
  leftovers.push(() => meter.shutdown(), telemetry.close);
  await telemetry.reader.forceFlush().catch(() => {});
  await telemetry.reader.forceFlush().catch(() => {});
  status = 200;
  await telemetry.reader.forceFlush();
  expect(said).toEqual([
    'our own telemetry is not taken and is dropped; events are not affected',
    'our own telemetry is taken again',
  ]);
});

test('a collector that nobody answers for holds nobody up at the end', async () => {
  const { url } = await sink();
  for (const clear of leftovers.splice(0)) await clear(); // nobody listens there any more
  const { log, said } = lines();
  const telemetry = openTelemetry({ endpoint: url, queued: new Map() }, { log, clock: systemClock });
  telemetry.log.info({}, 'hello');
  await telemetry.close();
  expect(said).toEqual(['hello', 'our own telemetry is not taken and is dropped; events are not affected']);
});

test('what is wrong with its settings is said with its place; a credential goes nowhere in the clear', async () => {
  const key = secret.env('TELEMETRY_KEY_THAT_IS_NOT_SET');
  const problems = async (telemetry: object) =>
    (await check({ engine: { telemetry } })).problems.filter(({ place }) => place.startsWith('engine'));
  expect((await problems({ endpoint: 'localhost:4318', every: '1' })).map(({ place }) => place)).toEqual([
    'engine.telemetry.endpoint',
    'engine.telemetry.every',
  ]);
  expect(await problems({ endpoint: 'http://collector.example.com:4318', headers: { authorization: key } })).toEqual([
    expect.objectContaining({ place: 'engine.telemetry', message: expect.stringContaining('does not encrypt') }),
    expect.objectContaining({
      place: 'engine.telemetry.headers.authorization',
      message: 'the environment variable TELEMETRY_KEY_THAT_IS_NOT_SET is not set',
    }),
  ]);
  expect(await problems({ endpoint: 'https://collector.example.com', headers: { authorization: 'Bearer x' } })).toEqual(
    [expect.objectContaining({ place: 'engine.telemetry.headers.authorization' })],
  );
});
