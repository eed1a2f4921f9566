// What a component is, what it is given, and how one is defined. Everything here is a contract: read it before writing
// a receiver, a processor or an exporter.
import type { Observable } from 'rxjs';
import type { Fetch, HttpSettings } from './call.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { Explanation } from './explanation.ts';
import type { Fault } from './fault.ts';
import type { AtHand, Mapping } from './mapping.ts';
import type { AuditRecord, Emission, Json, Origin, Write } from './model.ts';
import type { InferInput, InferOutput, StandardSchema } from './standard-schema.ts';
import type { Starter } from './starter.ts';
import { caller, definer } from './where.ts';

export type * from './call.ts';
export type * from './diagnosis.ts';
export type * from './explanation.ts';
export type * from './standard-schema.ts';
export type * from './starter.ts';

// ---- The three kinds ----

export interface Receiver {
  /** Cold. Subscribing reads the committed position and starts there; unsubscribing stops at once. */
  readonly emissions: Observable<Emission>;
  /** Everything but the name: what the position and the marks of this receiver are kept under. */
  readonly origin: Origin;
  /** How its positions are judged, and moved by hand; without it they are only shown. */
  readonly positions?: Positions | undefined;
  /** Asks once, to see whether reading works; takes nothing and moves nothing. Throws Faults: for `tributary doctor`. */
  probe?(signal: AbortSignal): Promise<readonly Diagnosis[]>;
  /** Called once, after the last unsubscription. */
  close?(): Promise<void>;
}

/** What a receiver knows of its own positions, running or not: for `tributary state` and `explain`. Moves nothing. */
export interface Positions {
  /** What is stored, as a position of its own; throws E_POSITION when it is none. */
  restore(stored: Json): Json;
  /** Nothing that happened before this is read again from there; ms since the epoch. */
  low(position: Json): number;
  /** Where to stand to read again what is not before `to`, ms since the epoch; nothing when that is yet to be read anyway. */
  rewind?(position: Json, to: number): Json | undefined;
  /** What is done next, and why; nothing is asked. @param stored nothing before the first start @param now ms since the epoch */
  explain?(stored: Json | undefined, now: number): Promise<Explanation>;
  /** How far each reading reaches back over the last one, in ms; absent where none does. */
  readonly overlap?: number | undefined;
  /** Where to stand to compare what was delivered since `to`: never stored, nothing is tidied. As `rewind` when absent. */
  review?(position: Json, to: number): Json | undefined;
  /** What happened before this was read once, as far as it was shown; ms since the epoch. As `low` when absent. */
  reached?(position: Json): number;
}

export interface Processor {
  /**
   * Records in, records out, in order; none is fine. Called for one batch at a time, and again with a part of it if it
   * throws: a record that makes it throw alone becomes a dead letter. A thrown Fault means that the records are not at
   * fault, and the whole batch is tried again.
   */
  process(records: readonly AuditRecord[]): Processed | Promise<Processed>;
  close?(): Promise<void>;
}

export interface Processed {
  readonly records: readonly AuditRecord[];
  /** To be committed with the delivery. */
  readonly writes?: readonly Write[];
}

export interface Exporter {
  /**
   * Resolves when the destination has taken responsibility for every record but the refused. Throws a Fault: transient
   * and denied are tried again with the same records, rejected is halved down to the one record that is at fault.
   * Several calls may be under way at once, for records of different receivers. Stops promptly when the signal aborts.
   */
  export(records: readonly AuditRecord[], signal: AbortSignal): Promise<Exported>;
  /** How much it likes best in one call, where it has the choice: behind a queue. 1,000 records, 4 MiB when absent. */
  readonly best?: { readonly records: number; readonly bytes: number };
  /**
   * Looks whether the destination would take records; for `tributary doctor`. With a record, that is handed over as well,
   * where it belongs to no delivery and harms none. Changes nothing else. Throws Faults.
   */
  probe?(signal: AbortSignal, marked?: AuditRecord): Promise<readonly Diagnosis[]>;
  /** Called once; what is under way has settled before. */
  close?(): Promise<void>;
}

export interface Exported {
  /** To be committed with the delivery. */
  readonly writes?: readonly Write[];
  /** These become dead letters. */
  readonly refused?: readonly Refusal[];
  /** Called once, after the commit or instead of it. */
  release?(committed: boolean): void | Promise<void>;
}

export interface Refusal {
  readonly fault: Fault;
  readonly records: readonly AuditRecord[];
  /** How many of the records were refused, where the sink does not say which. */
  readonly count?: number;
}

// ---- What a component is given ----

/** A component's own space in the state. Reading is direct and in bulk; writing only prepares a Write to be committed. */
export interface State {
  get<T extends Json>(key: string): Promise<T | undefined>;
  /** Which of these ids were marked by a committed delivery. */
  known(ids: readonly string[]): Promise<ReadonlySet<string>>;
  set(key: string, value: Json): Write;
  /** @param remember ms, counted from the receiver's low-water time */
  mark(ids: readonly string[], remember: number): Write;
}

