// `tributary reconcile` as a person meets it: the real program and simulated vendors. What is missing was dropped by a
// step that is mended since, so that nothing of it was ever delivered.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { simulator as onepassword } from '../../receivers/onepassword/simulator.ts';
import { simulator as opal } from '../../receivers/opal/simulator.ts';
import type { Point } from '../../src/point.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Ended, type Place, place, type RunOptions, tributary } from '../support/program.ts';

vi.setConfig({ testTimeout: 300_000 }); // each starts the program many times

const EVENTS = 400; // of each vendor
const PLACES: readonly Point[] = [
  'before export',
  'after export',
  'before commit',
  'in commit',
  'after writes',
  'after commit',
  'file: before append',
  'file: in append',
  'file: after append',
];
let vendors: { opal: Simulation; onepassword: Simulation };
const places: Place[] = [];
beforeAll(async () => {
  const now = Date.now();
  const options = { events: EVENTS, seed: 5, now: () => now };
  vendors = { opal: await opal.start(options), onepassword: await onepassword.start(options) };
});
afterAll(async () => {
  await Promise.all(Object.values(vendors).map(vendor => vendor.close()));
  for (const each of places) each.remove();
});

const config = (processors: string) => `
  import { defineConfig, secret } from 'tributary';
  import { opal } from 'tributary/receivers/opal';
  import { onepassword } from 'tributary/receivers/onepassword';
  import { apply } from 'tributary/processors/apply';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { file } from 'tributary/exporters/file';
  const isDropped = id => process.env.LOSSY !== undefined && [...id].reduce((sum, c) => sum + c.charCodeAt(0), 0) % 8 === 0;
  export default defineConfig({
    receivers: {
      opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendors.opal.url}', pageSize: 50, since: '60d', overlap: '1s' }),
      audit: onepassword({ token: secret.env('OP_TOKEN'), feed: 'auditevents', baseUrl: '${vendors.onepassword.url}', pageSize: 50, since: '60d' }),
    },
    processors: {
      lossy: apply(records => records.filter(({ id }) => !isDropped(id))),
      dedupe: dedupe({ remember: '90d' }),
      normalize: normalize({ rawData: 'none' }),
    },
    exporters: { out: file({ path: 'out/{receiver}-{seq}.ndjson' }) },
    pipelines: { all: { receivers: ['opal', 'audit'], processors: [${processors}], exporters: ['out'] } },
  });`;
const here = (processors = "'lossy', 'dedupe', 'normalize'"): Place => {
  const made = place(config(processors));
  places.push(made);
  return made;
};
const start = (made: Place, args: readonly string[], { env = {}, ...more }: RunOptions = {}) =>
  tributary([...args, '-c', made.config], {
    ...more,
    env: {
      OPAL_KEY: vendors.opal.credentials.apiKey!,
      OP_TOKEN: vendors.onepassword.credentials.token!,
      ...env,
    },
  });
const say = (made: Place, ...args: readonly string[]): Promise<Ended> => start(made, args).ended;
const lossy = { env: { LOSSY: 'yes' } };

const shownByVendors = () => new Set([...vendors.opal.ids().opal!, ...auditIds()]);
const auditIds = () =>
  Object.entries(vendors.onepassword.ids()).flatMap(([name, ids]) => (/audit/.test(name) ? ids : []));
/** The vendors' ids of all that lies in the files; fails where something lies there twice. */
const delivered = (made: Place): ReadonlySet<string> => {
  const events = made
    .lines('out')
    .map(line => (JSON.parse(line) as { metadata: { uid: string; original_event_uid: string } }).metadata);
  expect(new Set(events.map(({ uid }) => uid)).size).toBe(events.length);
  return new Set(events.map(event => event.original_event_uid));
};
const stateOf = (made: Place) => readFileSync(join(made.folder, '.tributary/state.db'));
const found = ({ stdout }: Ended) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as { receiver: string; missing: number; delivered: number; named: { id: string }[] });

