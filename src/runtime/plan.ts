// A config becomes lanes: which receiver feeds which routes, with options as their schemas made them; and the difference
// of two plans, which is what a reload does. Pure.
import type { Kind, Spec } from '../component.ts';
import type { AnyConfig, PipelineConfig } from '../config.ts';
import { fingerprint } from './reload/fingerprint.ts';

/** A component of the config with its checked options. */
export interface Part<K extends Kind = Kind> {
  readonly name: string;
  readonly spec: Spec<K>;
  readonly options: unknown;
  /** Exporters only: there is a queue in front of it, which is full from so many bytes on. */
  readonly queue?: QueuePlan | undefined;
  /** Equal where two parts are the same; nothing where that cannot be told: then it counts as changed. */
  readonly fingerprint?: string | undefined;
}

export interface QueuePlan {
  readonly limit: number;
}

export interface RoutePlan {
  readonly pipeline: string;
  readonly processors: readonly Part<'processor'>[];
  readonly exporters: readonly Part<'exporter'>[];
}

export interface LanePlan {
  readonly receiver: Part<'receiver'>;
  readonly routes: readonly RoutePlan[];
  /** Of everything that it uses. */
  readonly fingerprint?: string | undefined;
}

export interface Plan {
  readonly lanes: readonly LanePlan[];
  /** Each exporter that a lane uses, once: it is shared. */
  readonly exporters: readonly Part<'exporter'>[];
}

/** The checked options of a component, by its place in the config: `receivers.opal`. */
export type OptionsOf = (place: string) => unknown;

/** Which version of its code a component is made by; nothing where that cannot be told. */
export type CodeOf = (spec: Spec) => string | undefined;

/** Lanes in the order of the config. References must have been checked: `check` does. */
export const plan = (config: AnyConfig, optionsOf: OptionsOf, codeOf: CodeOf = () => ''): Plan => {
  const part = partOf(optionsOf, codeOf);
  const route = ([pipeline, { processors = [], exporters }]: [string, PipelineConfig]): RoutePlan => ({
    pipeline,
    processors: processors.map(name => part('processors', config.processors ?? {}, name)),
    exporters: [...new Set(exporters)].map(name => part('exporters', config.exporters, name)),
  });

  const pipelines = Object.entries(config.pipelines);
  const lanes = Object.keys(config.receivers).flatMap((name): LanePlan[] => {
    const routes = pipelines.filter(([, pipeline]) => pipeline.receivers.includes(name)).map(route);
    return routes.length === 0 ? [] : [laneOf(part('receivers', config.receivers, name), routes)];
  });
  const used = new Set(lanes.flatMap(lane => lane.routes.flatMap(r => r.exporters.map(e => e.name))));
  return { lanes, exporters: [...used].map(name => part('exporters', config.exporters, name)) };
};

/** Some exporters of a config, by name: each must be in it. */
export const exportersOf = (config: AnyConfig, optionsOf: OptionsOf, names: readonly string[]): Plan['exporters'] =>
  names.map(name => partOf(optionsOf, () => '')('exporters', config.exporters, name));

const partOf =
  (optionsOf: OptionsOf, codeOf: CodeOf) =>
  <K extends Kind>(map: string, specs: Readonly<Record<string, Spec<K>>>, name: string): Part<K> => {
    const spec = specs[name]!;
    const queue = optionsOf(`${map}.${name}.queue`) as QueuePlan | undefined; // what `check` made of it
    const code = codeOf(spec);
    return {
      name,
      spec,
      options: optionsOf(`${map}.${name}`),
      queue,
      // As the user wrote the options: what a schema makes of them may hold functions.
      fingerprint:
        code === undefined ? undefined : fingerprint({ name, type: spec.type, code, options: spec.options, queue }),
    };
  };

/** The order of processors has a meaning; that of pipelines, and of exporters, has none. */
const laneOf = (receiver: Part<'receiver'>, routes: readonly RoutePlan[]): LanePlan => {
  const known = (parts: readonly Part[]) => parts.map(part => part.fingerprint ?? INCOMPARABLE);
  const ways = routes.map(({ pipeline, processors, exporters }) => [
    pipeline,
    { processors: known(processors), exporters: known(exporters).toSorted() },
  ]);
  return { receiver, routes, fingerprint: fingerprint([...known([receiver]), Object.fromEntries(ways)]) };
};

const INCOMPARABLE = Symbol('incomparable');

// ---- The difference of two plans ----

/** As much of a plan as can be compared, and kept. */
export interface Outline {
  readonly lanes: readonly {
    readonly receiver: { readonly name: string };
    readonly fingerprint?: string | undefined;
  }[];
}

/** Lanes, by the names of their receivers. What is in `stop` and in `start` is made anew. */
export interface Difference {
  readonly keep: readonly string[];
  readonly stop: readonly string[];
  readonly start: readonly string[];
}

/** Which lanes to keep, to stop and to start. One that cannot be compared is made anew. */
export const difference = (old: Outline, next: Outline): Difference => {
  const before = new Map(old.lanes.map(lane => [lane.receiver.name, lane.fingerprint]));
  const names = next.lanes.map(lane => lane.receiver.name);
  const keep = next.lanes
    .filter(({ receiver, fingerprint }) => fingerprint !== undefined && before.get(receiver.name) === fingerprint)
    .map(({ receiver }) => receiver.name);
  return {
    keep,
    stop: [...before.keys()].filter(name => !keep.includes(name)),
    start: names.filter(name => !keep.includes(name)),
  };
};
