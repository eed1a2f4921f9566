// `pipeline.config.ts` as the compiler sees it. Names are learnt from the three maps and only checked in `pipelines`.
import type { Spec } from './component.ts';
import type { Bytes, Duration, Secret } from './options.ts';

type Named<T> = Readonly<Record<string, T>>;
type Names<T> = Extract<keyof T, string>;

export interface PipelineConfig<R extends string = string, P extends string = string, E extends string = string> {
  readonly receivers: readonly [R, ...R[]];
  /** In this order. */
  readonly processors?: readonly P[];
  readonly exporters: readonly [E, ...E[]];
  /** Records that are read again may pass: there is no `dedupe` here on purpose. */
  readonly repeats?: 'allow';
}

export interface Engine {
  /** Where positions, marks and dead letters are kept. `.tributary` beside the config when absent. */
  readonly state?: StateSpec;
  /** How long a stop may take before what is in hand is given up (and read again at the next start). */
  readonly grace?: Duration;
  /** How many new dead letters a day a lane takes before it holds. */
  readonly deadLetters?: number;
  /** Where `/livez`, `/readyz` and `/metrics` are served: `'127.0.0.1:13133'`. Nowhere when absent. */
  readonly health?: `${string}:${number}`;
  /**
   * Where the status page and its JSON are served while `run` runs; `'127.0.0.1:8686'` when absent, and `false` for nowhere.
   * It only reads, and tells what passes through: keep it on loopback.
   */
  readonly status?: false | `${string}:${number}`;
  /** From which lag on `/readyz` calls a receiver not ready; 15 minutes when absent. */
  readonly lagLimit?: Duration;
  /** Our own metrics, log and traces go to this collector as well. Nowhere when absent. */
  readonly telemetry?: TelemetrySettings;
}

export interface TelemetrySettings {
  /** Its address: `'http://127.0.0.1:4318'`. `/v1/metrics`, `/v1/logs` and `/v1/traces` are added. */
  readonly endpoint: string;
  /** Sent with each request; credentials as secrets. */
  readonly headers?: Readonly<Record<string, string | Secret>>;
  /** How often metrics are pushed; a minute when absent. */
  readonly every?: Duration;
}

export interface Config<R, P, E> {
  readonly receivers: R;
  readonly processors?: P;
  readonly exporters: E;
  readonly pipelines: Named<PipelineConfig<NoInfer<Names<R>>, NoInfer<Names<P>>, NoInfer<Names<E>>>>;
  readonly engine?: Engine;
}

/** Any config, its names forgotten: what the engine works on. */
export type AnyConfig = Config<Named<Spec<'receiver'>>, Named<Spec<'processor'>>, Named<Spec<'exporter'>>>;

export const defineConfig = <
  const R extends Named<Spec<'receiver'>>,
  const E extends Named<Spec<'exporter'>>,
  // biome-ignore lint/complexity/noBannedTypes: no processor defined means that none can be named
  const P extends Named<Spec<'processor'>> = {},
>(
  config: Config<R, P, E>,
): Config<R, P, E> => config;

/** An exporter with a durable queue in front of it. */
export interface Queued extends Spec<'exporter'> {
  readonly queue: {
    /** From which size on it is full, in bytes on disk. What is handed to it waits then; nothing is dropped. */
    readonly limit: Bytes;
  };
}

/**
 * Puts a durable queue in front of an exporter: records become rows of the state, committed with the position, and are
 * sent from there in order. A sink that is down then holds nobody up, until the queue is full.
 */
export const queued = (exporter: Spec<'exporter'> & { readonly queue?: never }, queue: Queued['queue']): Queued => ({
  ...exporter,
  queue,
});

export interface StateSpec {
  readonly kind: 'state';
  readonly type: 'sqlite';
  readonly options: { readonly path: string };
}

/** State in an SQLite database. `path` is a folder: relative to the config, made when absent, for its owner only. */
export const sqlite = (options: { readonly path: string }): StateSpec => ({ kind: 'state', type: 'sqlite', options });
