// 200,000 events of a simulated 1Password in another process: receive → dedupe → OCSF → durable NDJSON file. CPU per
// event against the floor: parsing the same pages and writing the same events as JSON, in a bare loop.
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { request } from 'undici';
import { file } from '../../exporters/file/index.ts';
import { dedupe } from '../../processors/dedupe/index.ts';
import { normalize } from '../../processors/normalize/index.ts';
import { onepassword } from '../../receivers/onepassword/index.ts';
import { defineConfig, secret } from '../../src/index.ts';
import { budgets } from '../../src/runtime/budget.ts';
import { check } from '../../src/runtime/check.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startEngine } from '../../src/runtime/engine.ts';
import { httpClients } from '../../src/runtime/fetch.ts';
import { createLog } from '../../src/runtime/log.ts';
import { plan } from '../../src/runtime/plan.ts';
import type { Store } from '../../src/runtime/state.ts';
import { openState } from '../../src/runtime/state-sqlite.ts';
import { cpuMeter, type Figure, megabytes, perEvent, ratio, startOther } from './measure.ts';

const EVENTS = Number(process.env.BENCH_EVENTS ?? 200_000);
const FEEDS = ['auditevents', 'signinattempts', 'itemusages'] as const;

export const run = async (): Promise<readonly Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
  const vendor = await startOther('vendor.ts', [String(EVENTS)]);
  try {
    const url = String(vendor.ready.url);
    const { token } = vendor.ready.credentials as { token: string };
    process.env.BENCH_TOKEN = token;
    const work = await pipeline(url, folder);
    const floor = await bareLoop(url, token, folder);
    return [
      { what: 'events', value: String(work.events) },
      { what: 'CPU per event', value: perEvent(work.cpu, work.events) },
      { what: 'floor: parse and stringify in a bare loop', value: perEvent(floor.cpu, floor.events) },
      goal('CPU against the floor', work.cpu / work.events / (floor.cpu / floor.events), 3, n => ratio(n, 1), '≤ 3 ×'),
      { what: 'of it: mapping (normalize), elapsed', value: perEvent(work.mapping, work.events) },
      { what: 'of it: commits, elapsed', value: perEvent(work.commits, work.events) },
      { what: 'one commit of a page, elapsed', value: `${(work.commits / work.batches / 1000).toFixed(2)} ms` },
      { what: 'resident memory idle', value: megabytes(work.idle) },
      goal('resident memory at work, at most', Math.max(...work.tenths), 160 * 2 ** 20, megabytes, '≤ 160 MB'),
      goal(
        'last tenth against the second',
        work.tenths.at(-1)! / work.tenths[1]!,
        1.1,
        n => ratio(n, 1),
        'flat (≤ 1.1 ×)',
      ),
    ];
  } finally {
    await vendor.end();
    rmSync(folder, { recursive: true, force: true });
  }
};

const goal = (what: string, n: number, limit: number, show: (n: number) => string, text: string): Figure => ({
  what,
  value: show(n),
  goal: { met: n <= limit, text },
});

const pipeline = async (baseUrl: string, folder: string) => {
  const receiver = (feed: (typeof FEEDS)[number]) => onepassword({ token: secret.env('BENCH_TOKEN'), feed, baseUrl });
  const config = defineConfig({
    receivers: { audit: receiver('auditevents'), signins: receiver('signinattempts'), items: receiver('itemusages') },
    processors: { dedupe: dedupe(), normalize: normalize() },
    exporters: { archive: file({ path: join(folder, '{receiver}-{seq}.ndjson') }) },
    pipelines: {
      all: { receivers: ['audit', 'signins', 'items'], processors: ['dedupe', 'normalize'], exporters: ['archive'] },
    },
  });
  const { options } = await check(config);
  const spent = { mapping: 0, commits: 0 };
  const store = timed(openState(join(folder, 'state')), elapsed => (spent.commits += elapsed));
  const mapping = config.processors!.normalize;
  const parts = plan(
    {
      ...config,
      processors: {
        ...config.processors,
        normalize: {
          ...mapping,
          create: (context, its) => {
            const inner = mapping.create(context, its);
            return {
              process: records => {
                const began = performance.now();
                const done = inner.process(records);
                spent.mapping += (performance.now() - began) * 1000;
                return done;
              },
            };
          },
        },
      },
    },
    where => options.get(where),
  );
  const http = httpClients({ clock: systemClock, budgets: budgets(systemClock), folder });

  globalThis.gc?.();
  const idle = process.memoryUsage.rss();
  let [events, batches] = [0, 0];
  const tenths = Array.from({ length: 10 }, () => 0);
  const cpu = cpuMeter();
  await cpu.during(async () => {
    const engine = await startEngine(
      parts,
      { store, clock: systemClock, log: createLog('json'), http: http.open, folder },
      {
        once: { patience: 60_000 },
        observers: [
          {
            delivered: (_, { batch }) => {
              events += batch.records.length;
              batches++;
              const tenth = Math.min(9, Math.floor((events / EVENTS) * 10));
              tenths[tenth] = Math.max(tenths[tenth]!, process.memoryUsage.rss());
            },
          },
        ],
      },
    );
    for (const { fault } of await engine.ended) if (fault) throw fault;
  });
  await http.close();
  await store.close();
  return { events, batches, idle, tenths, cpu: cpu.total(), ...spent };
};

const timed = (store: Store, add: (elapsed: number) => void): Store => ({
  ...store,
  commit: async (writes, now) => {
    const began = performance.now();
    await store.commit(writes, now);
    add((performance.now() - began) * 1000);
  },
});

/** The same pages parsed and the same events written as JSON, a thousand at a time, nothing else measured. */
const bareLoop = async (url: string, token: string, folder: string) => {
  const cpu = cpuMeter();
  let events = 0;
  for (const feed of FEEDS) {
    let body: object = { limit: 1000, start_time: new Date(0).toISOString() };
    for (let more = true; more; ) {
      const answer = await request(`${url}/api/v2/${feed}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await answer.body.text();
      const page = await cpu.during(() => JSON.parse(text) as { cursor: string; has_more: boolean; items: unknown[] });
      events += page.items.length;
      body = { cursor: page.cursor };
      more = page.has_more;
    }
  }
  for (const name of readdirSync(folder).filter(n => n.includes('.ndjson'))) {
    let block: unknown[] = [];
    const write = () => cpu.during(() => block.map(event => JSON.stringify(event)).length);
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      block.push(JSON.parse(line));
      if (block.length < 1000) continue;
      await write();
      block = [];
    }
    await write();
  }
  return { events, cpu: cpu.total() };
};
