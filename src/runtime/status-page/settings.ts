// The running config as the status page shows it: as it was written, with secrets by their references and functions as
// such, so that nothing secret can be on the page.
import type { Spec } from '../../component.ts';
import type { AnyConfig, PipelineConfig } from '../../config.ts';
import { isObject, put } from '../../json.ts';
import type { Json } from '../../model.ts';
import { isSecret } from '../../options.ts';

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
  readonly pipelines: Readonly<Record<string, Json>>;
  readonly engine: Json;
}

export const settingsOf = ({ receivers, processors = {}, exporters, pipelines, engine = {} }: AnyConfig): Settings => ({
  receivers: parts(receivers),
  processors: parts(processors),
  exporters: parts(exporters),
  pipelines: Object.fromEntries(Object.entries(pipelines).map(([name, own]) => [name, shown(pipelineOf(own))])),
  engine: shown({ ...engine, ...(engine.state && { state: `sqlite(${JSON.stringify(engine.state.options)})` }) }),
});

const parts = (specs: Readonly<Record<string, Spec>>): readonly PartSettings[] =>
  Object.entries(specs).map(([name, spec]) => ({
    name,
    type: spec.type,
    ...(spec.where !== undefined && { where: spec.where }),
    options: shown(spec.options),
    ...('queue' in spec && { queue: shown(spec.queue) }),
  }));

const pipelineOf = ({ receivers, processors = [], exporters, repeats }: PipelineConfig) => ({
  receivers,
  processors,
  exporters,
  repeats,
});

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
