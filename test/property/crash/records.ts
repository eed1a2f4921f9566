// What went where in one history: what a sink saw, what it may have seen twice, and what it was refused.
import assert from 'node:assert/strict';
import type { AuditRecord } from '../../../src/model.ts';
import type { Happening } from './vendor.ts';

/** The route that a record took, and which part of which event it is. */
export const keyOf = (record: AuditRecord): string =>
  `${String(record.attributes?.route)} ${record.id} ${record.part ?? 0}`;

export const bump = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** The ledger of the sink: it lives through all crashes of the program. */
export interface Sink {
  readonly arrived: Map<string, number>;
  /** How often a record may have been repeated: once for each time that it was in flight and its fate unknown. */
  readonly allowed: Map<string, number>;
  /** Sent, and not yet committed. */
  readonly inFlight: Set<string>;
  forgive(): void;
}

export const sinkRecords = (): Sink => {
  const sink: Sink = {
    arrived: new Map(),
    allowed: new Map(),
    inFlight: new Set(),
    forgive: () => {
      for (const key of sink.inFlight) bump(sink.allowed, key);
      sink.inFlight.clear();
    },
  };
  return sink;
};

/** The disk of the file exporter: it lives through all crashes, too. */
export interface Files {
  readonly now: Map<string, Buffer>;
  /** As they were when they were finished: they may not change again. */
  readonly finished: Map<string, Buffer>;
}

/** How often each key stands in the files. */
export const inFiles = ({ now, finished }: Files): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const [path, bytes] of finished) assert(now.get(path)?.equals(bytes), `the finished file ${path} changed`);
  for (const [path, bytes] of now) {
    assert(!path.endsWith('.unknown'), `${path}: the state was never lost, so nothing may be unknown to it`);
    for (const line of bytes.toString().split('\n').filter(Boolean))
      bump(counts, (JSON.parse(line) as { key: string }).key);
  }
  return counts;
};

/** Everything that must come out, with the event that it is of; poisoned ones as `dead ROUTE ID`. */
export const expected = (happenings: readonly Happening[], routes: readonly string[]): Map<string, Happening> => {
  const keys = new Map<string, Happening>();
  for (const e of happenings)
    for (const route of routes) {
      if (e.poison) keys.set(`dead ${route} ${e.id}`, e);
      else for (let part = 0; part < Math.max(1, e.parts); part++) keys.set(`${route} ${e.id} ${part}`, e);
    }
  return keys;
};
