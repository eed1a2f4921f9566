// Dead letters, tried again while nothing else runs: mapped as we map today, given to the step or the sink that refused
// them, and removed in the commit that makes their delivery true. One at a time, so that each is judged by itself.
import type { Exporter } from '../component.ts';
import { Fault } from '../fault.ts';
import { type AuditRecord, identify } from '../model.ts';
import { toMillis } from '../time.ts';
import { contextOf, type Ground, processorSpace } from './context.ts';
import { deliver, type Route, type RouteStep as Step } from './deliver.ts';
import { direct, type Hand, type Handle } from './handle.ts';
import type { Part, Plan, RoutePlan } from './plan.ts';
import type { DeadLetter } from './state/state.ts';

/** What became of a letter. */
export type Fate =
  | { readonly is: 'delivered' }
  /** A processor let nothing of it through, which is right: it was delivered before, or nobody wants it any more. */
  | { readonly is: 'dropped' }
  /** It stays; or another one has taken its place, where it came further than before. */
  | { readonly is: 'refused' }
  /** The config has no such place any more. It stays. */
  | { readonly is: 'homeless'; readonly reason: string };

export interface Resender {
  /** Tries until the sink answers, or the signal aborts. Throws when nothing of it is true. */
  resend(letter: DeadLetter, how: Pick<Hand, 'signal' | 'report'>): Promise<Fate>;
  close(): Promise<void>;
}

/** The steps that a letter had behind it, and what lies before it. */
interface Way {
  readonly pipeline: string;
  readonly behind: readonly Step[];
  readonly ahead: readonly Step[];
  readonly exporters: readonly Handle[];
}

/** @param given a state that is this process's own, and what components are given */
export const createResender = (plan: Plan, given: Omit<Ground, 'mapping' | 'signal'>): Resender => {
  const gone = new AbortController();
  const mappings = new Map(plan.lanes.map(({ receiver: { spec } }) => [spec.type, spec.ocsf]));
  const ground: Ground = { ...given, mapping: type => mappings.get(type), signal: gone.signal };
  const exporters = new Map<string, { exporter: Exporter; handle: Handle }>();
  const steps = new Map<string, readonly Step[]>(); // by pipeline and log

  const handleOf = ({ name, spec, options }: Part<'exporter'>): Handle => {
    const known = exporters.get(name);
    if (known) return known.handle;
    const exporter = spec.create(contextOf(name, `exporter/${name}`, ground), options);
    const made = { exporter, handle: direct(name, exporter) };
    exporters.set(name, made);
    return made.handle;
  };

  const stepsOf = ({ pipeline, processors }: RoutePlan, identity: string): readonly Step[] => {
    const key = `${pipeline} ${identity}`;
    const made =
      steps.get(key) ??
      processors.map(({ name, spec, options }) => ({
        name,
        type: spec.type,
        processor: spec.create(contextOf(name, processorSpace(pipeline, name, identity), ground), options),
        remembers: spec.remembers !== undefined,
      }));
    steps.set(key, made);
    return made;
  };

  const wayOf = ({ place, record }: DeadLetter): Way | string => {
    const reason = homelessAt(plan, place);
    if (reason) return reason;
    const identity = identify(record.origin);
    const [kind, name = '', step] = place.split('/');
    const own = plan.lanes.find(({ receiver }) => receiver.name === record.origin.receiver)?.routes ?? [];
    if (kind === 'exporter') {
      const exporter = plan.exporters.find(part => part.name === name)!; // it has a home
      const routes = own.filter(route => route.exporters.some(part => part.name === name));
      // Where it came by one of several ways, nobody knows which: it is sent as it was.
      const behind = routes.length === 1 ? stepsOf(routes[0]!, identity) : [];
      return { pipeline: routes[0]?.pipeline ?? name, behind, ahead: [], exporters: [handleOf(exporter)] };
    }
    const route = [...own, ...plan.lanes.flatMap(lane => lane.routes)].find(({ pipeline }) => pipeline === name)!;
    const all = stepsOf(route, identity);
    const at = all.findIndex(one => one.name === step);
    return {
      pipeline: name,
      behind: all.slice(0, at),
      ahead: all.slice(at),
      exporters: route.exporters.map(handleOf),
    };
  };

  return {
    resend: async (letter, how) => {
      const way = wayOf(letter);
      if (typeof way === 'string') return { is: 'homeless', reason: way };
      const { seq, record } = letter;
      const route: Route = {
        pipeline: way.pipeline,
        processors: way.ahead.map(step => (step.remembers ? knowing(step, record) : step)),
        exporters: way.exporters,
      };
      const batch = {
        records: await mapAgain(way.behind, record),
        writes: [{ kind: 'revive', seq, date: toMillis(record.observed) } as const],
      };
      const lane = { name: record.origin.receiver, identity: identify(record.origin), routes: [route] };
      const { routes, exporters } = await deliver(batch, lane, { ...how, store: ground.store, clock: ground.clock });
      const dead = routes[0]!.steps.reduce((sum, step) => sum + step.dead.length, 0);
      if (dead + exporters.reduce((sum, { refused }) => sum + refused, 0) > 0) return { is: 'refused' };
      return { is: exporters.length > 0 ? 'delivered' : 'dropped' };
    },

    close: async () => {
      for (const { processor } of [...steps.values()].flat()) await processor.close?.();
      for (const { exporter } of exporters.values()) await exporter.close?.();
      gone.abort();
    },
  };
};

/** Why letters of a place cannot be sent again by a config: it has no such place any more. Nothing where they can. */
export const homelessAt = (plan: Plan, place: string): string | undefined => {
  const [kind, name = '', step] = place.split('/');
  if (kind === 'exporter')
    return plan.exporters.some(part => part.name === name)
      ? undefined
      : `no pipeline of the config has an exporter '${name}'`;
  const route = plan.lanes.flatMap(lane => lane.routes).find(({ pipeline }) => pipeline === name);
  if (!route) return `the config has no pipeline '${name}'`;
  return route.processors.some(part => part.name === step)
    ? undefined
    : `the pipeline '${name}' has no processor '${step}'`;
};

/**
 * The steps that a letter had behind it are taken again from the vendor's words on, so that it is mapped as we map today;
 * what remembers is passed by, because it has judged this record already. If they make nothing of it now, it goes on as it
 * was: they let it through once.
 */
const mapAgain = async (behind: readonly Step[], record: AuditRecord): Promise<readonly AuditRecord[]> => {
  if (behind.length === 0) return [record];
  const { id, time, guessed, observed, origin, raw, part } = record;
  let records: readonly AuditRecord[] = [{ id, time, ...(guessed && { guessed }), observed, origin, raw }];
  try {
    for (const { processor, remembers } of behind)
      if (!remembers && records.length > 0) records = (await processor.process(records)).records;
  } catch (error) {
    if (error instanceof Fault) throw error; // not the record's doing
    return [record];
  }
  const same = records.filter(one => one.part === part);
  return same.length > 0 ? same : [record];
};

/** What remembers knows a record by its id: its other parts were delivered, so for one part it would answer wrongly. */
const knowing = (step: Step, { part }: AuditRecord): Step =>
  part === undefined
    ? step
    : {
        ...step,
        processor: {
          process: async records => ({ records, writes: (await step.processor.process(records)).writes ?? [] }),
        },
      };
