// The same events to a sink in another process, in both encodings, compressed: CPU per event, from their text to the
// sink's acknowledgement, against the floor: parse, stringify and gzip of the same level in a bare loop.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { normalize } from '../../processors/normalize/index.ts';
import { onepassword } from '../../receivers/onepassword/index.ts';
import { simulator } from '../../receivers/onepassword/simulator.ts';
import { type AuditRecord, fromMillis, type Json, type JsonObject } from '../../src/index.ts';
import { testContext } from '../support/context.ts';
import { makeOtlp } from '../support/otlp.ts';
import { cpuMeter, type Figure, perEvent, ratio, startOther } from './measure.ts';
import { profile } from './profile.ts';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 50_000);
const PAGE = 1000;
const DISTINCT = 10_000;
const TOP = 12;

/** The level that the stock exporter compresses with: zlib's own default. */
const LEVEL = 6;

export const run = async (): Promise<readonly Figure[]> => {
  const pages = await eventPages();
  const bytes = pages.flat().reduce((sum, text) => sum + text.length, 0) / pages.flat().length;
  const sink = await startOther('sink.ts', []);
  try {
    const url = String(sink.ready.url);
    await ship(url, 'http/protobuf', pages, 5 * PAGE); // warm
    await ship(url, 'http/json', pages, 5 * PAGE);
    await floorOf(pages, 5 * PAGE);

    const floor = await floorOf(pages, EVENTS);
    const figures: Figure[] = [
      { what: 'events', value: `${EVENTS}` },
      { what: 'an event as JSON', value: `${bytes.toFixed(0)} B` },
      { what: 'floor: parse, stringify, gzip', value: perEvent(floor.cpu, EVENTS) },
      { what: '  of it: gzip', value: perEvent(floor.gzip, EVENTS) },
    ];
    for (const protocol of ['http/protobuf', 'http/json'] as const) {
      const cpu = await ship(url, protocol, pages, EVENTS);
      const times = cpu.total / floor.cpu;
      figures.push(
        { what: `${protocol}: CPU per event`, value: perEvent(cpu.total, EVENTS) },
        { what: '  of it: other threads (gzip)', value: perEvent(cpu.total - cpu.main, EVENTS) },
        {
          what: `${protocol}: CPU against the floor`,
          value: ratio(times, 1),
          goal: { met: times <= 5, text: '≤ 5 ×' },
        },
      );
      const functions = await profile(() => ship(url, protocol, pages, EVENTS / 2));
      for (const { name, share } of functions.slice(0, TOP))
        figures.push({ what: `  ${name}`, value: `${(share * 100).toFixed(1)} %` });
    }
    return figures;
  } finally {
    await sink.end();
  }
};

/** From text to the sink's acknowledgement. */
const ship = async (
  endpoint: string,
  protocol: 'http/protobuf' | 'http/json',
  pages: readonly (readonly string[])[],
  events: number,
) => {
  const { exporter } = makeOtlp({ endpoint, protocol });
  const signal = new AbortController().signal;
  const [cpu, main] = [cpuMeter(), process.threadCpuUsage()];
  await cpu.during(async () => {
    for (let sent = 0; sent < events; sent += PAGE) {
      const page = pages[(sent / PAGE) % pages.length]!;
      await exporter.export(
        page.map(text => recordOf(JSON.parse(text))),
        signal,
      );
    }
    await exporter.close?.();
  });
  const { user, system } = process.threadCpuUsage(main);
  return { total: cpu.total(), main: user + system };
};

const recordOf = (event: JsonObject): AuditRecord => {
  const time = fromMillis(Number(event.time));
  return { id: 'unused', time, observed: time, origin: ORIGIN, raw: null, event };
};
const ORIGIN = {
  receiver: 'audit',
  type: 'onepassword',
  site: 'https://vendor.example',
  tenant: '',
  feed: 'auditevents',
};

const floorOf = async (pages: readonly (readonly string[])[], events: number) => {
  const [json, compression] = [cpuMeter(), cpuMeter()];
  for (let done = 0; done < events; done += PAGE) {
    const page = pages[(done / PAGE) % pages.length]!;
    const text = await json.during(() => page.map(line => JSON.stringify(JSON.parse(line))).join('\n'));
    await compression.during(() => compress(text, { level: LEVEL }));
  }
  return { cpu: json.total() + compression.total(), gzip: compression.total() };
};

const compress = promisify<string, object, Buffer>(gzip);

/** Events as `normalize` makes them of a simulated 1Password's, as text, in pages. */
const eventPages = async (): Promise<readonly (readonly string[])[]> => {
  const simulation = await simulator.start({ events: DISTINCT * 3, seed: 1 });
  const mapping = onepassword({ token: undefined as never, feed: 'auditevents' }).ocsf; // the mapping needs no token
  const spec = normalize();
  const processor = spec.create(
    testContext({ mapping: () => mapping }),
    spec.schema['~standard'].validate({}) as never,
  );
  const pages: string[][] = [];
  let body: JsonObject = { limit: PAGE, start_time: new Date(0).toISOString() };
  while (pages.length < DISTINCT / PAGE) {
    const answer = await fetch(`${simulation.url}/api/v2/auditevents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${simulation.credentials.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const { cursor, items } = (await answer.json()) as { cursor: string; items: Json[] };
    const time = fromMillis(Date.now());
    const records = items.map(
      (raw, i): AuditRecord => ({ id: `${pages.length}-${i}`, time, observed: time, origin: ORIGIN, raw }),
    );
    const { records: mapped } = await processor.process(records);
    if (mapped.length < PAGE) break;
    pages.push(mapped.slice(0, PAGE).map(record => JSON.stringify(record.event)));
    body = { cursor };
  }
  await simulation.close();
  return pages;
};
