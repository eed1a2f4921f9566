// How a vendor's records read in OCSF: what a mapping is given, and what it says.
import type { AuditRecord, HrTime, Json, JsonObject, Origin } from './model.ts';

/** A pure reading of records; what it does not know is never an error, but drift. */
export interface Mapping {
  /** What every event says of its source. */
  describe(origin: Origin): Source;
  /** One record's events, at least one; several where the vendor packed several into one. */
  read(record: AuditRecord, options: ReadOptions): readonly Draft[];
}

export interface ReadOptions {
  /** Whether sub-events become events of their own. */
  readonly fanout: boolean;
  /** What the user says of types that have no row, each by the name it has in `unknown`: it reads like the other one. */
  readonly types?: ReadonlyMap<string, string> | undefined;
}

/** Becomes `metadata.product`, `log_provider`, `log_name`, `log_format`, `log_version`, `log_source`, `tenant_uid`. */
export interface Source {
  readonly product: {
    readonly name: string;
    readonly vendor_name: string;
    readonly feature?: { readonly name: string };
  };
  readonly provider: string;
  readonly log: string;
  readonly format: 'JSON' | 'CSV';
  readonly version?: string;
  /** Host and path, or file name; no query, no credentials. */
  readonly address: string;
  readonly tenant?: string | undefined;
}

/**
 * What a mapping says of one event. `normalize` adds all that follows from it: captions, `type_uid`, `category_uid`,
 * `time`, the common metadata, raw data, observables.
 */
export interface Draft {
  readonly class_uid: number;
  readonly activity_id: number;
  /** The vendor's own word; only needed for activity 99. */
  readonly activity_name?: string;
  /** 1 when absent. */
  readonly severity_id?: number;
  readonly status_id: number;
  readonly message?: string | undefined;
  /** `event_code`, `original_time` and whatever else is the vendor's. */
  readonly metadata: JsonObject;
  /** The attributes of the class. `undefined` is left out. */
  readonly attributes: { readonly [name: string]: Json | undefined };
  /** What of the record no attribute holds. */
  readonly unmapped?: JsonObject;
  /** The event type that has no row in the table. */
  readonly unknown?: string;
}

/** How records read that did not come through the receiver: a person has them at hand, to look at the mapping. */
export interface AtHand {
  /** `site` of the origin, as the vendor's own address. */
  readonly site: string;
  /** Each `feed` that an origin may have; absent where there is just one. */
  readonly feeds?: readonly string[];
  /** The record that the receiver would have made of the vendor's words. Never throws. */
  record(raw: Json, observed: HrTime, origin: Origin): AuditRecord;
}
