// A vendor that filters by time and may hide what it has, read by the real engine on a virtual clock and then reviewed.
// The state is a real one, in a folder of its own for each test: importing this makes it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { z } from 'zod';
import { dedupe } from '../../processors/dedupe/index.ts';
import { defineExporter, defineProcessor, type Fetch, type Spec } from '../../src/component.ts';
import type { AnyConfig } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import { textOf } from '../../src/json.ts';
import type { AuditRecord } from '../../src/model.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import type { Ground } from '../../src/runtime/context.ts';
import { type Ending, startEngine } from '../../src/runtime/engine.ts';
import { inspect } from '../../src/runtime/inspect.ts';
import { checkLedger } from '../../src/runtime/ledger/ledger-read.ts';
import { plan } from '../../src/runtime/plan.ts';
import { type Review, reviewOf } from '../../src/runtime/review/review.ts';
import { reviewing, snapshot } from '../../src/runtime/review/review-store.ts';
import { confirmed, type Found, tallyOf } from '../../src/runtime/review/review-tally.ts';
import { readLetterIds } from '../../src/runtime/state/letters-sqlite.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { readStandings } from '../../src/runtime/state/state-tools.ts';
import { defineHttpReceiver } from '../../src/source/http.ts';
import { windows } from '../../src/source/windows.ts';
import { type VirtualClock, virtualClock } from './clock.ts';

/** It counts whole milliseconds, as ours does: the ledger takes nothing else. */
export const clock = (): VirtualClock => {
  const made = virtualClock(Date.UTC(2026, 0, 15, 12));
  const { now } = made;
  return Object.assign(made, { now: () => Math.ceil(now()) });
};
export let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-review-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

export interface Event {
  readonly id: string;
  /** ms since the epoch */
  readonly time: number;
  /** It does not say when it happened. */
  readonly timeless?: boolean;
}

/** How long the vendor keeps what it has. */
export const KEEPS = 40 * DAY;

/** A world with one vendor; `hidden` are ids that it does not show. */
export const world = (events: readonly Event[]) => {
  const time = clock();
  const hidden = new Set<string>();
  const sent: string[] = []; // by whoever exports
  const refused = new Set<string>(); // ids that a processor throws on
  const broken = { vendor: false, sink: false }; // what does not work now
  const fetch: Fetch = async ({ query = {} }) => {
    if (broken.vendor) throw new Fault('E_NETWORK');
    const [from, to] = [Number(query.from), Number(query.to)];
    const items = events.filter(e => e.time >= from && e.time < to && e.time < time.now() && !hidden.has(e.id));
    const bodies = items.map(({ id, time, timeless }) => ({
      id,
      ...(!timeless && { at: new Date(time).toISOString() }),
    }));
    return { status: 200, headers: {}, date: time.now(), text: JSON.stringify({ items: bodies }) };
  };
  const receiver = defineHttpReceiver({
    type: 'sim',
    options: z.object({}),
    repeats: () => DAY,
    page: z.object({ items: z.array(z.unknown()) }),
    items: page => page.items,
    lead: () => ({ next: null }),
    identify: item => ({ id: textOf(item, 'id'), time: textOf(item, 'at') }),
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
      walk: windows({
        since: now => now - 35 * DAY,
        span: DAY,
        settle: SECOND,
        overlap: 5 * MINUTE,
        behind: 2 * HOUR,
        keeps: KEEPS,
      }),
      request: ({ from, to }) => ({ path: '/', query: { from, to } }),
    }),
  })({});
  const sink = defineExporter({
    type: 'sink',
    options: z.object({}),
    create: () => ({
      export: async (records: readonly AuditRecord[]) => {
        if (broken.sink) throw new Fault('E_NETWORK');
        sent.push(...records.map(({ id }) => id));
        return {};
      },
    }),
  })({});
  const picky = defineProcessor({
    type: 'picky',
    options: z.object({}),
    create: () => ({
      process: async records => {
        if (records.some(({ id }) => refused.has(id))) throw new TypeError('not this one');
        return { records };
      },
    }),
  })({});
  return { time, hidden, refused, sent, fetch, receiver, sink, picky, broken };
};
export type World = ReturnType<typeof world>;

