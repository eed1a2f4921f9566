// An engine on a virtual clock with its status listener: a vendor that says what a test gives it, and a sink that may refuse.
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { defineExporter, defineReceiver } from '../../src/component.ts';
import { type AnyConfig, type Engine, queued } from '../../src/config.ts';
import type { AuditRecord } from '../../src/model.ts';
import { MINUTE } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import { startEngine } from '../../src/runtime/engine.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { plan } from '../../src/runtime/plan.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { openStatus } from '../../src/runtime/status-page/listener.ts';
import type { Report } from '../../src/runtime/status-page/report.ts';
import type { Reload } from '../../src/runtime/telemetry/observer.ts';
import { poll } from '../../src/source/poll.ts';
import { fromMillis } from '../../src/time.ts';
import { virtualClock } from './clock.ts';
import type { Reply } from './metrics.ts';

const none = z.object({});

export interface World {
  readonly clock: ReturnType<typeof virtualClock>;
  readonly address: string;
  /** What the vendor has to say at the next poll: records by id, and how long ago they happened. */
  readonly says: (ids: readonly string[], ago?: number) => void;
  /** What goes wrong at the next poll, or at the next export. */
  readonly fails: { poll: Error | undefined; export: Error | undefined };
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** The JSON of a path; what it is, the test knows. */
  json<T = Report>(path: string): Promise<T>;
  /** Says that the config was looked at again. */
  reloaded(reload: Reload): void;
  /** Reads server-sent events of a path, unless it is told to pause. */
  follow(path: string): Promise<Follower>;
  close(): Promise<void>;
}

export interface Follower {
  readonly status: number;
  /** What came, by the kind of event. */
  readonly came: readonly { readonly event: string; readonly data: unknown }[];
  pause(): void;
  resume(): void;
}

export const world = async ({
  engine = {} as Engine,
  limit = '1MiB' as const,
  raw = (id: string): AuditRecord['raw'] => ({ id }),
} = {}): Promise<World> => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-status-'));
  const store = openState(folder);
  const clock = virtualClock();
  const fails: World['fails'] = { poll: undefined, export: undefined };
  const waiting: { readonly id: string; readonly time: number }[] = [];
  const failOnce = (where: keyof typeof fails) => {
    const error = fails[where];
    fails[where] = undefined;
    if (error) throw error;
  };

  const sim = defineReceiver({
    type: 'sim',
    options: none,
    create: context => {
      const origin = { receiver: context.name, type: 'sim', site: 'https://sim.example', tenant: 'acme', feed: '' };
      const client = context.http({ origin: origin.site, rates: [{ requests: 600, per: MINUTE }] });
      return poll<number>(
        {
          origin,
          start: () => 0,
          restore: Number,
          low: () => clock.now() - MINUTE,
          pull: async (position, signal) => {
            await client({ url: origin.site }, signal);
            failOnce('poll');
            const now = fromMillis(clock.now());
            const records = waiting
              .splice(0)
              .map(
                ({ id, time }): AuditRecord => ({ id, time: fromMillis(time), observed: now, origin, raw: raw(id) }),
              );
            return { records, position: position + records.length, more: false, date: clock.now() };
          },
        },
        MINUTE,
        context,
      );
    },
  });
  const sink = defineExporter({
    type: 'sink',
    options: none,
    create: () => ({
      export: async () => {
        failOnce('export');
        return {};
      },
    }),
  });
  const config: AnyConfig = {
    receivers: { sim: sim() },
    exporters: { out: sink(), later: queued(sink(), { limit }) },
    pipelines: { audit: { receivers: ['sim'], exporters: ['out', 'later'] } },
    engine,
  };
  const { options } = await check(config);
  const parts = plan(config, place => options.get(place));
  const log = { info() {}, warn() {}, error() {} };
  const pools = budgets(clock);
  const status = await openStatus({
    address: { host: '127.0.0.1', port: 0 },
    plan: parts,
    engine,
    clock,
    budgets: pools,
    store,
    log,
    state: folder,
  });
  const running = await startEngine(
    parts,
    {
      store,
      clock,
      log,
      folder,
      http: (settings, tell) => {
        pools.open(`${settings.origin} `, settings.rates ?? []);
        return async (_, signal) => {
          await clock.sleep(0, signal); // nothing is answered before the test lets time pass
          tell?.({ status: 200, sent: clock.now(), took: 40, date: clock.now() });
          return { status: 200, headers: {}, date: clock.now(), text: '{}' };
        };
      },
    },
    { observers: status.observers },
  );
  const get: World['get'] = (path, headers = {}) =>
    new Promise((done, fail) => {
      request(`http://${status.address}${path}`, { agent: false, headers }, response => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, text }));
      })
        .once('error', fail)
        .end();
    });
  const cut: (() => void)[] = [];
  const follow: World['follow'] = path =>
    new Promise((done, fail) => {
      const asked = request(`http://${status.address}${path}`, { agent: false }, response => {
        const came: { event: string; data: unknown }[] = [];
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          const whole = (text + chunk).split('\n\n');
          text = whole.pop()!;
          for (const one of whole) {
            const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(one) ?? [];
            if (event !== undefined) came.push({ event, data: JSON.parse(data!) });
          }
        });
        response.on('error', () => {}); // it is cut at the end
        done({
          status: response.statusCode ?? 0,
          came,
          pause: () => response.pause(),
          resume: () => response.resume(),
        });
      });
      cut.push(() => asked.destroy());
      asked.once('error', fail).end();
    });
  return {
    clock,
    follow,
    address: status.address,
    says: (ids, ago = 0) => void waiting.push(...ids.map(id => ({ id, time: clock.now() - ago }))),
    fails,
    reloaded: reload => {
      for (const observer of status.observers) observer.reloaded?.(reload);
    },
    get,
    json: async <T>(path: string) => JSON.parse((await get(path)).text) as T,
    close: async () => {
      for (const one of cut) one();
      running.abort();
      await clock.run(running.ended);
      await status.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
