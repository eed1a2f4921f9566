// The progress of a run on a terminal that is one: a pseudo-terminal, as `script` makes it. Not tried where there is none.
import { spawn, spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Place, place, tributary } from '../support/program.ts';

vi.setConfig({ testTimeout: 180_000 }); // each starts the program, some several times

const ROOT = resolve(import.meta.dirname, '../..');
const noTerminal = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' }).status !== 0;

let vendor: Simulation;
let made: Place;
beforeAll(async () => {
  const now = Date.now();
  vendor = await simulator.start({ events: 300, seed: 3, now: () => now });
  made = place(`
    import { defineConfig, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { file } from 'tributary/exporters/file';
    import { stdout } from 'tributary/exporters/stdout';
    const out = process.env.ALOUD ? stdout() : file({ path: 'out/{receiver}-{seq}.ndjson' });
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', since: '60d' }) },
      processors: { dedupe: dedupe() },
      exporters: { out },
      pipelines: { all: { receivers: ['opal'], processors: ['dedupe'], exporters: ['out'] } },
      engine: { state: { kind: 'state', type: 'sqlite', options: { path: process.env.STATE } } },
    });`);
});
afterAll(async () => {
  await vendor.close();
  made.remove();
});

const env = (more: Readonly<Record<string, string>>) => ({
  PATH: process.env.PATH!,
  HOME: process.env.HOME!,
  OPAL_KEY: vendor.credentials.apiKey!,
  TERM: 'xterm',
  ...more,
});
/** All that a terminal was written. */
const written = (more: Readonly<Record<string, string>>): Promise<string> => {
  const line = `'${process.execPath}' '${join(ROOT, 'bin/tributary.js')}' once -c '${made.config}'`;
  const child = spawn('script', ['-qec', line, '/dev/null'], { env: env(more), stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', chunk => chunks.push(chunk));
  return new Promise(done => child.once('close', () => done(Buffer.concat(chunks).toString())));
};

test.skipIf(noTerminal)('a terminal shows one block, which ends with a clean last line', async () => {
  const text = await written({ STATE: 'block' });
  expect(text.split('\r\n').at(-1)).toBe('');
  expect(text.split('\r\n').at(-2)).toMatch(/opal {2}\d+ events {2}at 20\S+ {2}done$/);
});

test.skipIf(noTerminal)('no block where colors are not wanted, on a dumb terminal, or among the data', async () => {
  for (const more of [{ NO_COLOR: '1' }, { TERM: 'dumb' }, { ALOUD: 'yes' }]) {
    const text = await written({ STATE: Object.keys(more)[0]!, ...more });
    expect(text).toContain('running');
    expect(text).not.toContain('\u001b');
    expect(text).not.toContain('  done');
  }
});

test('elsewhere a short run says nothing of it', async () => {
  const { stderr, code } = await tributary(['once', '-c', made.config], { env: env({ STATE: 'pipe' }) }).ended;
  expect(code).toBe(0);
  for (const line of stderr.trimEnd().split('\n')) expect(JSON.parse(line).message).not.toContain('events');
});
