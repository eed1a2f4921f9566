// The table of docs/metrics.md and a run agree: with every simulated vendor, and a receiver to which everything happens that
// can be counted, each metric that is documented is seen, moves, and has the labels that it is said to have.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { apply, each } from '../../processors/apply/index.ts';
import { dedupe } from '../../processors/dedupe/index.ts';
import { normalize } from '../../processors/normalize/index.ts';
import { playVendors } from '../../src/cli/vendors.ts';
import { defineExporter, defineReceiver, type Spec } from '../../src/component.ts';
import { type AnyConfig, queued } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord } from '../../src/model.ts';
import { DAY, HOUR } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startEngine } from '../../src/runtime/engine.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { MOST_FAILURES } from '../../src/runtime/http/circuit.ts';
import { httpClients } from '../../src/runtime/http/fetch.ts';
import { plan } from '../../src/runtime/plan.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { openHealth } from '../../src/runtime/telemetry/health.ts';
import { together } from '../../src/runtime/telemetry/observer.ts';
import { poll } from '../../src/source/poll.ts';
import { fromMillis } from '../../src/time.ts';
import { textOf } from '../support/markdown.ts';
import { type Scrape, scrape } from '../support/metrics.ts';

const documented = new Map(
  [...textOf('docs/metrics.md').matchAll(/^\| `([a-z_]+)` \| ([^|]*)\|/gm)].map(([, name, labels]) => [
    name!,
    labels!.split(',').flatMap(label => label.trim() || []),
  ]),
);

test('the table has what the overview promises', () => {
  expect(documented.size).toBeGreaterThan(20);
  expect(documented.has('tributary_receiver_lag_seconds')).toBe(true);
});

const none = z.object({});

/** Reads an old record and rests; then what is late, guessed, there already, or cannot pass; and a day is missing. */
const eventful = defineReceiver({
  type: 'eventful',
  options: none,
  create: context => {
    const origin = { receiver: context.name, type: 'eventful', site: '', tenant: '', feed: '' };
    const record = (id: string, age: number, more: Partial<AuditRecord> = {}): AuditRecord => {
      const now = context.clock.now();
      return { id, time: fromMillis(now - age), observed: fromMillis(now), origin, raw: { id }, ...more };
    };
    return poll<number>(
      {
        origin,
        start: () => 0,
        restore: stored => Number(stored),
        low: () => 0,
        pull: async position => {
          const date = context.clock.now();
          if (position === 0) return { records: [record('old', DAY)], position: 1, more: false, date };
          if (position > 1) return undefined;
          const records = [record('old', DAY), record('late', HOUR), record('guess', 0, { guessed: 'both' })];
          const stuck = [record('bad', 0), record('refused', 0)];
          return {
            records: [...records, ...stuck],
            position: 2,
            more: false,
            date,
            gap: { from: date - DAY, to: date },
          };
        },
      },
      10,
      context,
    );
  },
});

/** Takes all but the one record that is called so. */
const picky = defineExporter({
  type: 'picky',
  options: none,
  create: () => ({
    export: async records => {
      const refused = records.filter(({ id }) => id === 'refused');
      return refused.length > 0 ? { refused: [{ fault: new Fault('E_HTTP_REQUEST', 'no'), records: refused }] } : {};
    },
  }),
});

/** A queue in front of it is never emptied. */
const unreachable = defineExporter({
  type: 'unreachable',
  options: none,
  create: () => ({
    export: async () => {
      throw new Fault('E_NETWORK');
    },
  }),
});

const breaksOn = (id: string) =>
  apply(
    each(record => {
      if (record.id === id) throw new Error('cannot be read');
      return record;
    }),
  );

const folder = mkdtempSync(join(tmpdir(), 'tributary-metrics-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything that Prometheus would read once each receiver has read all there is. */
const run = async (): Promise<Scrape> => {
  const once = [{ rate: 1, times: 1, do: { status: 503, retryAfter: 0 } }] as const;
  const played = await playVendors([], { events: 500, seed: 1 }, vendor => (vendor === 'opal' ? once : []));
  const vendors = Object.assign({}, ...played.map(p => p.simulation.receivers(p.secret))) as Record<
    string,
    Spec<'receiver'>
  >;
  const receivers = { ...vendors, eventful: eventful() };
  const config: AnyConfig = {
    receivers,
    processors: { dedupe: dedupe(), change: breaksOn('bad'), normalize: normalize() },
    exporters: { out: picky(), kept: queued(unreachable(), { limit: '64MiB' }) },
    pipelines: {
      all: {
        receivers: Object.keys(receivers) as [string, ...string[]],
        processors: ['dedupe', 'change', 'normalize'],
        exporters: ['out', 'kept'],
      },
    },
  };
  const { options, problems } = await check(config);
  expect(problems).toEqual([]);

  const parts = plan(config, place => options.get(place));
  const quotas = budgets(systemClock);
  const store = openState(folder);
  const http = httpClients({ clock: systemClock, budgets: quotas, folder });
  const address = { host: '127.0.0.1', port: 0 };
  const health = await openHealth({ address, plan: parts, clock: systemClock, budgets: quotas, store });

  const { promise: allRead, resolve } = Promise.withResolvers<void>();
  const rests = new Map<string, number>();
  const rested = (lane: string) => {
    rests.set(lane, (rests.get(lane) ?? 0) + 1);
    if (rests.size === Object.keys(receivers).length && rests.get('eventful')! > 1) resolve();
  };
  const log = { info() {}, warn() {}, error() {} };
  const engine = await startEngine(
    parts,
    { store: health.store, clock: systemClock, log, http: http.open, folder },
    { observers: [...health.observers, { rested }] },
  );
  await allRead;
  together(health.observers).reloaded({ time: 0, outcome: 'applied' });
  const vendor = quotas.open(quotas.standings()[0]!.key, []); // which fails from now on
  for (let i = 0; i < MOST_FAILURES; i++)
    await (await vendor.take(new AbortController().signal))(new Fault('E_NETWORK'));
  const seen = await scrape(health.address);
  engine.abort();
  await engine.ended;
  await health.close();
  await http.close();
  await store.close();
  for (const { simulation } of played) await simulation.close();
  return seen;
};

let seen: Scrape;
beforeAll(async () => {
  seen = await run();
});

test('none is counted that is not documented', () => {
  const ours = [...seen.families.keys()].filter(name => /^(otelcol|tributary)_/.test(name));
  expect(ours.toSorted()).toEqual([...documented.keys()].toSorted());
});

test.each([...documented])('%s moves, with the labels %j', (name, labels) => {
  const samples = seen.families.get(name) ?? [];
  const used = new Set(
    samples.map(sample =>
      Object.keys(sample.labels)
        .filter(label => label !== 'le')
        .join(),
    ),
  );
  expect([...used]).toEqual([labels.join()]);
  // One must never move: every record of this run has a known fate.
  expect(samples.some(({ value }) => value !== 0)).toBe(name !== 'tributary_unaccounted_records');
});