export interface Clock {
  /** ms since the epoch. */
  now(): number;
  /** Rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** One line per state change or fault, never per record. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** All that a component may touch: no environment, no global clock, no global fetch. */
export interface Context {
  /** Its key in the config. */
  readonly name: string;
  readonly log: Logger;
  readonly state: State;
  readonly clock: Clock;
  /** An HTTP client with timeouts, budget, proxy and faults built in; closed with the component. */
  readonly http: (settings: HttpSettings) => Fetch;
  /** How records of a receiver type read in OCSF. */
  readonly mapping: (type: string) => Mapping | undefined;
  /** Relative paths in options are meant from here: the folder of the config. */
  readonly folder: string;
  /** Aborted when the component must be gone. */
  readonly signal: AbortSignal;
}

/** What only a receiver is told and tells. */
export interface ReceiverContext extends Context {
  /** Where it stands, by its identity; nothing before its first commit. */
  position<P extends Json>(origin: Origin): Promise<Position<P> | undefined>;
  /** To be called with each fault that is waited out. */
  report(fault: Fault, wait: number): void;
  /** To be called whenever the vendor has no more for now, after the last commit. */
  rest(): void;
}

export interface Position<P extends Json> {
  readonly value: P;
  readonly count: number;
}

// ---- Specs ----

interface Kinds {
  receiver: { is: Receiver; given: ReceiverContext };
  processor: { is: Processor; given: Context };
  exporter: { is: Exporter; given: Context };
}
export type Kind = keyof Kinds;

/** A component, described. Inert: nothing happens until the engine calls `create`. */
export interface Spec<K extends Kind = Kind> {
  readonly kind: K;
  readonly type: string;
  /** As the user wrote them: compared on reload, printed with secrets hidden. */
  readonly options: unknown;
  readonly schema: StandardSchema;
  /** Receivers only: the vendor's words in OCSF. */
  readonly ocsf?: Mapping | undefined;
  /** Receivers only: for records in a file. */
  readonly atHand?: AtHand | undefined;
  /** What `tributary init` writes of it. */
  readonly starter?: Starter | undefined;
  /** Receivers only: all that it does is asking over `Context.http`, so it can be recorded and changes nothing by reading. */
  readonly http?: true | undefined;
  /** Receivers only: it reads again by design, so a pipeline needs `dedupe`. Exact milliseconds of how far back. */
  readonly repeats?: ((options: unknown) => number) | undefined;
  /** Processors only: it drops what was delivered before, and remembers for so many ms. */
  readonly remembers?: ((options: unknown) => number) | undefined;
  /** Processors only: the receiver types that its options name, by where they stand in them (`types.opal`). */
  readonly speaksOf?: ((options: unknown) => ReadonlyMap<string, string>) | undefined;
  /** File and line at which it was written, for messages. */
  readonly where?: string | undefined;
  /** URL of the file that defines it, where that can be told. */
  readonly home?: string | undefined;
  /** May check, must not seize: files and ports are taken at first use. */
  create(context: Kinds[K]['given'], options: unknown): Kinds[K]['is'];
}

export interface Definition<K extends Kind, S extends StandardSchema> {
  readonly type: string;
  readonly options: S;
  readonly ocsf?: Mapping;
  readonly atHand?: AtHand | undefined;
  readonly starter?: Starter<InferInput<S>> | undefined;
  readonly http?: true;
  repeats?(options: InferOutput<S>): number;
  remembers?(options: InferOutput<S>): number;
  speaksOf?(options: InferOutput<S>): ReadonlyMap<string, string>;
  create(context: Kinds[K]['given'], options: InferOutput<S>): Kinds[K]['is'];
}

/** Options may be left out altogether where each of them may be. */
type Args<S extends StandardSchema> =
  // biome-ignore lint/complexity/noBannedTypes: `{}` is the question: would an empty object do?
  {} extends InferInput<S> ? [options?: InferInput<S>] : [options: InferInput<S>];

const define =
  <K extends Kind>(kind: K) =>
  <S extends StandardSchema>(definition: Definition<K, S>) => {
    const home = definer();
    return (...[options = {}]: Args<S>): Spec<K> => ({
      kind,
      type: definition.type,
      options,
      schema: definition.options,
      ocsf: definition.ocsf,
      atHand: definition.atHand,
      starter: definition.starter as Starter | undefined, // of these options, whatever they are
      http: definition.http,
      // The engine passes what the schema made of the options, and nothing else.
      repeats: definition.repeats as Spec<K>['repeats'],
      remembers: definition.remembers as Spec<K>['remembers'],
      speaksOf: definition.speaksOf as Spec<K>['speaksOf'],
      create: definition.create as Spec<K>['create'],
      where: caller(),
      home,
    });
  };

export const defineReceiver = define('receiver');
export const defineProcessor = define('processor');
export const defineExporter = define('exporter');
