// The `health` listener of the real program: it moves with what is delivered, says who is not ready, and costs nothing
// where the config does not ask for it.
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { ask, scrape } from '../support/metrics.ts';
import { type Place, type Program, place, tributary } from '../support/program.ts';

const EVENTS = 300;
let vendor: Simulation;
const closing: (() => unknown)[] = [];
beforeEach(async () => {
  vendor = await simulator.start({ events: EVENTS, seed: 5 });
  closing.push(() => vendor.close());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A config that reads the simulated Opal into files. @param engine what stands in `engine: { … }` */
const here = (engine: string): Place => {
  const made = place(`
    import { defineConfig, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { normalize } from 'tributary/processors/normalize';
    import { file } from 'tributary/exporters/file';
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', pageSize: 100 }) },
      processors: { dedupe: dedupe(), normalize: normalize() },
      exporters: { out: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
      pipelines: { audit: { receivers: ['opal'], processors: ['dedupe', 'normalize'], exporters: ['out'] } },
      engine: { ${engine} },
    });`);
  closing.push(made.remove);
  return made;
};
const HEALTH = "health: '127.0.0.1:0'";

const start = (made: Place, key: string): Program => {
  const program = tributary(['run', '-c', made.config, '--log', 'json'], { env: { OPAL_KEY: key } });
  closing.push(() => program.child.kill('SIGKILL'));
  return program;
};

/** Where its log says that health is served. */
const addressOf = (program: Program): Promise<string> =>
  new Promise((done, fail) => {
    let said = '';
    program.child.stderr!.on('data', (chunk: string) => {
      said += chunk;
      const [, address] = /"address":"([^"]+)"/.exec(said) ?? [];
      if (address !== undefined) done(address);
    });
    program.ended.then(({ stderr }) => fail(new Error(`it ended: ${stderr}`)), fail);
  });

/** Asks until the answer is right; the time limit of the test ends it. */
const until = async <T>(look: () => Promise<T>, right: (seen: T) => boolean): Promise<T> => {
  for (;;) {
    const seen = await look();
    if (right(seen)) return seen;
  }
};

test('metrics move with what is delivered, and the listener is gone with the program', async () => {
  const made = here(HEALTH);
  const program = start(made, vendor.credentials.apiKey!);
  const address = await addressOf(program);
  const metrics = await until(
    () => scrape(address),
    seen => seen.value('otelcol_exporter_sent_log_records_total', { exporter: 'out' })! >= EVENTS,
  );
  expect(metrics.value('tributary_receiver_requests_total', { receiver: 'opal', status: '200' })).toBeGreaterThan(2);
  expect(metrics.value('tributary_commit_duration_seconds_count')).toBeGreaterThan(2);
  expect(metrics.value('tributary_unaccounted_records', { receiver: 'opal' })).toBe(0);
  expect(metrics.value('target_info', { service_name: 'tributary', service_version: '0.1.0' })).toBe(1);
  expect(await ask(address, '/readyz')).toMatchObject({ status: 200 });
  expect(await ask(address, '/livez')).toMatchObject({ status: 200 });
  program.child.kill('SIGTERM');
  expect((await program.ended).code).toBe(0);
  expect(made.lines('audit').length).toBeGreaterThanOrEqual(EVENTS);
  await expect(ask(address, '/livez')).rejects.toThrow('ECONNREFUSED');
});

test('a wrong token: not ready, and why; alive all the same; the token is nowhere', async () => {
  const program = start(here(HEALTH), 'a-wrong-key-that-nobody-may-see');
  const address = await addressOf(program);
  const { text } = await until(
    () => ask(address, '/readyz'),
    ({ status }) => status === 503,
  );
  expect(JSON.parse(text)).toMatchObject({
    ready: false,
    receivers: [
      {
        receiver: 'opal',
        ready: false,
        trouble: { code: 'E_HTTP_DENIED', status: 401, place: 'receiver/opal', kind: 'denied' },
      },
    ],
  });
  const metrics = await ask(address, '/metrics');
  expect(metrics.text).toContain('tributary_receiver_requests_total{receiver="opal",status="401"} 1');
  expect(metrics.text).toContain(
    'tributary_faults_total{component="receiver/opal",kind="denied",code="E_HTTP_DENIED"} 1',
  );
  expect(text + metrics.text).not.toContain('nobody-may-see');
  expect(await ask(address, '/livez')).toMatchObject({ status: 200 });
});

test('a port that is taken is said before anything is read: exit 1', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  closing.push(() => new Promise(done => other.close(done)));
  const { port } = other.address() as AddressInfo; // a TCP server has one
  const made = here(`health: '127.0.0.1:${port}'`);
  const { code, stderr } = await start(made, vendor.credentials.apiKey!).ended;
  expect(code).toBe(1);
  expect(stderr).toBe(
    `engine.health: 127.0.0.1:${port}: another process listens there already\n  Stop what listens there, or choose another address or port.\n`,
  );
  expect(vendor.requests()).toEqual({});
  expect(existsSync(join(made.folder, 'audit'))).toBe(false);
});

test('an address that is none is a problem of the config: exit 1', async () => {
  const { code, stderr } = await start(here("health: 'example.com:80'"), 'x').ended;
  expect(code).toBe(1);
  expect(stderr).toContain('engine.health: must be an address and a port');
});

test.each([
  ['', false],
  [HEALTH, true],
])('engine: { %s } loads it: %s', async (engine, loaded) => {
  const made = here(engine);
  const preload = join(made.folder, 'watch.mjs');
  writeFileSync(
    preload,
    `import { registerHooks } from 'node:module';
     const load = (url, context, next) => {
       if (/exporter-prometheus|sdk-metrics|runtime\\/(meter|health|server)/.test(url)) process.stderr.write('LOADED ' + url + '\\n');
       return next(url, context);
     };
     registerHooks({ load });`,
  );
  const env = { OPAL_KEY: vendor.credentials.apiKey! };
  const { code, stderr } = await tributary(['once', '-c', made.config], { env, preload }).ended;
  expect(code).toBe(0);
  expect(stderr.includes('LOADED ')).toBe(loaded);
});
