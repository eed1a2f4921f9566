// What a change of the config means for sinks, seen from there: whoever is the same keeps its connection, and whoever goes
// takes first what is in hand. And what became of each change, as the log, the metrics and the status page have it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { ask, scrape } from '../support/metrics.ts';
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts';
import { type Place, place, tributary } from '../support/program.ts';

let vendor: Simulation;
let [kept, gone]: OtlpSink[] = [];
let made: Place;
let until = Number.POSITIVE_INFINITY;
beforeAll(async () => {
  vendor = await simulator.start({ events: 60, live: 10, seed: 3, until: () => until });
  [kept, gone] = [await otlpSink(), await otlpSink()];
  made = place('');
});
afterAll(async () => {
  made.remove();
  await Promise.all([vendor.close(), kept!.close(), gone!.close()]);
});

const write = (pageSize: number | string, sinks: readonly string[]) =>
  writeFileSync(
    made.config,
    `
    import { defineConfig, queued, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { normalize } from 'tributary/processors/normalize';
    import { otlp } from 'tributary/exporters/otlp';
    const exporters = {
      kept: otlp({ endpoint: '${kept!.url}' }),
      gone: queued(otlp({ endpoint: '${gone!.url}' }), { limit: '8MiB' }),
    };
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', every: '1s', settle: '0s', pageSize: ${pageSize} }) },
      processors: { dedupe: dedupe(), normalize: normalize() },
      exporters: { ${sinks.map(name => `${name}: exporters.${name}`).join(', ')} },
      pipelines: { audit: { receivers: ['opal'], processors: ['dedupe', 'normalize'], exporters: ${JSON.stringify(sinks)} } },
      engine: { status: '127.0.0.1:0', health: '127.0.0.1:0' },
    });`,
  );

/** Resolves when the vendor is asked for pages of this size. */
const askedFor = (pageSize: number): Promise<void> =>
  new Promise(done => {
    const look = (message: unknown) => {
      const { url } = (message as { request: IncomingMessage }).request; // what Node tells of each request
      if (!url?.includes(`page_size=${pageSize}`)) return;
      unsubscribe('http.server.request.start', look);
      done();
    };
    subscribe('http.server.request.start', look);
  });

/** What the status says of the last change, once it is that: it is made once a second at most. */
const reloadOf = async (address: string, outcome: string): Promise<Record<string, unknown>> => {
  for (;;) {
    const { reload } = JSON.parse((await ask(address, '/api/status')).text);
    if (reload?.outcome === outcome) return reload;
  }
};

test('a sink that stays keeps its connection; one that goes takes what is in hand, and no record twice', async () => {
  const env = { OPAL_KEY: vendor.credentials.apiKey! };
  const [answered, arrived] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  gone!.script = async () => {
    arrived.resolve();
    await answered.promise;
    return { status: 200 };
  };
  write(20, ['kept', 'gone']);
  const program = tributary(['run', '-c', made.config, '--log', 'json'], { env });
  await program.said('"running"');
  const [health, status] = ['"address":"', '"page":"http://'].map(
    before => program.text().split(before)[1]!.split(/[/"]/)[0]!,
  );
  await arrived.promise;

  write(7, ['kept']);
  await askedFor(7); // the new lane is at work, and the old sink has not answered yet
  expect(program.text()).not.toContain('the config has changed');
  answered.resolve();
  await program.said('the config has changed');
  await gone!.left();
  expect(gone!.taken).toHaveLength(gone!.requests.flatMap(({ records }) => records).length);
  expect(await reloadOf(status!, 'applied')).toMatchObject({ stopped: ['opal'], started: ['opal'], reason: null });
  const settings = async () => {
    const { receivers, exporters } = JSON.parse((await ask(status!, '/api/config')).text);
    return [receivers[0].options, exporters.map(({ name }: { name: string }) => name)];
  };
  const options = { apiKey: '[secret env:OPAL_KEY]', pageSize: 7 };
  expect(await settings()).toMatchObject([options, ['kept']]);

  write("'many'", ['kept']);
  await program.said('the config is refused; the one before goes on');
  expect(await reloadOf(status!, 'refused')).toMatchObject({
    reason: expect.stringContaining('receivers.opal.pageSize'),
  });
  expect(await settings()).toMatchObject([options, ['kept']]);
  const metrics = await scrape(health!);
  expect(metrics.value('tributary_config_reloads_total', { outcome: 'applied' })).toBe(1);
  expect(metrics.value('tributary_config_reloads_total', { outcome: 'refused' })).toBe(1);
  expect(metrics.value('tributary_config_last_reload_success')).toBe(0);

  write(9, ['kept', 'gone']); // it comes back, and sends what was left for it
  await program.said('the config has changed', 2);
  expect(await reloadOf(status!, 'applied')).toMatchObject({ started: ['opal'] });
  expect(kept!.connections()).toBe(1);
  program.child.kill('SIGTERM');
  expect((await program.ended).code).toBe(0);

  until = Date.now();
  const uids = ({ taken }: OtlpSink) => taken.map(({ uid }) => uid);
  const all = Object.values(vendor.ids()).flat();
  while (uids(kept!).length < all.length)
    // what happened in this very second is not read yet
    expect((await tributary(['once', '-c', made.config], { env }).ended).code).toBe(0);
  for (const sink of [kept!, gone!]) expect(uids(sink)).toHaveLength(new Set(uids(sink)).size);
}, 180_000);
