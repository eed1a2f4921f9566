// The status page in a real browser: an engine on the real clock that reads a simulated vendor, and one that says what
// would do harm as markup.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { z } from 'zod';
import { dedupe } from '../../processors/dedupe/index.ts';
import { normalize } from '../../processors/normalize/index.ts';
import { opal } from '../../receivers/opal/index.ts';
import { simulator } from '../../receivers/opal/simulator.ts';
import { defineExporter, defineReceiver } from '../../src/component.ts';
import { type AnyConfig, queued } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord } from '../../src/model.ts';
import { SECOND, secret } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startEngine } from '../../src/runtime/engine.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { httpClients } from '../../src/runtime/http/fetch.ts';
import { plan } from '../../src/runtime/plan.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { openStatus } from '../../src/runtime/status-page/listener.ts';
import type { Reload } from '../../src/runtime/telemetry/observer.ts';
import { poll } from '../../src/source/poll.ts';
import { fromMillis } from '../../src/time.ts';
import { drafts, mappingOf } from './ocsf.ts';

/** Debian's, or the one that CHROMIUM names. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--host-resolver-rules=MAP evil.example 127.0.0.1'],
  });

/** What must be shown as it is written, and do nothing. */
export const HOSTILE = `<img src=x onerror="window.harmed=1"></script><script>window.harmed=1</script>`;

const none = z.object({});

const hostile = defineReceiver({
  type: 'hostile',
  options: none,
  repeats: () => 0,
  ocsf: mappingOf({ ...drafts[0]!, message: HOSTILE }),
  create: context => {
    const origin = { receiver: context.name, type: 'hostile', site: HOSTILE, tenant: HOSTILE, feed: '' };
    let failing = false;
    return poll<number>(
      {
        origin,
        start: () => 0,
        restore: Number,
        low: () => context.clock.now(),
        pull: async said => {
          failing = !failing;
          if (failing) throw new Fault('E_NETWORK', HOSTILE);
          const now = fromMillis(context.clock.now());
          const raw = { [HOSTILE]: HOSTILE };
          const record: AuditRecord = { id: `${said} ${HOSTILE}`, time: now, observed: now, origin, raw };
          return { records: [record], position: said + 1, more: false, date: context.clock.now() };
        },
      },
      SECOND,
      context,
    );
  },
});

const sink = defineExporter({ type: 'sink', options: none, create: () => ({ export: async () => ({}) }) });
const full = defineExporter({
  type: 'sink',
  options: none,
  create: () => ({
    export: async () => {
      throw new Fault('E_NETWORK', HOSTILE);
    },
  }),
});

export interface Served {
  readonly url: string;
  /** The vendor's credential: it may be nowhere. */
  readonly key: string;
  /** Says that the config was looked at again. */
  reloaded(reload: Reload): void;
  /** The config is another one from now on: the receiver `opal` has this name. */
  rename(to: string): Promise<void>;
  close(): Promise<void>;
}

export const servePage = async (): Promise<Served> => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-page-'));
  const vendor = await simulator.start({ events: 120, seed: 9, live: 5 });
  const key = vendor.credentials.apiKey!;
  process.env.T_PAGE_KEY = key;
  const named = (name: string): AnyConfig => ({
    receivers: {
      [name]: opal({ apiKey: secret.env('T_PAGE_KEY'), baseUrl: vendor.url, every: '1s', settle: '1s' }),
      hostile: hostile(),
    },
    processors: { dedupe: dedupe(), normalize: normalize() },
    exporters: { out: sink(), later: queued(full(), { limit: '1MiB' }) },
    pipelines: {
      audit: { receivers: [name, 'hostile'], processors: ['dedupe', 'normalize'], exporters: ['out', 'later'] },
    },
  });
  const planned = async (config: AnyConfig) => {
    const { options, problems } = await check(config);
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
    return plan(config, at => options.get(at));
  };
  const config = named('opal');
  const parts = await planned(config);
  const store = openState(join(folder, 'state'));
  const pools = budgets(systemClock);
  const http = httpClients({ clock: systemClock, budgets: pools, folder });
  const log = { info() {}, warn() {}, error() {} };
  const status = await openStatus({
    address: { host: '127.0.0.1', port: 0 },
    plan: parts,
    engine: config.engine,
    clock: systemClock,
    budgets: pools,
    store,
    log,
    state: folder,
  });
  const engine = await startEngine(
    parts,
    { store, clock: systemClock, log, http: http.open, folder },
    { observers: status.observers },
  );
  const reloaded = (reload: Reload) => {
    for (const observer of status.observers) observer.reloaded?.(reload);
  };
  return {
    url: `http://${status.address}/`,
    key,
    reloaded,
    rename: async to => {
      const next = named(to);
      const { adopted, ...change } = await engine.reload(await planned(next), {}, [{ from: 'opal', to, reason: '' }]);
      reloaded({ time: Date.now(), outcome: 'applied', change, adopted, config: next });
    },
    close: async () => {
      engine.abort();
      await engine.ended;
      await status.close();
      await http.close();
      await store.close();
      await vendor.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