/** Which pipelines there are: the processors of each, and whether they remember. */
export type Pipelines = Readonly<Record<string, readonly ('dedupe' | 'picky')[]>>;

const stageOf = ({ receiver, sink, picky, time, fetch }: World, pipelines: Pipelines, remember: Remember): Stage => {
  const config = {
    receivers: { sim: receiver },
    processors: { dedupe: dedupe({ remember }), picky } as Record<string, Spec<'processor'>>,
    exporters: { out: sink },
    pipelines: Object.fromEntries(
      Object.entries(pipelines).map(([name, processors]) => [
        name,
        { receivers: ['sim'], processors, exporters: ['out'], repeats: 'allow' },
      ]),
    ),
  } as unknown as AnyConfig; // names are its own
  return { config, clock: time, http: () => fetch };
};

/** Of `dedupe`. */
type Remember = '14d' | '30d' | '90d';

export const USUAL: Pipelines = { all: ['dedupe', 'picky'] };

/** The receiver until its vendor has no more, as `once` does. */
export const once = async (it: World, pipelines = USUAL, remember: Remember = '30d'): Promise<void> => {
  expect(await readOnce(stageOf(it, pipelines, remember))).toEqual([{ lane: 'sim' }]);
};

/** As `reconcile` does. @param back how far, ms */
export const reconcile = (
  it: World,
  back: number,
  {
    pipelines = USUAL,
    remember = '30d' as Remember,
    ...how
  }: Partial<How> & { pipelines?: Pipelines; remember?: Remember } = {},
): Promise<Outcome> => reviewOnce(stageOf(it, pipelines, remember), back, how);

// ---- Any config, on the state of this test ----

export interface Stage {
  readonly config: AnyConfig;
  readonly clock: VirtualClock;
  readonly http: Ground['http'];
}

export interface Outcome {
  readonly found: readonly Found[];
  readonly review: Review;
  readonly endings: readonly Ending[];
  readonly gaps: readonly unknown[];
}

interface How {
  readonly only: boolean;
  /** Runs between the walk and the last look. */
  readonly meanwhile: () => Promise<unknown>;
}

const silent = { info() {}, warn() {}, error() {} };

const planOf = async (config: AnyConfig) => {
  const { options, problems } = await check(config);
  expect(problems.filter(({ level }) => level === 'error')).toEqual([]);
  return { options, parts: plan(config, where => options.get(where)) };
};

export const readOnce = async ({ config, clock, http }: Stage): Promise<readonly Ending[]> => {
  const { parts } = await planOf(config);
  const store = openState(folder);
  const { ended } = await startEngine(parts, { store, clock, log: silent, http, folder }, { once: { patience: HOUR } });
  const endings = await clock.run(ended);
  await store.close();
  expect(checkLedger(folder).problems).toEqual([]);
  return endings;
};

export const reviewOnce = async (
  { config, clock, http }: Stage,
  back: number,
  { only = false, meanwhile = async () => {} }: Partial<How> = {},
): Promise<Outcome> => {
  const { options, parts } = await planOf(config);
  const receivers = await inspect(config, options, { clock, log: silent, folder });
  const asked = { since: clock.now() - back, only, letters: readLetterIds(folder) };
  const review = reviewOf(parts, receivers, readStandings(folder), asked);
  const tally = tallyOf(review.reviewed, { only });
  const gaps: unknown[] = [];
  const places = [...review.reviewed.values()].map(({ place }) => place);
  const store = only ? snapshot(folder) : openState(folder);
  const ground = { store: reviewing(store, places, { only }), clock, log: silent, http, folder };
  const observers = [
    tally.observer,
    { delivered: (_: string, { batch }: { batch: { gap?: unknown } }) => void (batch.gap && gaps.push(batch.gap)) },
  ];
  const { ended } = await startEngine(review.plan, ground, { once: { patience: HOUR }, observers });
  const endings = await clock.run(ended);
  await store.close();
  expect(checkLedger(folder).problems).toEqual([]); // each record has one fate, also after a review
  await meanwhile();
  const found = only
    ? await confirmed(tally.found(), review.reviewed, (space, ids) => snapshot(folder).known(space, ids))
    : tally.found();
  return { found, review, endings, gaps };
};
