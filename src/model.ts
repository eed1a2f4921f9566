// What travels through the pipeline: data only, all of it JSON (but for the receipt), so that it can be printed,
// compared and stored.
import type { Counts, Portion } from './counts.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** A moment to the nanosecond, as OpenTelemetry writes it. */
export type HrTime = readonly [seconds: number, nanoseconds: number];

/** An event in OCSF, complete. https://schema.ocsf.io/1.8.0 */
export type OcsfEvent = JsonObject;

/** Where a record comes from. Everything but the name (`receiver`) is its identity. */
export interface Origin {
  /** The receiver's name in the config. */
  readonly receiver: string;
  /** The receiver's type: `opal`, `onepassword`. */
  readonly type: string;
  /** The origin of the vendor's API, or the folder that is read. */
  readonly site: string;
  /** The account, organization or namespace at the vendor; empty where the vendor has just one. */
  readonly tenant: string;
  /** Which of the vendor's logs; empty where there is just one. */
  readonly feed: string;
}

/** The identity of a receiver as one text: what its position and its marks are kept under. */
export const identify = ({ type, site, tenant, feed }: Omit<Origin, 'receiver'>): string =>
  [type, site, tenant, feed].map(encodeURIComponent).join(' ');

/** One audit event: the vendor's words, and our reading of them. */
export interface AuditRecord {
  /** The vendor's id, or a digest of the canonical `raw`; stable for ever. */
  readonly id: string;
  /** Index, where one record was made into several. */
  readonly part?: number;
  /** When it happened, by the vendor, to the nanosecond; else `observed`. */
  readonly time: HrTime;
  /** What the vendor did not say, so that we had to. */
  readonly guessed?: 'id' | 'time' | 'both';
  /** When we read it. */
  readonly observed: HrTime;
  readonly origin: Origin;
  /** The vendor's words: never changed, copied or checked by anyone. */
  readonly raw: Json;
  /** Set by `normalize`. */
  readonly event?: OcsfEvent;
  /** What our mapping did not know. Set by `normalize`, counted by the engine. */
  readonly drift?: Drift;
  /** What the user's own processors add. */
  readonly attributes?: JsonObject;
}

/** Why a record was mapped to the fallback: an event type without a row, a mapping that threw, or an invalid result. */
export interface Drift {
  readonly kind: 'type' | 'throws' | 'invalid';
  /** The vendor's event type, or the fault in words. */
  readonly detail: string;
}

/** A state change. It happens if, and only if, everything it is committed with happens. */
export type Write =
  | { readonly kind: 'move'; readonly receiver: string; readonly identity: string; readonly move: Move }
  /** `null` removes the entry. */
  | { readonly kind: 'set'; readonly space: string; readonly key: string; readonly value: Json }
  /** Remembered for `remember` ms, counted from the low-water time of the move that it is committed with. */
  | { readonly kind: 'mark'; readonly space: string; readonly ids: readonly string[]; readonly remember: number }
  /** A row at the end of a queue. It is numbered inside of the commit, for ever. */
  | {
      readonly kind: 'enqueue';
      readonly queue: string;
      readonly records: readonly AuditRecord[];
      /** By which routes they came, for the ledger. */
      readonly portions?: readonly Portion[];
    }
  /** Refused, with all that it is committed with, unless every one of the rows is still there. */
  | { readonly kind: 'dequeue'; readonly queue: string; readonly rows: readonly number[] }
  | {
      readonly kind: 'dead';
      /** Where it could not pass: `exporter/NAME`, or `pipeline/NAME/PROCESSOR`. */
      readonly place: string;
      readonly code: string;
      /** What the sink or the processor said of it, without secrets. */
      readonly reason: string;
      /** How many were refused; differs from the number of records where the sink does not say which. */
      readonly count: number;
      readonly records: readonly AuditRecord[];
    }
  /**
   * A dead letter that is sent again goes, unless one of the others refuses it at its place: then that is counted. Marks
   * that it is committed with are of this date: when its record was read, ms since the epoch.
   */
  | { readonly kind: 'revive'; readonly seq: number; readonly date: number }
  /** Marks that it is committed with are of this date, where no receiver moves; ms since the epoch. Nothing is forgotten. */
  | { readonly kind: 'dated'; readonly date: number }
  /** All that a receiver has is that of another name from now on. Refused where it stands nowhere, or the other does. */
  | {
      readonly kind: 'adopt';
      readonly from: string;
      readonly to: string;
      readonly identity: string;
      /** Why, for the history. */
      readonly reason: string;
    }
  /** What becomes of records with all that it is committed with: for the ledger, staged by the engine alone. */
  | { readonly kind: 'count'; readonly counts: Counts };

/** A step of a receiver. Positions are counted: a step counts only from the one it was read from. */
export interface Move {
  /** The count of the position it was read from; 0 before the first. */
  readonly after: number;
  readonly position: Json;
  /** Nothing that happened before this will be read again; ms since the epoch. */
  readonly low: number;
  /** The vendor's clock when it was read; ms since the epoch. */
  readonly date: number;
}

/** A span of time that the vendor no longer keeps, or not for sure: it was asked for, and may be incomplete. */
export type Gap = {
  /** ms since the epoch */
  readonly from: number;
  /** ms since the epoch */
  readonly to: number;
};

/** Records that travel together, and what becomes true once they are delivered. */
export interface Batch {
  readonly records: readonly AuditRecord[];
  /** A pushing receiver has none. */
  readonly move?: Move;
  /** Whatever else becomes true with it: a file done. */
  readonly writes?: readonly Write[];
  /** History that was asked for and is gone: to be named, never passed over in silence. */
  readonly gap?: Gap;
}

/** Settles once. Delivered: committed, for ever. Abandoned: nothing happened, ask again. */
export class Receipt {
  readonly #outcome = Promise.withResolvers<void>();
  readonly settled: Promise<void> = this.#outcome.promise;

  constructor() {
    this.settled.catch(() => {}); // an unread receipt is not an error
  }

  deliver(): void {
    this.#outcome.resolve();
  }

  abandon(reason: unknown): void {
    this.#outcome.reject(reason);
  }
}

/** What a receiver emits. One receipt is open at a time. */
export interface Emission {
  readonly batch: Batch;
  readonly receipt: Receipt;
}