test('names what is missing, and delivers it once; looking changes nothing; no receiver is moved', async () => {
  const made = here();
  expect((await start(made, ['once'], lossy).ended).code).toBe(0);
  const lost = shownByVendors().difference(delivered(made));
  expect(lost.size).toBeGreaterThan(40);
  const stands = (await say(made, 'state', 'show', '--json')).stdout;

  const before = stateOf(made);
  const dry = await say(made, 'reconcile', '--since', '30d', '--dry-run', '--json');
  expect(dry.code).toBe(1);
  expect(new Set(found(dry).flatMap(({ named }) => named.map(({ id }) => id)))).toEqual(lost);
  expect(stateOf(made).equals(before)).toBe(true);
  expect(dry.stderr).toContain('without --dry-run they are delivered');

  const wet = await say(made, 'reconcile', '--since', '30d', '--json');
  expect(wet.stderr).toContain(`${lost.size} missing records delivered.`);
  expect(wet.code).toBe(0);
  expect(found(wet).map(each => each.delivered)).toEqual(found(dry).map(each => each.missing));
  expect(delivered(made)).toEqual(shownByVendors());
  const positions = (text: string) =>
    text
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line).position);
  expect(positions((await say(made, 'state', 'show', '--json')).stdout)).toEqual(positions(stands));

  const again = await say(made, 'reconcile', '--since', '30d');
  expect(again.code).toBe(0);
  expect(again.stderr).toContain('Nothing is missing');
  expect((await say(made, 'once')).code).toBe(0);
  expect(delivered(made)).toEqual(shownByVendors());
});

test('looks beside a running engine; to deliver, it must be stopped', async () => {
  const made = here();
  expect((await start(made, ['once'], lossy).ended).code).toBe(0);
  const running = start(made, ['run'], lossy);
  await running.said('running');
  try {
    const dry = await say(made, 'reconcile', '--since', '30d', '--receiver', 'opal', '--dry-run');
    expect(dry.code).toBe(1);
    expect(dry.stdout).toMatch(/^opal -> all: 400 records shown, \d+ delivered before, \d+ missing\n {2}missing {2}20/);
    const wet = await say(made, 'reconcile', '--since', '30d');
    expect(wet.code).toBe(1);
    expect(wet.stderr).toMatch(/another process runs on the state .*\n.*say --dry-run/);
  } finally {
    running.child.kill('SIGTERM');
    await running.ended;
  }
});

test('killed at every place, it goes on when it is run again: nothing lost, nothing twice', async () => {
  const made = here();
  expect((await start(made, ['once'], lossy).ended).code).toBe(0);
  const preload = join(import.meta.dirname, '../support/kill-at.ts');
  const kills: Point[] = [];
  for (const [i, at] of PLACES.entries()) {
    const env = { KILL_AT: at, KILL_VISIT: String(1 + (i % 3)) };
    const { signal } = await start(made, ['reconcile', '--since', '30d'], { env, preload }).ended;
    if (signal === 'SIGKILL') kills.push(at);
  }
  expect(kills).toEqual(PLACES);
  expect((await say(made, 'reconcile', '--since', '30d')).code).toBe(0);
  expect((await say(made, 'once')).code).toBe(0);
  expect(delivered(made)).toEqual(shownByVendors());
});

test('what cannot be compared is said, and is no success', async () => {
  const made = here("'normalize'");
  writeFileSync(
    made.config,
    config("'normalize'").replace("exporters: ['out'] }", "exporters: ['out'], repeats: 'allow' }"),
  );
  expect((await say(made, 'once')).code).toBe(0);
  const nothing = await say(made, 'reconcile', '--since', '30d');
  expect(nothing.code).toBe(1);
  expect(nothing.stdout).toContain('opal -> all: not compared, it has no dedupe');
  for (const [args, told] of [
    [['--since', 'soon'], '--since must be'],
    [['--since', '2099-01-01'], 'not in the past'],
    [['--since', '7d', '--receiver', 'opel'], "no pipeline reads 'opel'; there are: opal, audit"],
    [['--since', '7d', '--patience', 'long'], '--patience must be'],
  ] as const) {
    const refused = await say(made, 'reconcile', ...args);
    expect(refused.stderr).toContain(told);
    expect(refused.code).toBe(2);
  }
});
