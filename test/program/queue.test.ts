// The real program with a queue in front of a collector that is down, comes back, and goes again; killed around the
// removal of rows: every event arrives, none is forgotten, and what arrives twice was in flight.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { simulator as opal } from '../../receivers/opal/simulator.ts';
import type { Point } from '../../src/point.ts';
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts';
import { type Place, place, tributary } from '../support/program.ts';

const EVENTS = 600;
const PAGE = 50;
const PLACES: readonly Point[] = [
  'in commit',
  'after commit',
  'before export',
  'after export',
  'before commit',
  'queue: before delete',
  'queue: after delete',
  'after writes',
];
const NOWHERE = `otlp({ endpoint: 'http://127.0.0.1:1' })`;

const config = (
  vendor: string,
  sink: string,
  { name = 'collector', exporter = `queued(otlp({ endpoint: '${sink}', maxRecords: 75 }), { limit: '1GiB' })` } = {},
) => `
  import { defineConfig, queued, secret } from 'tributary';
  import { opal } from 'tributary/receivers/opal';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { file } from 'tributary/exporters/file';
  import { otlp } from 'tributary/exporters/otlp';
  export default defineConfig({
    receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor}', pageSize: ${PAGE}, since: '90d' }) },
    processors: { dedupe: dedupe(), normalize: normalize({ rawData: 'none' }) },
    exporters: { ${name}: ${exporter}, archive: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
    pipelines: { audit: { receivers: ['opal'], processors: ['dedupe', 'normalize'], exporters: ['${name}', 'archive'] } },
  });`;

let vendor: Awaited<ReturnType<typeof opal.start>>;
let sink: OtlpSink;
let here: Place;
beforeEach(async () => {
  const now = Date.now();
  vendor = await opal.start({ events: EVENTS, seed: 1, now: () => now });
  sink = await otlpSink();
  here = place(config(vendor.url, sink.url));
});
afterEach(async () => {
  await vendor.close();
  await sink.close();
  here.remove();
});

const run = (command: string, more: { env?: Record<string, string>; config?: string } = {}) => {
  const [words, preload] = [command.split(' '), join(import.meta.dirname, '../support/kill-at.ts')];
  return tributary([...words, '-c', more.config ?? here.config], {
    env: { OPAL_KEY: vendor.credentials.apiKey!, ...more.env },
    ...(more.env && { preload }),
  }).ended;
};
const down = () => ({ status: 503, headers: { 'retry-after': '0' } });
const inFiles = () => here.lines('audit').map(line => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid);
const queues = async () => {
  const { stdout } = await run('queue ls --json');
  const lines = stdout.split('\n').filter(Boolean);
  return lines.map(line => JSON.parse(line) as { queue: string; rows: number; records: number; limit?: string });
};
const taken = () => sink.taken.map(r => r.uid);

test(`killed at ${PLACES.length} places: every event arrives, and repeats are few`, { timeout: 300_000 }, async () => {
  let kills = 0;
  for (const at of PLACES)
    for (const visit of ['1', '4']) {
      const { signal } = await run('once', { env: { KILL_AT: at, KILL_VISIT: visit } });
      if (signal === 'SIGKILL') kills++;
    }
  const last = await run('once');
  expect(last.stderr).not.toContain('could not finish');
  expect(last.code).toBe(0);

  const events = inFiles();
  expect(events.length).toBeGreaterThanOrEqual(EVENTS);
  expect(new Set(events).size).toBe(events.length);
  expect(new Set(taken())).toEqual(new Set(events)); // none lost, none invented
  process.stderr.write(
    `${JSON.stringify({ events: events.length, kills, repeats: taken().length - events.length })}\n`,
  );
  expect(taken().length - events.length).toBeLessThanOrEqual(kills * 75);
  expect(kills).toBeGreaterThanOrEqual(PLACES.length);
  expect(await queues()).toMatchObject([{ queue: 'collector', rows: 0 }]);
});

