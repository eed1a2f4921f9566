// A review: vendors are asked once more for a span of their history, and what they show is held against what was
// delivered. It is an ordinary run of the engine, but its receivers stand where the review puts them, and only what is
// missing goes on. Here: what can be reviewed, and the plan of it.
import { describe, Fault } from '../../fault.ts';
import type { Json } from '../../model.ts';
import { DAY } from '../../options.ts';
import type { Inspected } from '../inspect.ts';
import type { LanePlan, Part, Plan, RoutePlan } from '../plan.ts';
import { BEGAN, HIGHEST, type PositionRow } from '../state/position-sqlite.ts';
import { notedOf, type Standings } from '../state/state-tools.ts';
import { type Case, judged } from './review-judge.ts';
import type { Place } from './review-store.ts';

/** One receiver under review. */
export interface Reviewed {
  readonly place: Place;
  readonly cases: readonly Case[];
}

/** A receiver, or one of its pipelines, that is not reviewed. */
export interface Passed {
  readonly receiver: string;
  readonly pipeline?: string;
  readonly why: string;
  /** It should have been: nobody knows whether something is missing. */
  readonly failed: boolean;
}

export interface Review {
  readonly plan: Plan;
  readonly reviewed: ReadonlyMap<string, Reviewed>;
  readonly passed: readonly Passed[];
}

export interface Asked {
  /** ms since the epoch */
  readonly since: number;
  /** It looks, and changes nothing: no exporter is even created. */
  readonly only: boolean;
  /** Dead letters: where, of which log, which id. */
  readonly letters: readonly { readonly place: string; readonly identity: string; readonly id: string }[];
}

/** @param receivers those of the plan, as far as they could be created */
export const reviewOf = (plan: Plan, receivers: readonly Inspected[], state: Standings, asked: Asked): Review => {
  const reviewed = new Map<string, Reviewed>();
  const passed: Passed[] = [];
  const lanes = plan.lanes.flatMap((lane): LanePlan[] => {
    const receiver = lane.receiver.name;
    const pass = (why: string, more: { pipeline?: string; failed?: boolean } = {}): LanePlan[] => {
      passed.push({ receiver, failed: false, ...more, why });
      return [];
    };
    const found = receivers.find(({ name }) => name === receiver);
    if (found?.identity === undefined) return pass(`cannot be created: ${found?.problem}`, { failed: true });
    const { identity, positions } = found;

    const remembered = found.routes.flatMap(({ pipeline, by }) => (by ? [{ pipeline, by }] : []));
    for (const { pipeline, by } of found.routes)
      if (!by) pass('has no dedupe, so what it delivered is not known', { pipeline, failed: remembered.length === 0 });
    if (remembered.length === 0) return [];

    const row = state.positions.find(each => each.receiver === receiver && each.identity === identity);
    if (!row) return pass('has no position yet: all of its log is yet to be read');
    const since = Math.max(asked.since, notedOf(state, BEGAN, row) ?? asked.since);
    let start: Json | undefined;
    let front: number;
    try {
      const back = positions?.review ?? positions?.rewind;
      if (!positions || !back)
        return pass('does not know how to go back, so it cannot be asked again', { failed: true });
      const here = positions.restore(JSON.parse(row.value));
      start = back(here, since);
      front = (positions.reached ?? positions.low)(here);
    } catch (error) {
      const remedy = error instanceof Fault ? ` ${error.remedy}` : '';
      return pass(`${describe(error)}.${remedy}`, { failed: true });
    }
    if (start === undefined) return pass('is yet to read that span by itself, or read nothing of it');

    const place: Place = { receiver, identity, position: { value: start, count: 0 }, low: since };
    const cases = remembered.map(({ pipeline, by }): Case => {
      const route = lane.routes.find(each => each.pipeline === pipeline)!; // `inspect` names those of the same config
      return {
        pipeline,
        since,
        processor: by.processor,
        space: by.space,
        horizon: highestOf(state, row) - by.remember + MARGIN,
        front,
        dead: new Set(asked.letters.filter(letter => isOf(letter, route, identity)).map(({ id }) => id)),
        floor: () => place.low,
        verdicts: new Map(),
      };
    });
    reviewed.set(receiver, { place, cases });
    return [{ ...lane, routes: lane.routes.flatMap(route => routeOf(route, cases, asked)) }];
  });
  return { plan: { lanes, exporters: plan.exporters.map(part => exporterOf(part, asked)) }, reviewed, passed };
};

/** Nearer than this to what is forgotten, nothing is delivered: clocks differ, and vendors show things late. */
const MARGIN = DAY;

/** What was read when the low-water time was at most this far behind is remembered. */
const highestOf = (state: Standings, row: PositionRow): number =>
  Math.max(row.low, notedOf(state, HIGHEST, row) ?? row.low);

const isOf = (letter: Asked['letters'][number], { pipeline, exporters }: RoutePlan, identity: string): boolean =>
  letter.identity === identity &&
  (letter.place.startsWith(`pipeline/${pipeline}/`) ||
    exporters.some(({ name }) => letter.place === `exporter/${name}`));

const routeOf = (route: RoutePlan, cases: readonly Case[], { only }: Asked): RoutePlan[] => {
  const given = cases.find(({ pipeline }) => pipeline === route.pipeline);
  if (!given) return [];
  const processors = route.processors.map(part =>
    part.name === given.processor ? judged(part, given, { only }) : part,
  );
  return [{ ...route, processors, exporters: route.exporters.map(part => exporterOf(part, { only })) }];
};

/** Where nothing may change, nothing comes to an exporter, and none is created. */
const exporterOf = (part: Part<'exporter'>, { only }: Pick<Asked, 'only'>): Part<'exporter'> =>
  only ? { ...part, queue: undefined, spec: { ...part.spec, create: () => nobody } } : part;

const nobody = {
  export: async () => {
    throw new Error('nothing is exported while it is only looked'); // a defect of ours
  },
};
