// 10,000 open dead letters: the program holds and says so, its commands work in little memory, and once the letters are
// dropped it goes on with what waited.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { AuditRecord } from '../../src/model.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Place, place, tributary } from '../support/program.ts';

const LETTERS = 10_001;
/** Each of 5 KB: together more than the memory that the commands are given. */
const WORDS = 'x'.repeat(5000);
const LITTLE = { NODE_OPTIONS: '--max-old-space-size=56' };

let vendor: Simulation;
let here: Place;
beforeAll(async () => {
  vendor = await simulator.start({ events: 50, seed: 1 });
  here = place(`
    import { defineConfig, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { file } from 'tributary/exporters/file';
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', since: '90d' }) },
      processors: { dedupe: dedupe() },
      exporters: { out: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
      pipelines: { p: { receivers: ['opal'], processors: ['dedupe'], exporters: ['out'] } },
      engine: { deadLetters: ${LETTERS - 1} },
    });`);
  const origin = { receiver: 'opal', type: 'opal', site: new URL(vendor.url).origin, tenant: '', feed: '' };
  const letter = (n: number): AuditRecord => ({
    id: `dead-${n}`,
    time: [0, 0],
    observed: [0, 0],
    origin,
    raw: { words: WORDS },
  });
  const store = openState(join(here.folder, '.tributary'));
  const about = { kind: 'dead', place: 'exporter/out', code: 'E_HTTP_REQUEST', reason: 'no' } as const;
  for (let n = 0; n < LETTERS; n += 1000) {
    const records = Array.from({ length: Math.min(1000, LETTERS - n) }, (_, i) => letter(n + i));
    await store.commit([{ ...about, count: records.length, records }], Date.now());
  }
  await store.close();
});
afterAll(async () => {
  await vendor.close();
  here.remove();
});

const run = (words: string, env: Record<string, string> = {}) =>
  tributary([...words.split(' '), '-c', here.config], { env: { OPAL_KEY: vendor.credentials.apiKey!, ...env } }).ended;

test('it holds and says so; ls and export work in little memory; it goes on when they are dropped', {
  timeout: 300_000,
}, async () => {
  const held = await run('once --patience 1s');
  expect(held.code).toBe(1);
  expect(held.stderr).toContain(`${LETTERS} new dead letters in a day, more than ${LETTERS - 1} [E_DEAD_LIMIT]`);
  expect(held.stderr).toContain('tributary dead ls');
  expect(here.lines('audit')).toEqual([]);

  const listed = await run('dead ls', LITTLE);
  expect(listed.stderr).toBe(`${LETTERS} dead letters\n`);
  expect(listed.stdout.split('\n')).toHaveLength(LETTERS + 1);
  const kept = await run('dead export', LITTLE);
  expect([kept.code, kept.stdout.length > LETTERS * WORDS.length]).toEqual([0, true]);
  expect((await run('dead drop --all --yes', LITTLE)).stderr).toBe(`${LETTERS} dead letters dropped\n`);

  expect((await run('once')).code).toBe(0);
  expect(here.lines('audit')).toHaveLength(50);
});
