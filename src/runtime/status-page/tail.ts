// What passes, for eyes: one short copy of the latest records that all readers share. It is filled whether they keep up or
// not; each reads on from where it stands, and is told how many it missed. So nobody who looks can hold up a lane.
import type { AuditRecord } from '../../model.ts';
import type { Delivery } from '../account.ts';
import { createBell } from '../bell.ts';
import type { Observer } from '../telemetry/observer.ts';

export interface Passed {
  readonly receiver: string;
  readonly record: AuditRecord;
}

export interface Tail {
  readonly observer: Observer;
  /** Begins to read, some records back where they are still there. Nothing while too many read already. */
  open(back: number): TailReader | undefined;
}

export interface TailReader {
  /** The next records, at most so many and maybe none; and how many were missed before them. */
  next(most: number): { readonly passed: readonly Passed[]; readonly missed: number };
  /** Resolves when there are more. */
  more(): Promise<void>;
  close(): void;
}

/** How many records are kept while somebody reads, and for the next one to come. */
const KEPT = { read: 1000, idle: 25 };

/** How many may read at the same time. */
const MOST_READERS = 8;

export const createTail = (): Tail => {
  const bell = createBell();
  let kept: readonly Passed[] = [];
  let end = 0; // how many there have been
  let readers = 0;

  const add = (receiver: string, delivery: Delivery) => {
    const records = recordsOf(delivery);
    if (records.length === 0) return;
    const most = readers > 0 ? KEPT.read : KEPT.idle;
    end += records.length;
    kept = [...kept, ...records.slice(-most).map(record => ({ receiver, record }))].slice(-most);
    bell.ring();
  };

  return {
    observer: { delivered: add },
    open: back => {
      if (readers >= MOST_READERS) return undefined;
      readers++;
      let at = end - Math.min(back, kept.length);
      let open = true;
      return {
        next: most => {
          const oldest = end - kept.length;
          const from = Math.max(at, oldest);
          const passed = kept.slice(from - oldest, from - oldest + most);
          const missed = from - at;
          at = from + passed.length;
          return { passed, missed };
        },
        more: async () => {
          while (at === end) await bell.next();
        },
        close: () => {
          if (open) readers--;
          open = false;
        },
      };
    },
  };
};

/** What left the routes, each once: where several routes make the same of a record, it is the same record. */
const recordsOf = ({ routes }: Delivery): readonly AuditRecord[] => {
  const [first, ...others] = routes;
  if (!first || others.length === 0) return first?.records ?? [];
  const byId = new Map<string, AuditRecord>();
  for (const record of routes.flatMap(route => route.records)) {
    const key = `${record.part ?? 0} ${record.id}`;
    const known = byId.get(key);
    if (!known || (!known.event && record.event)) byId.set(key, record);
  }
  return [...byId.values()];
};
