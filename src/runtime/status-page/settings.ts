// The running config as the status page shows it: as it was written, with secrets by their references and functions as
// such, so that nothing secret can be on the page.
import type { Engine } from '../../config.ts';
import { isObject, put } from '../../json.ts';
import type { Json } from '../../model.ts';
import { isSecret } from '../../options.ts';
import type { Part, Plan } from '../plan.ts';

export interface PartSettings {
  readonly name: string;
  readonly type: string;
  /** File and line. */
  readonly where?: string;
  /** As they were written; what has a default and was left out is not there. */
  readonly options: Json;
  /** Exporters only: the queue in front of it. */
  readonly queue?: Json;
}

export interface Settings {
  readonly receivers: readonly PartSettings[];
  readonly processors: readonly PartSettings[];
  readonly exporters: readonly PartSettings[];
  readonly pipelines: readonly PipelineSettings[];
  readonly engine: Json;
}

export interface PipelineSettings {
  readonly name: string;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/** What runs: a component that no pipeline uses is not there. */
export const settingsOf = (
  plan: Plan,
  engine: { readonly [K in keyof Engine]?: Engine[K] | undefined } = {},
): Settings => {
  const pipelines = pipelinesOf(plan);
  const processors = pipelines.flatMap(({ processors: own }) => own);
  return {
    receivers: plan.lanes.map(({ receiver }) => partOf(receiver)),
    processors: [...new Map(processors.map(part => [part.name, partOf(part)])).values()],
    exporters: plan.exporters.map(partOf),
    pipelines: pipelines.map(one => ({ ...one, processors: one.processors.map(({ name }) => name) })),
    engine: shown({ ...engine, ...(engine.state && { state: `sqlite(${JSON.stringify(engine.state.options)})` }) }),
  };
};

const partOf = ({ name, spec }: Part): PartSettings => ({
  name,
  type: spec.type,
  ...(spec.where !== undefined && { where: spec.where }),
  options: shown(spec.options),
  ...('queue' in spec && { queue: shown(spec.queue) }),
});

/** The pipelines of a plan, each with all the receivers that feed it. */
export const pipelinesOf = ({ lanes }: Plan) => {
  const routes = lanes.flatMap(({ receiver, routes: own }) =>
    own.map(route => ({ receiver: receiver.name, ...route })),
  );
  return [...Map.groupBy(routes, ({ pipeline }) => pipeline)].map(([name, own]) => ({
    name,
    receivers: own.map(({ receiver }) => receiver),
    processors: own[0]!.processors,
    exporters: own[0]!.exporters.map(exporter => exporter.name),
  }));
};

const DEEPEST = 8;
const MOST = 100; // entries of one list or object
const LONGEST = 500; // characters of one text

/** Any value of a config, as JSON that may be looked at. */
export const shown = (value: unknown, depth = 0): Json => {
  if (isSecret(value)) return `[secret ${value.reference}]`;
  if (typeof value === 'function') return value.name ? `[function ${value.name}]` : '[function]';
  if (typeof value === 'string') return text(value);
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object') return String(value);
  if (depth >= DEEPEST) return '…';
  if (Array.isArray(value)) {
    const rest = value.length - MOST;
    return [...value.slice(0, MOST).map(item => shown(item, depth + 1)), ...(rest > 0 ? [`… ${rest} more`] : [])];
  }
  return isPlain(value) ? fields(value, depth) : text(String(value));
};

const fields = (value: object, depth: number): Json => {
  const made: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value).slice(0, MOST))
    if (inner !== undefined) put(made, key, shown(inner, depth + 1));
  return made;
};

/** Not a date, a pattern, a map or anything else that is more than its fields. */
const isPlain = (value: object): boolean =>
  isObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value));

/** Cut, and without the user and password that an address may carry. */
const text = (value: string): string => {
  const plain = value.replace(/\/\/[^/?#\s]*@/g, '//[hidden]@');
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain;
};
