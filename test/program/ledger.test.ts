// `tributary ledger` on the real program: what it counts is what arrived, after kills too; it reads beside a running engine,
// and finds what somebody changed.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Point } from '../../src/point.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts';
import { type Ended, type Place, place, tributary } from '../support/program.ts';

const EVENTS = 300;
const PLACES: readonly Point[] = ['after writes', 'after commit', 'queue: after delete'];

let vendor: Simulation;
let sink: OtlpSink;
let here: Place;
beforeEach(async () => {
  const now = Date.now();
  vendor = await simulator.start({ events: EVENTS, seed: 7, now: () => now });
  sink = await otlpSink();
  here = place(`
    import { defineConfig, queued, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { filter } from 'tributary/processors/filter';
    import { normalize } from 'tributary/processors/normalize';
    import { file } from 'tributary/exporters/file';
    import { otlp } from 'tributary/exporters/otlp';
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', pageSize: 50, since: '90d' }) },
      processors: { dedupe: dedupe(), normalize: normalize(), logins: filter({ keep: { class: [3002] } }) },
      exporters: {
        archive: file({ path: 'audit/{receiver}-{seq}.ndjson' }),
        collector: queued(otlp({ endpoint: '${sink.url}' }), { limit: '1GiB' }),
      },
      pipelines: {
        audit: { receivers: ['opal'], processors: ['dedupe', 'normalize'], exporters: ['archive'] },
        logins: { receivers: ['opal'], processors: ['dedupe', 'normalize', 'logins'], exporters: ['collector'] },
      },
    });`);
});
afterEach(async () => {
  await vendor.close();
  await sink.close();
  here.remove();
});

const say = (words: string, env: Record<string, string> = {}): Promise<Ended> =>
  tributary([...words.split(' '), '-c', here.config], {
    env: { OPAL_KEY: vendor.credentials.apiKey!, ...env },
    ...(env.KILL_AT && { preload: join(import.meta.dirname, '../support/kill-at.ts') }),
  }).ended;
const lines = async (words = 'ledger --json') =>
  (await say(words)).stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as Record<string, never>);
const tamper = (sql: string) => {
  const db = new DatabaseSync(join(here.folder, '.tributary/state.db'));
  db.exec(sql);
  db.close();
};
/** Which of the vendor's events each of ours is made of. */
const sources = () =>
  new Map(
    here.lines('audit').map(line => {
      const { uid, original_event_uid: source } = (JSON.parse(line) as { metadata: Record<string, string> }).metadata;
      return [uid, source];
    }),
  );

test(`killed at ${PLACES.length} places: it holds each time, and in the end counts what arrived`, {
  timeout: 300_000,
}, async () => {
  for (const at of PLACES) {
    await say('once', { KILL_AT: at, KILL_VISIT: '2' });
    expect(await lines()).toContainEqual(expect.objectContaining({ kind: 'proof', holds: true }));
  }
  expect((await say('once')).code).toBe(0);

  const events = sources();
  const [archived, collected] = [new Set(events.values()).size, new Set(sink.taken.map(r => events.get(r.uid))).size];
  expect(archived).toBe(EVENTS);
  expect(events.size).toBeGreaterThan(EVENTS); // some are made into several parts
  const [receiver, ...accounts] = await lines();
  expect(receiver).toMatchObject({ kind: 'receiver', receiver: 'opal', failed: 0 });
  expect(Number(receiver!.requests)).toBeGreaterThanOrEqual(EVENTS / 50);
  const fetched = Number(receiver!.fetched);
  expect(accounts.slice(0, 2)).toEqual([
    { ...account('audit', 'archive'), fetched, duplicate: fetched - archived, filtered: 0, delivered: archived },
    {
      ...account('logins', 'collector'),
      fetched,
      duplicate: fetched - archived,
      filtered: archived - collected,
      delivered: collected,
    },
  ]);
  const { code, stdout, stderr } = await say('ledger --since 1h --receiver opal');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^opal\n {2}time {6}20.*\n {2}requests {2}\d+\n {2}events {4}20.*\n {2}late .*\n {2}pipeline {2}exporter /,
  );
  expect(stderr).toContain('each chained to the one before');
  expect(stderr).toContain("accepted by the exporter's destination");
});

const account = (pipeline: string, exporter: string) => ({
  kind: 'account',
  receiver: 'opal',
  pipeline,
  exporter,
  dead: 0,
  dropped: 0,
  pending: 0,
});

test('beside a running engine; what waits is pending', { timeout: 60_000 }, async () => {
  sink.script = () => ({ status: 503, headers: { 'retry-after': '1' } });
  const running = tributary(['run', '-c', here.config, '--log', 'json'], {
    env: { OPAL_KEY: vendor.credentials.apiKey! },
  });
  try {
    await running.said('"code":"E_HTTP_SERVER"');
    const found = await lines();
    expect(found.at(-1)).toMatchObject({ kind: 'proof', holds: true });
    expect(found.find(({ exporter }) => exporter === 'collector')).toMatchObject({ delivered: 0, dead: 0 });
    expect(Number(found.find(({ exporter }) => exporter === 'collector')!.pending)).toBeGreaterThan(0);
  } finally {
    running.child.kill('SIGKILL');
    await running.ended;
  }
  expect((await say('state check')).code).toBe(0);
});

describe('with something in it', () => {
  beforeEach(async () => void (await say('once')));

  test('its entries can be proved by anybody who has SHA-256', async () => {
    const [entry, ...others] = await lines('ledger --entries');
    expect(others.length).toBeLessThanOrEqual(1); // the hour may turn
    const { previous, content, digest } = entry as unknown as Record<string, string>;
    expect(createHash('sha256').update(`${previous}${content}`).digest('hex')).toBe(digest);
  });

  test('somebody who changed a count is found: by ledger and by state check, with 1', async () => {
    tamper(`update ledger set content = replace(content, '"delivered":', '"delivered":1')`);
    for (const words of ['ledger --json', 'ledger --entries']) expect(await say(words)).toMatchObject({ code: 1 });
    const { code, stderr } = await say('ledger');
    expect(code).toBe(1);
    expect(stderr).toMatch(/The ledger does not hold:\n {2}entry 1: it was changed: its digest is another\n/);
    expect(stderr).toMatch(/entry 1, opal > audit > archive: \d+ fetched, and \d+ have a fate\n/);
    const looked = await say('state check');
    expect(looked).toMatchObject({ code: 1, stdout: expect.stringContaining('ledger: entry 1: it was changed') });
  });

  test('what a name contains is shown, and not obeyed', async () => {
    tamper(`update ledger set content = replace(content, '"audit"', '"\\u001b[31m"')`);
    const { stdout, stderr } = await say('ledger');
    expect(stdout + stderr).toContain('\\u{1b}[31m');
    expect(stdout + stderr).not.toContain('\u001b');
  });

  test('of a receiver that is not in it: which there are', async () => {
    expect(await say('ledger --receiver opel')).toMatchObject({
      code: 2,
      stderr: "nothing is counted of 'opel'; there are: opal\n",
    });
  });
});

test('a request that failed is one, too', async () => {
  await say('once --patience 1s', { OPAL_KEY: 'wrong' });
  const [receiver] = await lines();
  expect(receiver).toMatchObject({ fetched: 0, requests: receiver!.failed });
  expect(Number(receiver!.failed)).toBeGreaterThan(0);
});

test('before anything was read there is none', async () => {
  expect(await say('ledger')).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no state in') });
});
