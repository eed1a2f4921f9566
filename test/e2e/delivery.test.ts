// The whole program beside a real collector, on simulated vendors; then the same with either of them killed midway. What
// the collector wrote is what the vendors had: nothing is missing, and what is there twice was in flight and has one uid.
import { afterEach, describe, expect, test } from 'vitest';
import { isObject } from '../../src/json.ts';
import type { Json, JsonObject, OcsfEvent } from '../../src/model.ts';
import type { SunkRecord } from '../support/otlp-sink.ts';
import { type Collector, collector, until } from './collector.ts';
import { type Program, run, type Setup, setup, tributaryOnce } from './tributary.ts';

const EACH = 5000; // of each of the four vendors
const MEGABYTE = 2 ** 20;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const beside = async (options: Readonly<Record<string, string>> = {}) => {
  const sink = await collector();
  closers.push(sink.close);
  await sink.start();
  const vendors = await setup(EACH, sink.url, options);
  closers.push(vendors.close);
  return { sink, vendors };
};

const start = (vendors: Setup) => {
  const program = tributaryOnce(vendors);
  closers.push(program.kill);
  return program;
};

/** Runs to the end, however often it is started. */
const finish = async (program: Program) => {
  const code = await program.ended;
  expect(code, program.said().slice(-3000)).toBe(0);
};

describe('the collector has what the vendors had', () => {
  test.each(['http/protobuf', 'http/json'])('%s', async protocol => {
    const { sink, vendors } = await beside({ protocol });
    await finish(start(vendors));
    const received = await judge(sink, vendors);
    expect(received.length).toBe(vendors.archived().length); // nobody was killed: nothing twice
  });

  test('the demo', async () => {
    const sink = await collector();
    closers.push(sink.close);
    await sink.start();
    const demo = run(['demo', '--once', '--events', '300', '--otlp', sink.url]);
    closers.push(demo.kill);
    await finish(demo);
    const sources = new Set(sink.received().map(({ resource }) => resource['service.name']));
    expect([...sources].sort()).toEqual(['1password', 'endorlabs', 'opal', 'opaque']);
    expect(sink.received().length).toBeGreaterThanOrEqual(4 * 300);
  });

  test('with the collector killed and started again midway', async () => {
    const { sink, vendors } = await beside();
    const program = start(vendors);
    for (const megabytes of [5, 20]) {
      await until(() => sink.written() > megabytes * MEGABYTE, `${megabytes} MiB in the collector`);
      await sink.kill();
      await until(() => /E_NETWORK/.test(program.said()), 'a fault that says so');
      await sink.start();
    }
    await finish(program);
    repeats(await judge(sink, vendors), 2);
  });

  test('with Tributary killed midway, and again', async () => {
    const { sink, vendors } = await beside();
    const kills = [3, 12, 25];
    for (const megabytes of kills) {
      const program = start(vendors);
      await until(() => sink.written() > megabytes * MEGABYTE, `${megabytes} MiB in the collector`);
      await program.kill();
      expect(await program.ended).toBe('SIGKILL');
    }
    await finish(start(vendors));
    repeats(await judge(sink, vendors), kills.length);
  });
});

/** Every event of the vendors is in the archive once, and in the collector with the same fields, at its time. */
const judge = async (sink: Collector, vendors: Setup): Promise<SunkRecord[]> => {
  const archived = vendors.archived();
  const uids = archived.map(uidOf);
  expect(new Set(uids).size).toBe(uids.length);
  expect(originals(archived)).toEqual(new Set(vendors.ids().map(id => id.split(' ')[1])));

  const received = sink.received();
  expect(new Set(received.map(({ uid }) => uid))).toEqual(new Set(uids));
  const copies = Map.groupBy(received, ({ uid }) => uid);
  for (const event of archived) {
    const of = copies.get(uidOf(event))!;
    // The one that was committed is there to the last field; a repetition may differ in when we read and mapped it.
    expect(of.map(({ body }) => body)).toContainEqual(event);
    for (const { body, attributes, ...record } of of) {
      expect(timeless(body)).toEqual(timeless(event));
      expect(attributes['log.record.uid']).toBe(uidOf(event));
      expect(record.time.slice(0, -6)).toBe(String(event.time));
      expect(record.severityText).toBe(event.severity);
    }
  }

  // And where we asked the vendor by hand: its own words are in each event, to the last field.
  const raw = await vendors.raw();
  const told = archived.filter(event => raw.has(originalOf(event)));
  expect(new Set(told.map(originalOf))).toEqual(new Set(raw.keys()));
  for (const event of told) expect(JSON.parse(String(event.raw_data))).toEqual(raw.get(originalOf(event)));
  return received;
};

/** What comes twice was in flight: with each end, one page of each receiver at most, and each of its records once. */
const repeats = (received: readonly SunkRecord[], ends: number): void => {
  const lanes = Map.groupBy(received, ({ body }) => logOf(body));
  for (const [lane, records] of lanes) {
    const copies = Map.groupBy(records, ({ uid }) => uid);
    const most = Math.max(...[...copies.values()].map(({ length }) => length));
    expect(most, `copies of one event of ${lane}`).toBeLessThanOrEqual(ends + 1);
    const originals = new Set(records.map(({ body }) => originalOf(body))).size;
    const page = PAGE * (copies.size / originals) * SPREAD;
    expect(records.length - copies.size, `repeated events of ${lane}`).toBeLessThanOrEqual(ends * page);
  }
};

const PAGE = 1000; // records in a page, at most, of any vendor
const SPREAD = 1.3; // a page may have more events a record than the average

const metadataOf = (event: Json): JsonObject => {
  const metadata = isObject(event) ? event.metadata : undefined;
  return metadata !== undefined && isObject(metadata) ? metadata : {};
};
const uidOf = (event: OcsfEvent): string => String(metadataOf(event).uid);
const logOf = (event: Json): string => `${metadataOf(event).log_provider} ${metadataOf(event).log_name}`;
const originalOf = (event: Json): string => String(metadataOf(event).original_event_uid);
const originals = (events: readonly OcsfEvent[]) => new Set(events.map(originalOf));

const timeless = (event: Json): Json => {
  const { logged_time: _, processed_time: __, ...metadata } = metadataOf(event);
  return isObject(event) ? { ...event, metadata } : event;
};
