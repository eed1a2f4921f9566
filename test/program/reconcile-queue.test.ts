// `tributary reconcile` into a queue: what is missing is a row in one commit with its mark, and is sent before it ends; a sink
// that is down leaves it in the queue, and that is said; killed in between, it is neither lost nor asked for again.
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Point } from '../../src/point.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts';
import { type Ended, type Place, place, tributary } from '../support/program.ts';

const EVENTS = 200;
const PLACES: readonly Point[] = [
  'queue: after enqueue',
  'after commit',
  'queue: after read',
  'queue: before delete',
  'queue: after delete',
];

let vendor: Simulation;
let sink: OtlpSink;
let here: Place;
beforeEach(async () => {
  const now = Date.now();
  vendor = await simulator.start({ events: EVENTS, seed: 5, now: () => now });
  sink = await otlpSink();
  here = place(`
    import { defineConfig, queued, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { apply } from 'tributary/processors/apply';
    import { dedupe } from 'tributary/processors/dedupe';
    import { otlp } from 'tributary/exporters/otlp';
    const isDropped = id => process.env.LOSSY !== undefined && [...id].reduce((sum, c) => sum + c.charCodeAt(0), 0) % 4 === 0;
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', pageSize: 20, since: '60d' }) },
      processors: { lossy: apply(records => records.filter(({ id }) => !isDropped(id))), dedupe: dedupe({ remember: '90d' }) },
      exporters: { collector: queued(otlp({ endpoint: '${sink.url}', maxRecords: 25 }), { limit: '1GiB' }) },
      pipelines: { all: { receivers: ['opal'], processors: ['lossy', 'dedupe'], exporters: ['collector'] } },
    });`);
  expect((await say('once', { LOSSY: 'yes' })).code).toBe(0);
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
const RECONCILE = 'reconcile --since 59d --patience 2s';
const taken = () => sink.taken.map(({ uid }) => uid);
/** What the ledger says became of everything; fails where it does not hold, by its chain, its balance or what lies in the queue. */
const account = async () => {
  const { code, stdout, stderr } = await say('ledger --json');
  expect([code, stderr]).toEqual([0, expect.anything()]);
  const lines = stdout.split('\n').filter(Boolean);
  const found = lines.map(line => JSON.parse(line) as Record<string, number>);
  expect(found.at(-1)).toMatchObject({ kind: 'proof', holds: true });
  return found.find(each => 'pending' in each)!;
};

test('a sink that is down: what is missing lies in the queue, and is not called delivered; the next one sends it', async () => {
  const lost = EVENTS - taken().length;
  expect(lost).toBeGreaterThan(20);
  const before = await account();
  sink.script = () => ({ status: 503, headers: { 'retry-after': '0' } });

  const failed = await say(RECONCILE);
  expect(failed.code).toBe(1);
  expect(failed.stdout).toContain(`${lost} missing, ${lost} delivered or queued now`);
  expect(failed.stderr).toContain(
    `${lost} missing records delivered or queued.\nWhat is left in a queue is sent by the next run.\n`,
  );
  expect(failed.stderr).toMatch(new RegExp(`queue collector: \\d+ rows? with ${lost} records left.*E_QUEUE_LEFT`));
  expect(await account()).toMatchObject({
    fetched: Number(before.fetched) + lost,
    delivered: EVENTS - lost,
    pending: lost,
  });

  sink.script = () => undefined;
  const sent = await say(RECONCILE);
  expect(sent).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing is missing') });
  expect(taken().length).toBe(EVENTS);
  expect(new Set(taken()).size).toBe(EVENTS);
  expect(await account()).toMatchObject({
    fetched: Number(before.fetched) + lost,
    delivered: EVENTS,
    dead: 0,
    pending: 0,
  });
}, 120_000);

test(`killed at ${PLACES.length} places: nothing lost, only what was in flight twice, and the ledger holds`, async () => {
  const before = await account();
  const lost = EVENTS - taken().length;
  const kills: Point[] = [];
  for (const at of PLACES) {
    const { signal } = await say(RECONCILE, { KILL_AT: at, KILL_VISIT: '1' });
    if (signal === 'SIGKILL') kills.push(at);
    await account();
  }
  expect(kills).toEqual(PLACES);
  expect((await say(RECONCILE)).code).toBe(0);
  expect(new Set(taken()).size).toBe(EVENTS);
  expect(taken().length - EVENTS).toBeLessThanOrEqual(25 * kills.length); // a batch of the queue for each kill
  expect(await account()).toMatchObject({ fetched: Number(before.fetched) + lost, delivered: EVENTS, pending: 0 });
}, 240_000);
