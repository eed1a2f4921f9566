// What the status page knows of a run: gathered as it happens, in memory that does not grow, and lost with the process.
import type { Clock, HttpSettings } from '../../component.ts';
import { describe, type Fault } from '../../fault.ts';
import type { Code } from '../../faults.ts';
import type { AuditRecord, Gap } from '../../model.ts';
import { MINUTE, SECOND } from '../../options.ts';
import { toMillis } from '../../time.ts';
import type { Delivery } from '../account.ts';
import { budgetKey } from '../http/fetch.ts';
import type { Plan } from '../plan.ts';
import { namesOf } from '../telemetry/instruments.ts';
import type { Observer } from '../telemetry/observer.ts';
import { type Ring, ring } from './ring.ts';

/** How long the charts reach back: a slot a minute. */
export const MINUTES = 360;

/** What happened to a receiver in one minute. */
export interface Minute {
  /** Records. */
  read: number;
  /** From event to delivery, of some records that were new; ms. Only those that came after the vendor's end was first reached. */
  readonly delays: number[];
  /** The longest of all; ms. */
  longest: number;
}

/** A fault that was met, once or again and again. */
export interface FaultNote {
  readonly code: Code;
  readonly kind: Fault['kind'];
  readonly status: number | undefined;
  /** `receiver/NAME` or `exporter/NAME` */
  readonly place: string;
  /** What was said, secrets taken out; cut. */
  readonly words: string;
  /** ms since the epoch */
  readonly first: number;
  last: number;
  times: number;
}

export interface LaneFacts {
  /** Nothing before it began. */
  identity: string | undefined;
  /** Its clients, by what the vendor counts them by. */
  readonly clients: Map<string, HttpSettings>;
  requests: number;
  /** The last request: when it was sent, ms since the epoch; how long it took, ms. */
  asked: { readonly at: number; readonly status: number | undefined; readonly took: number } | undefined;
  /** Our clock minus that of the vendor, right to about a second; ms. */
  skew: number | undefined;
  /** When its newest event happened; ms since the epoch. */
  newest: number | undefined;
  read: number;
  /** The last span that the vendor no longer had. */
  gap: Gap | undefined;
  /** It has reached the vendor's end since the start. */
  rested: boolean;
  ended: boolean;
  /** The latest first. */
  readonly faults: FaultNote[];
  readonly minutes: Ring<Minute>;
}

/** Records that went somewhere. */
export interface Flow {
  records: number;
  readonly recent: Ring<{ records: number }>;
}

export interface Facts {
  readonly observer: Observer;
  /** When these began to be gathered; ms since the epoch. */
  readonly started: number;
  lane(name: string): LaneFacts;
  /** From `receiver/NAME` or `pipeline/NAME` to `pipeline/NAME` or `exporter/NAME`, or what comes `of` an exporter. */
  flow(from: string, to: string): Flow;
  step(place: string): StepFacts;
}

/** A processor of a pipeline; records. */
export interface StepFacts {
  incoming: number;
  outgoing: number;
  dead: number;
}

/** How many faults of a receiver are remembered, and how long the words of one may be. */
const MOST_FAULTS = 10;
const WIDEST = 300;
/** Delays of one minute that are kept for its median. */
const SAMPLE = 512;

