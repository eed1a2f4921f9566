// The engine on a virtual clock, with a vendor of so many pages, and a state folder of its own for each test. Importing
// this makes the folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { z } from 'zod';
import { type Answer, defineExporter, type Fetch, type HttpSettings, type Spec } from '../../src/component.ts';
import type { AnyConfig } from '../../src/config.ts';
import { textOf } from '../../src/json.ts';
import type { AuditRecord } from '../../src/model.ts';
import { MINUTE } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import { type EngineOptions, startEngine } from '../../src/runtime/engine.ts';
import { plan } from '../../src/runtime/plan.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { defineHttpReceiver } from '../../src/source/http.ts';
import { cursor } from '../../src/source/walks.ts';
import { type VirtualClock, virtualClock } from './clock.ts';

/** The schema of no options. */
export const none = z.object({});
export let folder: string;
export let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-engine-'));
  store = openState(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A vendor with so many pages of two events; `refuse` may throw instead. */
export const vendor = (pages: number, refuse: (asked: number) => void = () => {}) => {
  const asked: { cursor: unknown; at: number }[] = [];
  const clock = virtualClock();
  const fetch: Fetch = async (call, signal): Promise<Answer> => {
    signal.throwIfAborted();
    asked.push({ cursor: call.query?.cursor ?? null, at: clock.now() });
    refuse(asked.length);
    const n = Number(call.query?.cursor ?? 0);
    const items = n < pages ? [{ id: `${n}a` }, { id: `${n}b` }] : [];
    return {
      status: 200,
      headers: {},
      date: clock.now(),
      text: JSON.stringify({ items, next: String(Math.min(n + 1, pages)), more: n + 1 < pages }),
    };
  };
  return { asked, clock, fetch };
};

const receiver = (): Spec<'receiver'> =>
  defineHttpReceiver({
    type: 'sim',
    options: none,
    repeats: () => 0,
    page: z.object({ items: z.array(z.unknown()), next: z.string(), more: z.boolean() }),
    items: page => page.items,
    lead: page => ({ next: page.next, more: page.more }),
    identify: item => ({ id: textOf(item, 'id') }),
    ocsf: {
      describe: () => ({
        product: { name: 's', vendor_name: 's' },
        provider: 's',
        log: 's',
        format: 'JSON',
        address: 's',
      }),
      read: () => [],
    },
    api: () => ({
      base: 'https://sim.example',
      every: MINUTE,
      auth: { credential: '', headers: async () => ({}), refused: () => false },
      walk: cursor({ since: now => now, onLost: 'hold' }),
      request: ask => ({ path: '/', query: { cursor: ask.cursor } }),
    }),
  })({});

/** An exporter that does this with records. */
export const sinkOf = (
  take: (records: readonly AuditRecord[], signal: AbortSignal) => Promise<void>,
  close = () => {},
): Spec<'exporter'> =>
  defineExporter({
    type: 'sink',
    options: none,
    create: () => ({
      export: async (records, signal) => {
        await take(records, signal);
        return {};
      },
      close: async () => close(),
    }),
  })({});

/** A vendor as the engine meets it. */
export interface World {
  readonly clock: VirtualClock;
  readonly fetch: Fetch;
  /** In place of `fetch`, where the settings of the client matter. */
  readonly http?: (settings: HttpSettings) => Fetch;
}

/** Checks and plans the config, with the vendor as its receiver where it names none, and starts the engine. */
export const start = async (
  config: Pick<AnyConfig, 'exporters' | 'processors'> & { readonly receivers?: AnyConfig['receivers'] },
  world: World,
  options: EngineOptions = {},
  lines: object[] = [],
  at: { readonly store: Store; readonly folder: string } = { store, folder },
) => {
  const whole = {
    receivers: { sim: receiver() },
    ...config,
    pipelines: {
      p: {
        receivers: ['sim'],
        processors: Object.keys(config.processors ?? {}),
        exporters: Object.keys(config.exporters),
        repeats: 'allow',
      },
    },
  } as unknown as AnyConfig; // names are its own
  const { options: checked, problems } = await check(whole);
  expect(problems).toEqual([]);
  const tell = (fields: object, message: string) => void lines.push({ ...fields, message });
  return startEngine(
    plan(whole, where => checked.get(where)),
    {
      ...at,
      clock: world.clock,
      log: { info: tell, warn: tell, error: tell },
      http: world.http ?? (() => world.fetch),
    },
    options,
  );
};
