// Creates every component of a plan once, and closes it again: what only creating can find (a folder that is not there, a
// key that is none) is told with everything else that is wrong, and before anything is read.
import type { Context, Kind, Spec } from '../component.ts';
import { describe, Fault } from '../fault.ts';
import type { Problem } from './check.ts';
import { contextOf, type Ground, receiverContextOf } from './context.ts';
import { NOTHING } from './ledger/ledger.ts';
import type { Part, Plan } from './plan.ts';
import type { Store } from './state/state.ts';

export const rehearse = async (
  plan: Plan,
  given: Pick<Ground, 'clock' | 'log' | 'folder'>,
): Promise<readonly Problem[]> => {
  const gone = new AbortController();
  const ground = stage(given, gone.signal);
  const problems: Problem[] = [];
  const once = async <K extends Kind>(
    map: string,
    { name, spec, options }: Part<K>,
    context: Context,
  ): Promise<void> => {
    try {
      // A receiver is given more than this type says: the caller made its context.
      const component = (spec as Spec<'exporter'>).create(context, options);
      await component.close?.();
    } catch (error) {
      const remedy = error instanceof Fault ? ` ${error.remedy}` : '';
      problems.push({
        place: `${map}.${name}`,
        message: `${describe(error)}.${remedy}`,
        level: 'error',
        where: spec.where,
      });
    }
  };

  const processors = new Map(plan.lanes.flatMap(lane => lane.routes.flatMap(r => r.processors.map(p => [p.name, p]))));
  for (const { receiver } of plan.lanes)
    await once('receivers', receiver, receiverContextOf(receiver.name, ground, QUIET));
  for (const part of processors.values()) await once('processors', part, contextOf(part.name, 'rehearsal', ground));
  for (const part of plan.exporters) await once('exporters', part, contextOf(part.name, 'rehearsal', ground));
  gone.abort();
  return problems;
};

/** What components are given that will never run: an empty state, and no network. */
export const stage = (given: Pick<Ground, 'clock' | 'log' | 'folder'>, signal: AbortSignal): Ground => ({
  ...given,
  store: nowhere,
  http: () => unreachable,
  mapping: () => undefined,
  signal,
});

export const QUIET = { report: () => {}, rest: () => {} };

/** A state that is empty and stays so. */
export const nowhere: Store = {
  doubts: [],
  position: async () => undefined,
  positions: async () => [],
  get: async () => undefined,
  known: async () => new Set(),
  deadSince: async () => 0,
  letters: async () => 0,
  deadAt: async () => 0,
  rows: async () => [],
  queues: async () => new Map(),
  reading: async () => NOTHING,
  commit: async () => {
    throw new Error('nothing is committed in a rehearsal');
  },
  note: async () => {},
  waits: async () => [],
  close: async () => {},
};

const unreachable = async () => {
  throw new Error('nothing is asked in a rehearsal');
};