export const gatherFacts = (clock: Clock): Facts => {
  let remembers: (processor: string) => boolean = () => false;
  const lane = remembered((): LaneFacts => newLane(clock));
  const flows = remembered(
    (): Flow => ({ records: 0, recent: ring({ clock, ...RECENT, empty: () => ({ records: 0 }) }) }),
  );
  const flow = (from: string, to: string) => flows(`${from} ${to}`);
  const step = remembered((): StepFacts => ({ incoming: 0, outgoing: 0, dead: 0 }));

  const count = (from: string, to: string, records: number) => {
    if (records === 0) return;
    const one = flow(from, to);
    one.records += records;
    one.recent.now().records += records;
  };

  /** What is in the plan no more would else be kept for ever. */
  const forget = ({ lanes, exporters }: Plan) => {
    const pipelines = lanes.flatMap(({ routes }) => routes.map(({ pipeline }) => pipeline));
    const known = new Set([
      ...lanes.map(({ receiver }) => `receiver/${receiver.name}`),
      ...pipelines.map(pipeline => `pipeline/${pipeline}`),
      ...exporters.map(({ name }) => `exporter/${name}`),
      SENT,
      REFUSED,
    ]);
    lane.keep(name => known.has(name) || known.has(`receiver/${name}`));
    flows.keep(ends => ends.split(' ').every(end => known.has(end)));
    step.keep(place => known.has(place.split('/', 2).join('/')));
  };

  const delivered = (name: string, { batch, routes, exporters }: Delivery) => {
    const mine = lane(name);
    mine.gap = batch.gap ?? mine.gap;
    if (batch.records.length === 0) return;
    mine.read += batch.records.length;
    mine.minutes.now().read += batch.records.length;
    mine.newest = newestOf(batch.records, mine.newest);
    for (const { pipeline, steps, records, exporters: names } of routes) {
      count(`receiver/${name}`, `pipeline/${pipeline}`, batch.records.length);
      for (const { name: processor, incoming, outgoing, dead } of steps) {
        const one = step(`pipeline/${pipeline}/${processor}`);
        one.incoming += incoming.length;
        one.outgoing += outgoing.length;
        one.dead += dead.length;
      }
      for (const exporter of names) count(`pipeline/${pipeline}`, `exporter/${exporter}`, records.length);
    }
    for (const { name: exporter, records, refused, queued } of exporters) {
      if (queued) continue;
      count(`exporter/${exporter}`, SENT, records.length - refused);
      count(`exporter/${exporter}`, REFUSED, refused);
    }
    if (!mine.rested) return; // the age of history says nothing of delays
    const sieve = routes.flatMap(route => route.steps).find(({ name: processor }) => remembers(processor));
    measure(mine.minutes.now(), sieve?.outgoing ?? batch.records, clock.now());
  };

  return {
    observer: {
      planned: plan => {
        remembers = rememberingIn(plan);
        forget(plan);
      },
      began: (name, identity) => {
        const mine = lane(name);
        mine.identity = identity;
        mine.clients.clear(); // of the one before
        mine.rested = false;
        mine.ended = false;
      },
      delivered,
      dequeued: (exporter, records, refused) => {
        count(`exporter/${exporter}`, SENT, records.length - refused);
        count(`exporter/${exporter}`, REFUSED, refused);
      },
      rested: name => {
        lane(name).rested = true;
      },
      faulted: (name, fault, place) => note(lane(name).faults, fault, place, clock.now()),
      ended: name => {
        lane(name).ended = true;
      },
      opened: (name, settings) => void lane(name).clients.set(budgetKey(settings), settings),
      asked: (name, { status, sent: at, took, date }) => {
        const mine = lane(name);
        mine.requests++;
        mine.asked = { at, status, took };
        if (date !== undefined) mine.skew = at + took / 2 - (date + SECOND / 2); // a `Date` header is cut to the second
      },
    },
    started: clock.now(),
    lane,
    flow,
    step,
  };
};

/** Where records go from an exporter. */
export const SENT = 'sent';
export const REFUSED = 'refused';

const RECENT = { keep: 7, every: 10 * SECOND };

/** Records a minute, by those of about the last minute. */
export const perMinute = (
  { recent }: Flow,
  { now, started }: { readonly now: number; readonly started: number },
): number => {
  const sum = recent.all().reduce((total, slot) => total + (slot?.records ?? 0), 0);
  const span = (RECENT.keep - 1) * RECENT.every + (now % RECENT.every);
  return (sum * MINUTE) / Math.max(Math.min(span, now - started), SECOND);
};

// ---- Helpers ----

/** One of a kind for each name, made when it is first asked for. */
const remembered = <T>(make: () => T) => {
  const known = new Map<string, T>();
  const one = (name: string): T => {
    const found = known.get(name) ?? make();
    known.set(name, found);
    return found;
  };
  const keep = (wanted: (name: string) => boolean) => {
    for (const name of known.keys()) if (!wanted(name)) known.delete(name);
  };
  return Object.assign(one, { keep });
};

const rememberingIn = (plan: Plan) => {
  const { dedupes } = namesOf(plan);
  return (processor: string): boolean => dedupes.has(processor);
};

const newLane = (clock: Clock): LaneFacts => ({
  identity: undefined,
  clients: new Map(),
  requests: 0,
  asked: undefined,
  skew: undefined,
  newest: undefined,
  read: 0,
  gap: undefined,
  rested: false,
  ended: false,
  faults: [],
  minutes: ring({ clock, keep: MINUTES, every: MINUTE, empty: () => ({ read: 0, delays: [], longest: 0 }) }),
});

const newestOf = (records: readonly AuditRecord[], before: number | undefined): number | undefined =>
  records.reduce<number | undefined>((latest, record) => {
    const time = happened(record);
    return time === undefined ? latest : Math.max(latest ?? time, time);
  }, before);

/** ms since the epoch; nothing where the vendor did not say. */
const happened = ({ time, guessed }: AuditRecord): number | undefined =>
  guessed === 'time' || guessed === 'both' ? undefined : toMillis(time);

const measure = (minute: Minute, records: readonly AuditRecord[], now: number): void => {
  for (const record of records) {
    const time = happened(record);
    if (time === undefined) continue;
    const delay = Math.max(0, now - time);
    minute.longest = Math.max(minute.longest, delay);
    if (minute.delays.length < SAMPLE) minute.delays.push(delay);
  }
};

const note = (faults: FaultNote[], fault: Fault, place: string, now: number): void => {
  const words = describe(fault).slice(0, WIDEST);
  const known = faults.findIndex(one => one.code === fault.code && one.place === place && one.words === words);
  const [again] = known === -1 ? [] : faults.splice(known, 1);
  const { code, kind, status } = fault;
  const one = again ?? { code, kind, status, place, words, first: now, last: now, times: 0 };
  one.last = now;
  one.times++;
  faults.unshift(one);
  faults.length = Math.min(faults.length, MOST_FAULTS);
};
