// What became of a batch, counted by the engine and not by components: authors cannot forget.
import type { Exported } from '../component.ts';
import type { AuditRecord, Batch } from '../model.ts';
import type { Handed } from './fate.ts';
import type { Handle } from './handle.ts';

/** One processor's share in a delivery. */
export interface Step {
  readonly name: string;
  readonly type: string;
  /** It drops what was delivered before. */
  readonly remembers?: boolean;
  readonly incoming: readonly AuditRecord[];
  readonly outgoing: readonly AuditRecord[];
  readonly dead: readonly AuditRecord[];
}

/** A batch that is safe: what was read, and what became of it on each route and at each exporter. */
export interface Delivery {
  readonly batch: Batch;
  readonly routes: readonly {
    readonly pipeline: string;
    readonly steps: readonly Step[];
    readonly records: readonly AuditRecord[];
    /** The names of those to whom the records went. */
    readonly exporters: readonly string[];
  }[];
  readonly exporters: readonly {
    readonly name: string;
    readonly records: readonly AuditRecord[];
    readonly refused: number;
    /** They wait in its queue, and are not sent yet. */
    readonly queued: boolean;
    readonly took: Took;
  }[];
}

/** When an exporter was handed something, and when it had taken it; ms since the epoch. */
export interface Took {
  readonly from: number;
  readonly to: number;
}

interface Processed {
  readonly route: { readonly pipeline: string; readonly exporters: readonly Handle[] };
  readonly steps: readonly Step[];
  readonly records: readonly AuditRecord[];
}

interface Share {
  readonly handle: Handle;
  readonly handed: readonly Handed[];
  readonly exported: Exported;
  readonly took: Took;
}

export const account = (batch: Batch, processed: readonly Processed[], shares: readonly Share[]): Delivery => ({
  batch,
  routes: processed.map(({ route, steps, records }) => ({
    pipeline: route.pipeline,
    steps,
    records,
    exporters: route.exporters.map(handle => handle.name),
  })),
  exporters: shares.map(({ handle, handed, exported, took }) => ({
    name: handle.name,
    records: handed.flatMap(one => one.records),
    queued: handle.queued ?? false,
    took,
    refused: (exported.refused ?? []).reduce((sum, r) => sum + (r.count ?? r.records.length), 0),
  })),
});
