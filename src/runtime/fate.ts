// What became of records, looked at anew for every delivery from what really went where, and in records of the vendor: what
// one of them was made into is one again. fetched = duplicate + filtered + delivered + dead + pending.
import type { Refusal } from '../component.ts';
import type { Account, Counts, Dead, Fates } from '../counts.ts';
import { type AuditRecord, type Batch, identify } from '../model.ts';
import type { Delivery, Step } from './account.ts';

// ---- On the way of a batch ----

/** How many records of the vendor, by their ids. */
export type Tally = ReadonlyMap<string, number>;

/** What one route hands to an exporter. */
export interface Handed {
  readonly receiver: string;
  readonly pipeline: string;
  readonly records: readonly AuditRecord[];
  /** What goes on although it counts already: a part of a record of which another part is dead. */
  readonly surplus: Tally;
}

/** Where nobody asks by which route they came. */
export const unrouted = (records: readonly AuditRecord[]): Handed => ({
  receiver: '',
  pipeline: '',
  records,
  surplus: new Map(),
});

/** What became of a batch before the exporters of a route. */
export interface Trace {
  readonly fetched: number;
  readonly duplicate: number;
  readonly filtered: number;
  readonly dead: readonly Omit<Dead, keyof Account>[];
  readonly surplus: Tally;
}

/** Where one part of a record dies and another goes on, the record counts as dead: it is not all there. */
export const trace = (batch: Pick<Batch, 'records'>, pipeline: string, steps: readonly Step[]): Trace => {
  let surplus = new Map<string, number>();
  let [duplicate, filtered] = [0, 0];
  const dead: Omit<Dead, keyof Account>[] = [];
  for (const { name, remembers, incoming, outgoing, dead: died } of steps) {
    const [entered, left, lost] = [sourcesOf(incoming), sourcesOf(outgoing), sourcesOf(died)];
    const after = new Map<string, number>();
    let dropped = 0;
    for (const [id, all] of entered) {
      const living = all - Math.min(all, surplus.get(id) ?? 0);
      const out = left.get(id) ?? 0;
      const times = Math.min(living, lost.get(id) ?? 0);
      const on = Math.min(living - times, out);
      dropped += living - times - on;
      if (out > on) after.set(id, out - on);
      if (lost.has(id))
        dead.push({ place: `pipeline/${pipeline}/${name}`, ...letterOf(id, died), times, certain: true });
    }
    if (remembers) duplicate += dropped;
    else filtered += dropped;
    surplus = after;
  }
  return { fetched: sum(sourcesOf(batch.records)), duplicate, filtered, dead, surplus };
};

/** What became at an exporter of what routes handed to it. @param reached `pending` where it went into a queue */
export const judge = (
  exporter: string,
  handed: readonly Handed[],
  refusals: readonly Refusal[],
  reached: 'delivered' | 'pending',
): Pick<Counts, 'fates' | 'dead'> => {
  const condemned = condemn(handed, refusals);
  const judged = handed.map(({ receiver, pipeline, records, surplus }, route) => {
    const account: Account = { receiver, pipeline, exporter };
    const all = sourcesOf(records);
    const refused = records.filter(record => condemned.get(record)?.routes.has(route));
    const certain = sourcesOf(refused.filter(record => condemned.get(record)!.certain));
    const dead = [...sourcesOf(refused).keys()].map((id): Dead => {
      const counted = all.get(id)! - Math.min(all.get(id)!, surplus.get(id) ?? 0);
      const times = Math.min(counted, certain.get(id) ?? 0);
      return { ...account, place: `exporter/${exporter}`, ...letterOf(id, refused), times, certain: certain.has(id) };
    });
    const taken = countedOf(all, surplus) - dead.reduce((n, { times }) => n + times, 0);
    return { fates: { ...account, [reached]: taken }, dead };
  });
  return { fates: judged.map(one => one.fates), dead: judged.flatMap(one => one.dead) };
};

/** Everything that became of a batch, on every route and at every exporter. */
export const fatesOf = (
  receiver: string,
  routes: readonly { readonly pipeline: string; readonly exporters: readonly string[]; readonly trace: Trace }[],
  shares: readonly {
    readonly exporter: string;
    readonly handed: readonly Handed[];
    readonly refusals: readonly Refusal[];
    readonly queued: boolean;
  }[],
): Pick<Counts, 'fates' | 'dead'> => {
  const ahead = routes.flatMap(({ pipeline, exporters, trace: { fetched, duplicate, filtered, dead } }) =>
    exporters.map(exporter => {
      const account: Account = { receiver, pipeline, exporter };
      const fates: Fates = { ...account, fetched, duplicate, filtered };
      return { fates, dead: dead.map((one): Dead => ({ ...account, ...one })) };
    }),
  );
  const there = shares.map(({ exporter, handed, refusals, queued }) =>
    judge(exporter, handed, refusals, queued ? 'pending' : 'delivered'),
  );
  return {
    fates: [...ahead.map(one => one.fates), ...there.flatMap(one => one.fates)],
    dead: [...ahead, ...there].flatMap(one => one.dead),
  };
};

