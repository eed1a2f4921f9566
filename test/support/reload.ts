// A small world for reloads: receivers that read lists of events, sinks that remember, and an engine that goes from one
// config to the next. Everything of it says when it was created and closed.
import { expect } from 'vitest';
import { z } from 'zod';
import {
  defineExporter,
  defineProcessor,
  defineReceiver,
  type Fetch,
  type HttpSettings,
  type Spec,
} from '../../src/component.ts';
import type { AnyConfig, PipelineConfig } from '../../src/config.ts';
import type { AuditRecord } from '../../src/model.ts';
import { MINUTE } from '../../src/options.ts';
import { check } from '../../src/runtime/check.ts';
import { type Engine, type EngineOptions, startEngine } from '../../src/runtime/engine.ts';
import { type Plan, plan } from '../../src/runtime/plan.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { poll } from '../../src/source/poll.ts';
import { virtualClock } from './clock.ts';

export type World = ReturnType<typeof world>;

/** @param sink what a sink does before it takes some records */
export const world = (
  sink: (to: string, records: readonly AuditRecord[], signal: AbortSignal) => unknown = () => {},
) => {
  const clock = virtualClock();
  /** What happened, in order: `create sim a`, `close sink out`. */
  const story: string[] = [];
  const logs = new Map<string, string[]>();
  const got = new Map<string, string[]>();
  const log = (from: string) => logs.get(from) ?? logs.set(from, []).get(from)!;
  const open = (what: string) => {
    story.push(`create ${what}`);
    return async () => void story.push(`close ${what}`);
  };

  const sim = defineReceiver({
    type: 'sim',
    options: z.strictObject({ from: z.string(), size: z.int().default(2), fail: z.boolean().default(false) }),
    create: (context, { from, size, fail }) => {
      if (fail) throw new Error(`no ${from} today`);
      const origin = { receiver: context.name, type: 'sim', site: 's', tenant: from, feed: '' };
      const close = open(`sim ${context.name}`);
      context.http({ origin: `https://${from}.example` });
      const source = {
        origin,
        start: () => 0,
        restore: Number,
        low: () => 0,
        pull: async (at: number) => {
          const now = clock.now();
          const records = log(from)
            .slice(at, at + size)
            .map((id): AuditRecord => ({ id, time: [now / 1000, 0], observed: [now / 1000, 0], origin, raw: id }));
          const position = at + records.length;
          return { records, position, more: position < log(from).length, date: now };
        },
      };
      return { ...poll(source, MINUTE, context), close };
    },
  });
  const pass = defineProcessor({
    type: 'pass',
    options: z.strictObject({ note: z.string().default(''), by: z.custom<() => void>().optional() }),
    create: ({ name }) => ({ process: records => ({ records }), close: open(`pass ${name}`) }),
  });
  const out = defineExporter({
    type: 'out',
    options: z.strictObject({ to: z.string(), by: z.custom<() => void>().optional() }),
    create: ({ name }, { to }) => ({
      export: async (records, signal) => {
        await sink(to, records, signal);
        (got.get(to) ?? got.set(to, []).get(to)!).push(...records.map(record => record.id));
        return {};
      },
      close: open(`out ${name}`),
    }),
  });

  return {
    clock,
    story,
    /** A client of `https://FROM.example`: it says when it was closed. */
    http: ({ origin }: HttpSettings, _told?: unknown, gone?: AbortSignal): Fetch => {
      gone?.addEventListener('abort', () => story.push(`disconnect ${origin}`), { once: true });
      return () => Promise.reject(new Error('nothing is asked here'));
    },
    sim,
    pass,
    out,
    /** The vendor has more. */
    happen: (from: string, ...ids: readonly string[]) => void log(from).push(...ids),
    /** What arrived there, in order. */
    at: (to: string): readonly string[] => got.get(to) ?? [],
  };
};

/** A config of one pipeline with all of these; or of the pipelines that it names. */
export const planOf = async (config: {
  readonly receivers: Readonly<Record<string, Spec<'receiver'>>>;
  readonly processors?: Readonly<Record<string, Spec<'processor'>>>;
  readonly exporters: Readonly<Record<string, Spec<'exporter'>>>;
  readonly pipelines?: Readonly<Record<string, PipelineConfig>>;
}): Promise<Plan> => {
  const p = {
    receivers: Object.keys(config.receivers),
    processors: Object.keys(config.processors ?? {}),
    exporters: Object.keys(config.exporters),
  };
  const whole = { pipelines: { p }, ...config } as unknown as AnyConfig; // names are its own
  const { options, problems } = await check(whole);
  expect(problems.filter(({ level }) => level === 'error')).toEqual([]);
  return plan(whole, place => options.get(place));
};

/** The engine on a first plan. @param lines what it logs */
export const begin = (
  { clock, http }: World,
  store: Store,
  first: Plan,
  options: EngineOptions = {},
  lines: string[] = [],
): Promise<Engine> => {
  const tell = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return startEngine(first, { store, clock, log: { info: tell, warn: tell, error: tell }, http, folder: '/' }, options);
};
