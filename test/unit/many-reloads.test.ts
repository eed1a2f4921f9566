// A thousand changes of the config leave nothing behind in the engine: what lives is counted before and after, and the
// listeners and handles of the process with it. What Node keeps of each import is another matter: `load.test.ts`.
import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queryObjects } from 'node:v8';
import { expect, test } from 'vitest';
import { otlp } from '../../exporters/otlp/index.ts';
import { dedupe } from '../../processors/dedupe/index.ts';
import { normalize } from '../../processors/normalize/index.ts';
import { opal } from '../../receivers/opal/index.ts';
import { simulator } from '../../receivers/opal/simulator.ts';
import { secret } from '../../src/options.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startEngine } from '../../src/runtime/engine.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { httpClients } from '../../src/runtime/http/fetch.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { otlpSink } from '../support/otlp-sink.ts';
import { planOf } from '../support/reload.ts';

const [WARM, MANY] = [100, 1000];

test('1,000 reloads leave nothing behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-many-'));
  const vendor = await simulator.start({ events: 5, seed: 1 });
  const sink = await otlpSink();
  process.env.T_MANY = vendor.credentials.apiKey!;
  const store = openState(folder);
  const http = httpClients({ clock: systemClock, budgets: budgets(systemClock), folder });
  const log = { info: () => {}, warn: () => {}, error: () => {} };

  /** Everything of it is made anew by the other. */
  const planFor = (turn: number) =>
    planOf({
      receivers: { opal: opal({ apiKey: secret.env('T_MANY'), baseUrl: vendor.url, pageSize: 10 + turn }) },
      processors: { dedupe: dedupe(), normalize: normalize() },
      exporters: { out: otlp({ endpoint: sink.url, timeout: `${10 + turn}s` }) },
    });
  const plans = [await planFor(0), await planFor(1)] as const;
  let lane = Promise.withResolvers<void>(); // it has asked its vendor, and has all of it
  const began = () => {
    lane = Promise.withResolvers();
  };
  const ground = { store, clock: systemClock, log, http: http.open, folder };
  const engine = await startEngine(plans[0], ground, { observers: [{ began, rested: () => lane.resolve() }] });
  const reload = async (times: number) => {
    for (let turn = 1; turn <= times; turn++) {
      if (turn % 50 === 0) await lane.promise; // the others are stopped while they ask
      await engine.reload(plans[turn % 2 === 0 ? 0 : 1]);
    }
    await lane.promise;
  };
  /** How many there are of a kind, once what is garbage has gone. */
  const live = (kind: unknown) => queryObjects(kind as never, { format: 'count' }); // any constructor will do
  const count = () => ({
    closures: live(Function),
    promises: live(Promise),
    signals: live(AbortSignal),
    emitters: live(EventEmitter),
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    handles: process.getActiveResourcesInfo().length,
  });

  await reload(WARM);
  const before = count();
  await reload(MANY);
  const after = count();
  engine.stop();
  await engine.ended;
  await http.close();
  await store.close();
  await Promise.all([vendor.close(), sink.close()]);
  rmSync(folder, { recursive: true, force: true });

  // One for each would be a thousand.
  for (const [what, n] of Object.entries(after))
    expect([what, n - before[what as keyof typeof before] < MANY / 4]).toEqual([what, true]);
  expect(new Set(sink.taken.map(({ uid }) => uid)).size).toBe(sink.taken.length);
}, 120_000);