/** How many of what a route handed over count there. */
export const countedOf = (all: Tally, surplus: Tally): number => {
  let counted = 0;
  for (const [id, n] of all) counted += n - Math.min(n, surplus.get(id) ?? 0);
  return counted;
};

// ---- Refused ----

/**
 * What was refused, and on which of the routes it came. Where a sink only says how many, the first ones count: which ones
 * it were, nobody knows. An exporter may return copies of what it was given: they are known by id and part.
 */
const condemn = (
  handed: readonly Handed[],
  refusals: readonly Refusal[],
): ReadonlyMap<AuditRecord, { readonly routes: ReadonlySet<number>; readonly certain: boolean }> => {
  if (refusals.length === 0) return new Map();
  const [own, byKey] = [new Map<AuditRecord, Set<number>>(), new Map<string, AuditRecord>()];
  for (const [route, { records }] of handed.entries())
    for (const record of records) {
      own.set(record, (own.get(record) ?? new Set<number>()).add(route));
      byKey.set(keyOf(record), record);
    }
  const condemned = new Map<AuditRecord, { routes: ReadonlySet<number>; certain: boolean }>();
  for (const { records, count } of refusals) {
    const chosen = new Set<string>(); // sources, by route and id
    for (const refused of records) {
      const record = own.has(refused) ? refused : byKey.get(keyOf(refused));
      if (!record) continue;
      const routes = own.get(record)!;
      const source = `${[...routes].join()} ${record.id}`;
      if (count === undefined || chosen.size < count) chosen.add(source);
      condemned.set(record, { routes, certain: chosen.has(source) });
    }
  }
  return condemned;
};

const keyOf = ({ id, part = 0 }: AuditRecord): string => `${part} ${id}`;

const letterOf = (id: string, among: readonly AuditRecord[]): Pick<Dead, 'id' | 'identity' | 'parts'> => {
  const own = among.filter(record => record.id === id);
  return { id, identity: identify(own[0]!.origin), parts: [...new Set(own.map(({ part = 0 }) => part))] };
};

// ---- Counting ----

/** Records before fan-out: parts of one are one, and an id counts as often as its most frequent part. */
export const sourcesOf = (records: readonly AuditRecord[]): Tally => {
  const known = tallies.get(records) ?? tallyOf(records);
  tallies.set(records, known);
  return known;
};

/** What one step gives is what the next one is given, and what exporters are handed: it is counted once. */
const tallies = new WeakMap<readonly AuditRecord[], Tally>();

const tallyOf = (records: readonly AuditRecord[]): Tally => {
  const tally = new Map<string, number>();
  const parts = new Map<string, number[]>(); // but for the first ones
  for (const { id, part = 0 } of records) {
    if (part === 0) tally.set(id, (tally.get(id) ?? 0) + 1);
    else {
      const own = parts.get(id) ?? [];
      own[part] = (own[part] ?? 0) + 1;
      if (own[part] === 1) parts.set(id, own);
    }
  }
  for (const [id, own] of parts)
    tally.set(
      id,
      own.reduce((most, n) => Math.max(most, n), tally.get(id) ?? 0),
    );
  return tally;
};

const sum = (tally: Tally): number => {
  let all = 0;
  for (const n of tally.values()) all += n;
  return all;
};

/**
 * How many of the vendor's records of a delivery have no known fate, summed over its routes: no processor dropped them or
 * could not pass them, and yet they did not reach every exporter of the route. Or came from nowhere, which is as wrong.
 * Anything but 0 is a defect.
 */
export const unaccounted = ({ batch, routes, exporters }: Delivery): number => {
  const handed = new Map(exporters.map(({ name, records }) => [name, idsOf(records)]));
  return routes
    .map(({ steps, records, exporters: names }) => {
      let here = idsOf(batch.records);
      let lost = 0;
      for (const { incoming, outgoing } of steps) {
        const entered = idsOf(incoming);
        lost += here.symmetricDifference(entered).size;
        here = idsOf(outgoing); // what is in neither was dropped, or is dead: that is a fate
        lost += here.difference(entered).size;
      }
      const reached = names.map(name => handed.get(name) ?? new Set<string>());
      const everywhere = [...here].filter(id => reached.every(ids => ids.has(id)));
      return lost + here.symmetricDifference(idsOf(records)).size + here.size - everywhere.length;
    })
    .reduce((a, b) => a + b, 0);
};

const idsOf = (records: readonly AuditRecord[]): ReadonlySet<string> => new Set(records.map(({ id }) => id));
