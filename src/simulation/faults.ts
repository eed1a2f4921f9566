// Faults that a simulator plays: what to do instead of the answer, and when.
export type FaultScript = readonly FaultRule[];

export interface FaultRule {
  /** Which share of the requests, 0 to 1. */
  readonly rate: number;
  /** Only requests whose path contains this. */
  readonly path?: string;
  /** At most so often. */
  readonly times?: number;
  readonly do:
    | { readonly status: number; readonly retryAfter?: number | string; readonly body?: string }
    | { readonly reset: true }
    | { readonly truncate: true }
    | { readonly hang: number };
}
