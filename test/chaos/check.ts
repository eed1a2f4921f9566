// Whether a history of chaos kept the promise: everything that was generated arrived or is dead, nothing is in a file
// twice, and a sink saw again only what was in flight. A pure function of what was found.
import type { Evidence, Found, Line, Sent, SinkEvidence } from './evidence.ts';

export type Crime = 'lost' | 'twice' | 'stranger' | 'other uid' | 'repeat' | 'dead' | 'fault';

export const crimes: readonly Crime[] = ['lost', 'twice', 'stranger', 'other uid', 'repeat', 'dead', 'fault'];

export interface Violation {
  readonly crime: Crime;
  readonly what: string;
}

/** How much one end got. */
export interface Tally {
  /** Events, each counted once. */
  readonly events: number;
  /** How many came again. */
  readonly repeats: number;
  /** How many could have: what was in flight at each kill, and what a sink took without saying so. */
  readonly bound: number;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly ends: Readonly<Record<string, Tally>>;
}

export const check = (evidence: Evidence): Verdict => {
  const { generated, faults } = evidence;
  const sinks = Object.entries(evidence.sinks);
  const flights = new Map(sinks.map(([name, sink]) => [name, follow(sink, evidence)]));
  const arrived = new Map<string, readonly Found[]>([
    ...Object.entries(evidence.files),
    ...[...flights].map(([name, { takes }]) => [name, takes] as const),
  ]);
  const ends = Object.fromEntries(
    [...arrived].map(([name, found]) => {
      const events = new Set(found.map(f => f.uid)).size;
      return [name, { events, repeats: found.length - events, bound: flights.get(name)?.bound ?? 0 }];
    }),
  );
  const strange = [...arrived].flatMap(([name, found]) =>
    found.filter(f => !generated.has(f.id)).map(f => [name, f] as const),
  );
  return {
    ends,
    violations: [
      ...faults.map((what): Violation => ({ crime: 'fault', what })),
      ...unique(strange.map(([name, { id }]) => `${id} is at ${name}, and no vendor had it`)).map(accuse('stranger')),
      ...lost(evidence, arrived).map(accuse('lost')),
      ...Object.entries(evidence.files)
        .flatMap(([name, lines]) => twice(name, lines))
        .map(accuse('twice')),
      ...otherUids(evidence, flights).map(accuse('other uid')),
      ...[...flights].flatMap(([name, { takes }]) => repeated(name, takes)).map(accuse('repeat')),
      ...wronglyDead(evidence).map(accuse('dead')),
    ],
  };
};

const accuse =
  (crime: Crime) =>
  (what: string): Violation => ({ crime, what });

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

// ---- Nothing is lost, nothing is in a file twice ----

/**
 * A vendor's record may become several events; how many is seen where it arrived. Each of them has to be at every end, or
 * be dead there. One that arrived nowhere has to be dead in the pipeline.
 */
const lost = ({ generated, letters }: Evidence, arrived: ReadonlyMap<string, readonly Found[]>): readonly string[] => {
  const dead = new Set(letters.map(({ place, id }) => `${place.split('/')[0]} ${place.split('/')[1]} ${id}`));
  const unprocessed = new Set(letters.flatMap(({ place, id }) => (place.startsWith('pipeline/') ? [id] : [])));
  const all = new Map<string, Set<string>>(); // the events of a record
  for (const { id, uid } of [...arrived.values()].flat()) all.set(id, (all.get(id) ?? new Set()).add(uid));
  const nowhere = [...generated.keys()].filter(id => !all.has(id) && !unprocessed.has(id));
  const missing = [...arrived].flatMap(([name, found]) => {
    const here = new Set(found.map(f => f.uid));
    return [...all].flatMap(([id, uids]) => {
      const gone = [...uids].filter(uid => !here.has(uid));
      if (gone.length === 0 || unprocessed.has(id) || dead.has(`exporter ${name} ${id}`)) return [];
      return gone.map(uid => `${id} is not at ${name}: the event ${uid} of it`);
    });
  });
  return [...nowhere.map(id => `${id} of ${generated.get(id)} is nowhere`), ...missing];
};

