// The state as a review sees it: receivers stand where it put them, in memory, and their true positions stay where they
// are. What else a delivery commits becomes true, or nothing of it, where the review only looks.
import { Fault } from '../../fault.ts';
import type { Json, Write } from '../../model.ts';
import type { WaitNote } from '../http/budget.ts';
import { NOTHING } from '../ledger/ledger.ts';
import { knownIn, loadMarks } from '../state/marks-sqlite.ts';
import { wholeWaits } from '../state/notes-sqlite.ts';
import { reading } from '../state/sqlite-open.ts';
import type { Store } from '../state/state.ts';
import { readStandings } from '../state/state-tools.ts';

/** Where a review stands with one receiver. */
export interface Place {
  readonly receiver: string;
  readonly identity: string;
  position: { readonly value: Json; readonly count: number };
  /** The review asks for nothing that happened before this any more; ms since the epoch. */
  low: number;
}

/** @param only it looks, and nothing is written */
export const reviewing = (store: Store, places: readonly Place[], { only }: { readonly only: boolean }): Store => {
  const find = (receiver: string, identity: string): Place | undefined =>
    places.find(place => place.receiver === receiver && place.identity === identity);

  return {
    ...store,
    position: async (receiver, identity) =>
      find(receiver, identity)?.position ?? (await store.position(receiver, identity)),
    commit: async (writes, now) => {
      const step = writes.find(write => write.kind === 'move');
      const place = step && find(step.receiver, step.identity);
      if (step && !place) throw new Error(`${step.receiver} is not reviewed, and would move`); // a defect of ours
      if (step && place && step.move.after !== place.position.count)
        throw new Fault('E_COMMIT_STALE', `${step.receiver} stands elsewhere in this review`);
      const others = writes.filter(write => write !== step);
      const all: readonly Write[] = step ? [{ kind: 'dated', date: step.move.date }, ...others] : others;
      if (others.length > 0 && !only) await store.commit(all.map(ofWhatIsMissing), now);
      if (step && place) {
        place.position = { value: step.move.position, count: step.move.after + 1 };
        place.low = step.move.low;
      }
    },
    note: async (notes, now) => {
      if (!only) await store.note(notes, now);
    },
  };
};

/** The ledger is told of the requests, and of what is missing; that the rest was read again is nobody's fate. */
const ofWhatIsMissing = (write: Write): Write => {
  if (write.kind !== 'count') return write;
  const { received, fates, dead } = write.counts;
  const missing = fates.map(({ fetched = 0, duplicate = 0, ...rest }) => ({ ...rest, fetched: fetched - duplicate }));
  const fetched = Math.max(0, ...missing.map(one => one.fetched));
  return {
    kind: 'count',
    counts: { ...(received && { received: { ...received, fetched, lateness: [] } }), fates: missing, dead },
  };
};

/** The version of the state that brought the waits. */
const WAITS = 5;

/** Until when vendors may not be asked, beside whoever runs. Throws as `snapshot` does. */
export const readWaits = (folder: string): readonly WaitNote[] =>
  reading(folder, WAITS, [], db => wholeWaits(db.prepare('select * from waits').all()));

/** The state as it is now, beside whoever runs on it: to be read only. Throws E_STATE_NEWER, _CORRUPT, _OPEN. */
export const snapshot = (folder: string): Store => {
  const { marks } = reading(folder, 1, { marks: new Map(), damaged: new Set<string>() }, loadMarks);
  const row = (query: string, ...values: readonly string[]) =>
    reading(folder, 1, undefined, db => db.prepare(query).get(...values));
  return {
    doubts: [],
    position: async (receiver, identity) => {
      const found = row('select count, value from positions where receiver = ? and identity = ?', receiver, identity);
      return found && { count: Number(found.count), value: JSON.parse(String(found.value)) as Json };
    },
    positions: async () =>
      readStandings(folder).positions.map(({ value, ...row }) => ({ ...row, value: JSON.parse(value) as Json })),
    get: async (space, key) => {
      const found = row('select value from entries where space = ? and key = ?', space, key);
      return found && (JSON.parse(String(found.value)) as Json);
    },
    known: async (space, ids) => knownIn(marks.get(space), ids),
    deadSince: async () => 0,
    deadAt: async () => 0,
    letters: async () => 0,
    rows: async () => [],
    queues: async () => new Map(),
    reading: async () => NOTHING,
    waits: async () => readWaits(folder),
    commit: async (writes: readonly Write[]) => {
      throw new Error(`a snapshot is not written to: ${writes.map(({ kind }) => kind).join(', ')}`);
    },
    note: async () => {},
    close: async () => {},
  };
};
