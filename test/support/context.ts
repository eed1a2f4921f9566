// What a component is given, without an engine: a virtual clock, state in memory, a log that can be read.
import type { Context, Fetch, ReceiverContext } from '../../src/component.ts';
import type { Fault } from '../../src/fault.ts';
import type { Json, Write } from '../../src/model.ts';
import { identify } from '../../src/model.ts';
import { type VirtualClock, virtualClock } from './clock.ts';

export interface TestContext extends ReceiverContext {
  readonly clock: VirtualClock;
  /** Every line that was logged. */
  readonly lines: { level: string; fields: object; message: string }[];
  readonly faults: { fault: Fault; wait: number }[];
  /** How often the receiver said that the vendor has no more. */
  rests: number;
  /** Makes writes true, as a commit does. */
  commit(writes: readonly Write[]): void;
  readonly controller: AbortController;
}

export interface TestContextOptions {
  readonly name?: string;
  readonly clock?: VirtualClock;
  readonly fetch?: Fetch;
  readonly folder?: string;
  readonly mapping?: Context['mapping'];
}

export const testContext = (options: TestContextOptions = {}): TestContext => {
  const clock = options.clock ?? virtualClock();
  const entries = new Map<string, Json>();
  const marks = new Set<string>();
  const positions = new Map<string, { value: Json; count: number }>();
  const lines: TestContext['lines'] = [];
  const faults: TestContext['faults'] = [];
  const controller = new AbortController();
  const log = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const context: TestContext = {
    name: options.name ?? 'test',
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    clock,
    state: {
      get: async <T extends Json>(key: string) => entries.get(key) as T | undefined,
      known: async ids => new Set(ids.filter(id => marks.has(id))),
      set: (key, value) => ({ kind: 'set', space: 'test', key, value }),
      mark: (ids, remember) => ({ kind: 'mark', space: 'test', ids, remember }),
    },
    http: () => options.fetch ?? (() => Promise.reject(new Error('this test has no network'))),
    mapping: options.mapping ?? (() => undefined),
    folder: options.folder ?? process.cwd(),
    signal: controller.signal,
    controller,
    position: async <P extends Json>(origin: Parameters<typeof identify>[0]) =>
      positions.get(identify(origin)) as { value: P; count: number } | undefined,
    report: (fault, wait) => void faults.push({ fault, wait }),
    rest: () => void context.rests++,
    rests: 0,
    lines,
    faults,
    commit: writes => {
      for (const w of writes) {
        if (w.kind === 'set') {
          if (w.value === null) entries.delete(w.key);
          else entries.set(w.key, w.value);
        }
        if (w.kind === 'mark') for (const id of w.ids) marks.add(id);
        if (w.kind === 'move') positions.set(w.identity, { value: w.move.position, count: w.move.after + 1 });
      }
    },
  };
  return context;
};
