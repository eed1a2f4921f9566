// A config becomes lanes: which receiver feeds which routes, with options as their schemas made them. Pure.
import type { Kind, Spec } from '../component.ts';
import type { AnyConfig, PipelineConfig } from '../config.ts';

/** A component of the config with its checked options. */
export interface Part<K extends Kind = Kind> {
  readonly name: string;
  readonly spec: Spec<K>;
  readonly options: unknown;
  /** Exporters only: there is a queue in front of it, which is full from so many bytes on. */
  readonly queue?: QueuePlan | undefined;
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
}

export interface Plan {
  readonly lanes: readonly LanePlan[];
  /** Each exporter that a lane uses, once: it is shared. */
  readonly exporters: readonly Part<'exporter'>[];
}

/** The checked options of a component, by its place in the config: `receivers.opal`. */
export type OptionsOf = (place: string) => unknown;

/** Lanes in the order of the config. References must have been checked: `check` does. */
export const plan = (config: AnyConfig, optionsOf: OptionsOf): Plan => {
  const route = ([pipeline, { processors = [], exporters }]: [string, PipelineConfig]): RoutePlan => ({
    pipeline,
    processors: processors.map(name => part(optionsOf, 'processors', config.processors ?? {}, name)),
    exporters: [...new Set(exporters)].map(name => part(optionsOf, 'exporters', config.exporters, name)),
  });

  const pipelines = Object.entries(config.pipelines);
  const lanes = Object.keys(config.receivers).flatMap((name): LanePlan[] => {
    const routes = pipelines.filter(([, pipeline]) => pipeline.receivers.includes(name)).map(route);
    return routes.length === 0 ? [] : [{ receiver: part(optionsOf, 'receivers', config.receivers, name), routes }];
  });
  const used = new Set(lanes.flatMap(lane => lane.routes.flatMap(r => r.exporters.map(e => e.name))));
  return { lanes, exporters: exportersOf(config, optionsOf, [...used]) };
};

/** Some exporters of a config, by name: each must be in it. */
export const exportersOf = (config: AnyConfig, optionsOf: OptionsOf, names: readonly string[]): Plan['exporters'] =>
  names.map(name => part(optionsOf, 'exporters', config.exporters, name));

const part = <K extends Kind>(
  optionsOf: OptionsOf,
  map: string,
  specs: Readonly<Record<string, Spec<K>>>,
  name: string,
): Part<K> => ({
  name,
  spec: specs[name]!,
  options: optionsOf(`${map}.${name}`),
  queue: optionsOf(`${map}.${name}.queue`) as QueuePlan | undefined, // what `check` made of it
});