const twice = (name: string, lines: readonly Line[]): readonly string[] =>
  [...Map.groupBy(lines, line => line.uid)].flatMap(([uid, places]) =>
    places.length === 1 ? [] : [`${uid} is at ${name} ${places.length} times: ${places.map(p => p.at).join(', ')}`],
  );

/** The files say which uids a record has. */
const otherUids = ({ files, generated }: Evidence, flights: ReadonlyMap<string, Flights>): readonly string[] => {
  const filed = new Map<string, Set<string>>();
  for (const { id, uid } of Object.values(files).flat()) filed.set(id, (filed.get(id) ?? new Set()).add(uid));
  return unique(
    [...flights].flatMap(([name, { takes }]) =>
      takes
        .filter(({ id, uid }) => generated.has(id) && !filed.get(id)?.has(uid))
        .map(({ id, uid }) => `${id} came to ${name} as ${uid}, which is in no file`),
    ),
  );
};

// ---- What comes again was in flight ----

/** One event that a sink took. */
interface Take extends Found {
  readonly life: number;
  readonly heard: boolean;
  /** It was in the batch that its life ended with, by a kill. */
  readonly inFlight: boolean;
}

interface Flights {
  readonly takes: readonly Take[];
  readonly bound: number;
}

/**
 * Sorts the requests of each life into batches. A batch is sent whole first; what follows of the same events, whole or in
 * part, still belongs to it.
 */
const follow = ({ sent, queued }: SinkEvidence, { generated, killed }: Evidence): Flights => {
  const batches = new Map<string, { number: number; uids: Set<string> }>(); // the last of each life and flight
  const numbered = sent.map(request => {
    const flight = `${request.life} ${queued ? 'queue' : generated.get(request.events[0]?.id ?? '')}`;
    const uids = new Set(request.events.map(e => e.uid));
    const open = batches.get(flight);
    const batch = open && uids.isSubsetOf(open.uids) ? open : { number: (open?.number ?? 0) + 1, uids };
    batches.set(flight, batch);
    return { request, flight, batch: batch.number };
  });
  const takes = numbered.flatMap(({ request, flight, batch }) =>
    taken(request).map(
      (event): Take => ({
        ...event,
        life: request.life,
        heard: request.fate === 'taken',
        inFlight: killed.has(request.life) && batch === batches.get(flight)?.number,
      }),
    ),
  );
  return { takes, bound: takes.filter(take => !take.heard || take.inFlight).length };
};

const taken = ({ fate, events, dropped = [] }: Sent): readonly Found[] =>
  fate === 'taken' || fate === 'unheard' ? events.filter(e => !dropped.includes(e.uid)) : [];

const repeated = (name: string, takes: readonly Take[]): readonly string[] =>
  [...Map.groupBy(takes, take => take.uid)].flatMap(([uid, all]) =>
    all.slice(1).flatMap((again, i) => {
      const before = all[i]!; // one before each but the first
      if (!before.heard || (before.inFlight && before.life !== again.life)) return [];
      const why = before.inFlight ? 'in the same life' : 'though it was not in flight any more';
      return [`${uid} of ${again.id} came to ${name} in life ${before.life} and again in life ${again.life}, ${why}`];
    }),
  );

// ---- Nothing is dead for nothing ----

const wronglyDead = ({ letters, poisoned, sinks, generated }: Evidence): readonly string[] => {
  const refused = new Set(
    Object.entries(sinks).flatMap(([name, { sent }]) =>
      sent.flatMap(({ fate, events, dropped }) =>
        fate === 'refused' || dropped ? events.map(({ id }) => `exporter/${name} ${id}`) : [],
      ),
    ),
  );
  const innocent = letters.filter(({ place, id }) =>
    place.startsWith('pipeline/') ? !poisoned.has(id) : !refused.has(`${place} ${id}`),
  );
  const counted = Map.groupBy(
    letters.filter(letter => !letter.partial),
    ({ place, id, part }) => `${place} ${id} ${part}`,
  );
  return [
    ...innocent.map(({ place, id }) => `${id} is dead at ${place}, where nothing refused it`),
    ...letters
      .filter(({ id }) => !generated.has(id))
      .map(({ place, id }) => `${id} is dead at ${place}, and no vendor had it`),
    ...[...counted].flatMap(([key, { length }]) => (length === 1 ? [] : [`${key} is dead ${length} times`])),
  ];
};