describe('a collector that is down', () => {
  beforeEach(() => {
    sink.script = down;
  });

  test('holds nobody up; once says what is left and why, keeps it, and the next one sends it', {
    timeout: 180_000,
  }, async () => {
    const { code, stderr } = await run('once --patience 1s');
    expect(code).toBe(1);
    expect(stderr).toContain('\n1 queue could not finish:\n');
    expect(stderr).toMatch(/queue collector: \d+ rows? with \d+ records? left: .*503.* \[E_QUEUE_LEFT\]/);
    const events = inFiles();
    expect(events.length).toBeGreaterThanOrEqual(EVENTS); // the files did not wait
    expect(await queues()).toMatchObject([{ queue: 'collector', records: events.length, limit: '1GiB' }]);
    expect(taken()).toEqual([]);

    sink.script = () => undefined;
    expect((await run('once')).code).toBe(0);
    expect(taken()).toEqual(events); // in order
    expect(await queues()).toMatchObject([{ rows: 0, records: 0 }]);
  });

  test('its rows can be looked at, exported, verified and sent by hand', { timeout: 180_000 }, async () => {
    await run('once --patience 1s');
    const events = inFiles();

    const shown = await run('queue show collector --limit 3 --json');
    expect(shown.stdout.split('\n').filter(Boolean)).toHaveLength(3);
    expect(JSON.parse(shown.stdout.split('\n')[0]!)).toMatchObject({ receiver: 'opal', class: expect.any(String) });
    expect(shown.stdout).not.toContain('@'); // no content: no address of anybody

    const exported = await run('queue export collector');
    expect(exported.stdout.split('\n').filter(Boolean)).toEqual(here.lines('audit'));
    const verified = await run('queue verify');
    expect([verified.code, verified.stderr]).toEqual([0, expect.stringContaining(`${events.length} records`)]);
    expect((await run('queue show collecter')).code).toBe(2);

    expect((await run('state check')).code).toBe(0);
    const db = new DatabaseSync(join(here.folder, '.tributary/state.db'));
    const resize = (by: number) =>
      db.exec(`update queue set size = size + ${by} where seq = (select min(seq) from queue)`);
    resize(-1);
    const checked = await run('state check');
    expect([checked.code, checked.stdout]).toEqual([1, expect.stringMatching(/^row 1 of the queue collector /)]);
    resize(1);
    db.close();

    const failed = await run('queue drain --patience 1s');
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining('E_QUEUE_LEFT')]);
    sink.script = () => undefined;
    const before = sink.requests.length;
    const dry = await run('queue drain --dry-run');
    expect([dry.code, dry.stderr]).toEqual([0, expect.stringContaining(`collector: ${events.length} records in`)]);
    expect(sink.requests.length).toBe(before);
    const drained = await run('queue drain');
    expect([drained.code, drained.stderr]).toEqual([0, expect.stringContaining(`${events.length} records sent`)]);
    expect(taken()).toEqual(events);
  });

  test('and that lost its name: check and once say so, and the rows wait for it', { timeout: 180_000 }, async () => {
    await run('once --patience 1s');
    const events = inFiles();
    const other = join(here.folder, 'renamed.config.ts');
    writeFileSync(other, config(vendor.url, sink.url, { name: 'other', exporter: NOWHERE }));

    const checked = await run('check', { config: other });
    expect(checked.code).toBe(0);
    expect(checked.stderr).toContain(`${events.length} records left in the queue of 'collector'`);
    expect((await run('queue drain', { config: other })).code).toBe(1);

    // Named again, but no longer queued: drain sends what is left.
    sink.script = () => undefined;
    const exporter = `otlp({ endpoint: '${sink.url}' })`;
    writeFileSync(other, config(vendor.url, sink.url, { exporter }));
    expect((await run('queue drain', { config: other })).code).toBe(0);
    expect(taken()).toEqual(events);
  });
});
