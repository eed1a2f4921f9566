// `tributary explain`: what it prints, also beside a running process, and that nothing is changed by asking.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Place, place, tributary } from '../support/program.ts';

const KEY = 'an-apikey-that-nobody-may-see-0123456789';
let vendor: Simulation;
const places: Place[] = [];
beforeAll(async () => {
  vendor = await simulator.start({ events: 300, seed: 7 });
});
afterAll(async () => {
  await vendor.close();
  for (const each of places) each.remove();
});

const configOf = (receivers: string, names: string) => `
  import { defineConfig, queued, secret } from 'tributary';
  import { opal } from 'tributary/receivers/opal';
  import { dedupe } from 'tributary/processors/dedupe';
  import { file } from 'tributary/exporters/file';
  import { stdout } from 'tributary/exporters/stdout';
  const read = { apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', since: '3d' } as const;
  export default defineConfig({
    receivers: { ${receivers} },
    processors: { dedupe: dedupe() },
    exporters: { out: stdout(), far: queued(file({ path: 'a/{receiver}-{seq}' }), { limit: '1GiB' }) },
    pipelines: { audit: { receivers: ${names}, processors: ['dedupe'], exporters: ['out', 'far'] } },
  });`;

const here = (receivers = 'opal: opal(read)', names = "['opal']"): Place => {
  const made = place(configOf(receivers, names));
  places.push(made);
  return made;
};

const explain = (made: Place, ...args: readonly string[]) => tributary(['explain', ...args, '-c', made.config]).ended;

const stateOf = (made: Place) =>
  createHash('sha256')
    .update(readFileSync(join(made.folder, '.tributary/state.db')))
    .digest('hex');

test('before the first start, without a secret', async () => {
  const made = here();
  const { code, stdout } = await explain(made, 'opal');
  expect(code).toBe(0);
  expect(stdout).toContain(
    `opal\n  reads   opal ${new URL(vendor.url).origin}\n  stands  not begun\n  next    GET ${vendor.url}/events\n            start_date_filter = 20`,
  );
  expect(stdout).toContain('why     it has not begun');
});

test('beside a running process: from what is committed; the state is what it was, and the vendor is not asked', async () => {
  const made = here();
  const run = tributary(['once', '-c', made.config], { env: { OPAL_KEY: vendor.credentials.apiKey! } });
  expect((await run.ended).code).toBe(0);
  const running = tributary(['run', '-c', made.config], { env: { OPAL_KEY: KEY } }); // it holds
  await running.said('E_HTTP_DENIED');
  const [before, asked] = [stateOf(made), vendor.requests()];
  const [text, json] = await Promise.all([explain(made, 'opal'), explain(made, 'opal', '--json')]);
  expect([stateOf(made), vendor.requests()]).toEqual([before, asked]);
  running.child.kill('SIGTERM');
  await running.ended;

  expect(text.code).toBe(0);
  expect(text.stdout).toMatch(/stands {2}read up to .*; moved \d+ times\n {2}next {4}GET /);
  expect(text.stdout).toContain('with it, in audit: the ids of new records, which dedupe remembers for 14d\n');
  expect(text.stdout).toContain('with it: the records, in the queue of far\n');
  expect(text.stdout).toContain('only when out and far took the records (a queue takes them at once)\n');
  expect(text.stderr).toBe('This is what was committed last; a running engine may be on its way from there.\n');
  expect(JSON.parse(json.stdout)).toMatchObject({
    receiver: 'opal',
    request: { method: 'GET', url: `${vendor.url}/events`, query: { page_size: 1000 } },
  });
  expect(text.stdout + json.stdout).not.toContain(vendor.credentials.apiKey);

  const at = join(made.folder, 'renamed.config.ts');
  writeFileSync(at, configOf('prod: opal(read)', "['prod']"));
  const { stdout } = await tributary(['explain', 'prod', '-c', at]).ended;
  expect(stdout).toContain('next    nothing: it is refused until `tributary state adopt opal prod`');
});

test.each([
  [['opel'], "there is no receiver 'opel' in the config; there are: opal", 1],
  [[], "missing required argument 'receiver'", 2],
])('explain %j: exit %s', async (args, told, exit) => {
  const { code, stderr, stdout } = await explain(here(), ...args);
  expect(stderr).toContain(told);
  expect([code, stdout]).toEqual([exit, '']);
});
