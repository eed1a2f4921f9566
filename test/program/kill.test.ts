// The real program, killed at named places and at any moment, while simulated vendors serve events with refusals,
// failures, resets and late events: in the end the files hold what the vendors had, each event once.
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { simulator as onepassword } from '../../receivers/onepassword/simulator.ts';
import { simulator as opal } from '../../receivers/opal/simulator.ts';
import type { Point } from '../../src/point.ts';
import type { FaultScript } from '../../src/simulation/faults.ts';
import { dice } from '../property/crash/dice.ts';
import { place, tributary } from '../support/program.ts';

const EVENTS = Number(process.env.KILL_EVENTS ?? 2500); // of each of two vendors; CI asks for 10,000
const RANDOM = Number(process.env.KILL_RANDOM ?? 6);
const SEED = Number(process.env.KILL_SEED ?? 1);
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
  'file: before finish',
  'file: after finish',
];
const faults: FaultScript = [
  { rate: 0.03, do: { status: 429, retryAfter: 0 } },
  { rate: 0.03, do: { status: 500 } },
  { rate: 0.02, do: { reset: true } },
  { rate: 0.02, do: { truncate: true } },
];
const started: { close(): Promise<void> }[] = [];
afterAll(() => Promise.all(started.map(s => s.close())));

const config = (urls: { opal: string; onepassword: string }) => `
  import { defineConfig, secret } from 'tributary';
  import { opal } from 'tributary/receivers/opal';
  import { onepassword } from 'tributary/receivers/onepassword';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { file } from 'tributary/exporters/file';
  const onePassword = (feed) => onepassword({ token: secret.env('OP_TOKEN'), feed, baseUrl: '${urls.onepassword}', pageSize: 250, since: '119d' });
  export default defineConfig({
    receivers: {
      opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${urls.opal}', pageSize: 250, since: '90d' }),
      audit: onePassword('auditevents'), signins: onePassword('signinattempts'), items: onePassword('itemusages'),
    },
    processors: { dedupe: dedupe(), normalize: normalize({ rawData: 'none' }) },
    exporters: { archive: file({ path: 'audit/{receiver}-{seq}.ndjson.gz', rotate: { size: '128KiB' } }) },
    pipelines: { audit: { receivers: ['opal', 'audit', 'signins', 'items'], processors: ['dedupe', 'normalize'], exporters: ['archive'] } },
  });`;

test(`killed at ${PLACES.length} places and ${RANDOM} times at random: each event is in the files once`, {
  timeout: 900_000,
}, async () => {
  const now = Date.now();
  const options = { events: EVENTS, seed: SEED, faults, now: () => now };
  const vendors = { opal: await opal.start(options), onepassword: await onepassword.start(options) };
  started.push(vendors.opal, vendors.onepassword);
  const here = place(config({ opal: vendors.opal.url, onepassword: vendors.onepassword.url }));
  const { next, between } = dice(SEED);
  const env = { OPAL_KEY: vendors.opal.credentials.apiKey!, OP_TOKEN: vendors.onepassword.credentials.token! };
  const preload = join(import.meta.dirname, '../support/kill-at.ts');
  const once = (more: Record<string, string> = {}) =>
    tributary(['once', '-c', here.config], {
      env: { ...env, ...more },
      preload: more.KILL_VISIT ? preload : undefined!,
    });

  try {
    const kills = { places: 0, random: 0 };
    for (const at of PLACES) {
      const { signal } = await once({
        KILL_AT: at,
        KILL_VISIT: String(between(1, at.startsWith('file: ') && at.endsWith('finish') ? 1 : 5)),
      }).ended;
      if (signal === 'SIGKILL') kills.places++;
    }
    for (let i = 0; i < RANDOM; i++) {
      const program = once();
      const timer = setTimeout(() => program.child.kill('SIGKILL'), 300 + next() * 1500); // any instruction of start, work and end
      const { signal } = await program.ended;
      clearTimeout(timer);
      if (signal === 'SIGKILL') kills.random++;
    }
    const last = await once().ended;
    expect(last.stderr + last.stdout).not.toContain('could not finish');
    expect(last.code).toBe(0);

    const ids = { ...vendors.opal.ids(), ...vendors.onepassword.ids() };
    const expected = new Set(Object.values(ids).flat());
    const events = here
      .lines('audit')
      .map(line => (JSON.parse(line) as { metadata: { uid: string; original_event_uid: string } }).metadata);
    process.stderr.write(`${JSON.stringify({ events: expected.size, lines: events.length, ...kills })}\n`);
    expect(expected.size).toBeGreaterThan(EVENTS);
    expect(new Set(events.map(e => e.uid)).size).toBe(events.length); // none twice
    expect(new Set(events.map(e => e.original_event_uid)).symmetricDifference(expected)).toEqual(new Set()); // none lost, none invented
    expect(kills.places).toBeGreaterThanOrEqual(PLACES.length - 2);
    expect(kills.random).toBeGreaterThan(0);
  } finally {
    here.remove();
  }
});
