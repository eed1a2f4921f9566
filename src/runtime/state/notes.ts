// What the engine notes beside the truth: words that our mappings do not know, and history that a vendor no longer has.
// Gathered in memory, written every few seconds in a transaction of its own; losing it loses no event.
import type { Clock, Logger } from '../../component.ts';
import { describe } from '../../fault.ts';
import type { AuditRecord, Drift, Json, JsonObject } from '../../model.ts';
import { SECOND } from '../../options.ts';
import type { Delivery } from '../account.ts';
import type { WaitNote } from '../http/budget.ts';
import { complaint, fieldName, sketch, typeName } from '../mask.ts';
import type { Observer } from '../telemetry/observer.ts';
import type { Store } from './state.ts';

/** A word of a vendor's that no rule maps, with how often it came. */
export interface DriftNote {
  /** The receiver's type. */
  readonly vendor: string;
  readonly feed: string;
  /** `field`: a field that no attribute holds. The others: why records became the general event. */
  readonly kind: Drift['kind'] | 'field';
  /** The event type, what went wrong, or the path of the field: `object.tags[].name`. */
  readonly what: string;
  /** Events. */
  readonly count: number;
  /** ms since the epoch, by our clock. */
  readonly first: number;
  readonly last: number;
  /** JSON, with nothing readable in its texts. */
  readonly example: string;
}

/** A span that a vendor no longer kept when it was asked; ms since the epoch. */
export interface GapNote {
  readonly receiver: string;
  readonly from: number;
  readonly to: number;
  readonly noticed: number;
}

/** To be added to what was noted before. */
export interface Notes {
  readonly drift: readonly DriftNote[];
  readonly gaps: readonly GapNote[];
  /** One of a key takes the place of the one before. */
  readonly waits?: readonly WaitNote[];
}

/** Looks on while lanes run. Never throws. */
export interface NoteTaker extends Observer {
  delivered(receiver: string, delivery: Delivery): void;
  /** Writes what was gathered; to be called before the store is closed. */
  close(): Promise<void>;
}

interface Ground {
  readonly store: Pick<Store, 'note'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How long notes may wait in memory; ms. */
const EVERY = 5 * SECOND;

/** How many gaps may wait. */
const MOST_GAPS = 1000;

export const takeNotes = ({ store, clock, log }: Ground): NoteTaker => {
  const drift = driftCounter();
  let gaps: GapNote[] = [];
  let flushing: Promise<void> | undefined;
  let failing = false;
  const closing = new AbortController();

  const fail = (error: unknown) => {
    if (!failing) log.warn({}, `drift and gaps cannot be noted; events are not affected: ${describe(error)}`);
    failing = true;
  };

  const flush = async () => {
    const notes: Notes = { drift: drift.take(), gaps };
    if (notes.drift.length === 0 && notes.gaps.length === 0) return;
    try {
      await store.note(notes, clock.now());
      drift.forget();
      gaps = gaps.slice(notes.gaps.length);
      failing = false;
    } catch (error) {
      fail(error); // what was gathered stays, for the next time
    }
  };

  return {
    delivered: (receiver, delivery) => {
      try {
        const now = clock.now();
        const { gap } = delivery.batch;
        if (gap && gaps.length < MOST_GAPS) gaps.push({ receiver, from: gap.from, to: gap.to, noticed: now });
        if (!drift.count(readIn(delivery), now) && !gap) return;
        flushing ??= clock
          .sleep(EVERY, closing.signal)
          .catch(() => {})
          .then(flush)
          .finally(() => {
            flushing = undefined;
          });
      } catch (error) {
        fail(error);
      }
    },
    close: async () => {
      closing.abort();
      await flushing;
      await flush();
    },
  };
};

/** The records as they were given their events, on one route: the others read the same. */
const readIn = ({ routes }: Delivery): readonly AuditRecord[] => {
  const steps = routes.map(({ steps }) => steps.find(s => s.outgoing[0]?.event && !s.incoming[0]?.event));
  return steps.find(step => step)?.outgoing ?? [];
};

// ---- Counting drift: for most records a few look-ups in maps, and no text is made ----

interface Shape extends DriftNote {
  count: number;
  last: number;
}

/** A field, with the fields inside of it. */
interface Branch {
  readonly path: string;
  readonly inner: Map<string, Branch>;
  shape?: Shape;
  /** The number of the event that it was last seen in: a list may have it many times. */
  event: number;
}

interface Feed {
  readonly vendor: string;
  readonly feed: string;
  readonly fields: Branch;
  /** By what they are called. */
  readonly faults: Map<string, Shape>;
  /** By the vendor's words. */
  readonly words: Map<string, Shape>;
}

/** How many shapes are gathered between two writings; more are overlooked until then. */
const MOST_SHAPES = 1000;
const DEEPEST = 8;
const MOST_KEYS = 200;
/** Elements of a list that are looked at. */
const MOST_ELEMENTS = 8;

const driftCounter = () => {
  const feeds = new Map<string, Feed>();
  let [size, event, now] = [0, 0, 0];
  let noted = false;
  let taken: { readonly shape: Shape; readonly count: number }[] = [];

  const feedOf = ({ origin: { type, feed } }: AuditRecord): Feed => {
    const key = `${type} ${feed}`;
    const known = feeds.get(key);
    if (known) return known;
    // A feed may say what it is filtered by: `actor=…`. Which actor is nobody's business.
    const plain = feed.replace(/=[^&]*/g, '=*');
    const made = { vendor: type, feed: plain, fields: branch(''), faults: new Map(), words: new Map() };
    feeds.set(key, made);
    return made;
  };

  const shapeOf = ({ vendor, feed }: Feed, kind: Shape['kind'], what: string, example: Json): Shape | undefined => {
    if (size >= MOST_SHAPES) return undefined;
    size++;
    return { vendor, feed, kind, what, count: 0, first: now, last: now, example: sketch(example) };
  };

  const raise = (shape: Shape): void => {
    shape.count++;
    shape.last = now;
    noted = true;
  };

  const fault = (feed: Feed, { kind, detail }: Drift, raw: Json): void => {
    const word = `${kind} ${detail}`;
    let shape = feed.words.get(word);
    if (!shape) {
      const what = kind === 'type' ? typeName(detail) : complaint(detail);
      shape = feed.faults.get(`${kind} ${what}`) ?? shapeOf(feed, kind, what, raw);
      if (!shape) return;
      feed.faults.set(`${kind} ${what}`, shape);
      if (feed.words.size < MOST_SHAPES) feed.words.set(word, shape);
    }
    raise(shape);
  };

  const fields = (feed: Feed, value: JsonObject, at: Branch, depth: number): void => {
    let keys = 0;
    // JSON has no inherited keys, and this is the fastest way through an object.
    for (const key in value) {
      if (++keys > MOST_KEYS) return;
      const inner = value[key]!;
      const next = at.inner.get(key) ?? grow(at, key, depth);
      if (next && inner !== null) field(feed, inner, next, depth + 1);
    }
  };

  const field = (feed: Feed, value: Json, at: Branch, depth: number): void => {
    if (typeof value === 'object' && value !== null && depth < DEEPEST) {
      if (Array.isArray(value) && value.length > 0) {
        const next = at.inner.get(ELEMENT) ?? sprout(at, ELEMENT, `${at.path}[]`);
        for (let i = 0; next && i < value.length && i < MOST_ELEMENTS; i++) field(feed, value[i]!, next, depth + 1);
        return;
      }
      if (!Array.isArray(value) && !isEmpty(value as JsonObject)) {
        fields(feed, value as JsonObject, at, depth);
        return;
      }
    }
    if (at.event === event) return;
    at.event = event;
    const shape = at.shape ?? shapeOf(feed, 'field', at.path, value);
    if (!shape) return;
    at.shape = shape;
    raise(shape);
  };

  const grow = (at: Branch, key: string, depth: number): Branch | undefined => {
    const name = fieldName(key, depth);
    return at.inner.get(name) ?? sprout(at, name, at.path === '' ? name : `${at.path}.${name}`);
  };

  const sprout = (at: Branch, key: string, path: string): Branch | undefined => {
    if (size >= MOST_SHAPES) return undefined;
    const made = branch(path);
    at.inner.set(key, made);
    return made;
  };

  const all = (): Shape[] =>
    [...feeds.values()].flatMap(feed => [...feed.faults.values(), ...shapesIn(feed.fields)]).filter(s => s.count > 0);

  return {
    /** Whether there was any. */
    count: (records: readonly AuditRecord[], at: number): boolean => {
      now = at;
      noted = false;
      for (const record of records) {
        const { drift, event: read } = record;
        event++;
        if (drift) fault(feedOf(record), drift, record.raw);
        else if (read && typeof read.unmapped === 'object') {
          const feed = feedOf(record);
          fields(feed, read.unmapped as JsonObject, feed.fields, 0); // an object in OCSF
        }
      }
      return noted;
    },
    /** What was counted since the last writing. */
    take: (): DriftNote[] => {
      taken = all().map(shape => ({ shape, count: shape.count }));
      return taken.map(({ shape }) => ({ ...shape }));
    },
    /** What was taken is written now. */
    forget: (): void => {
      for (const { shape, count } of taken) shape.count -= count;
      if (size < MOST_SHAPES) return;
      feeds.clear(); // room for others
      size = 0;
    },
  };
};

/** No field can be called so. */
const ELEMENT = '[]';

const branch = (path: string): Branch => ({ path, inner: new Map(), event: 0 });

const isEmpty = (value: JsonObject): boolean => {
  for (const _ in value) return false;
  return true;
};

const shapesIn = (at: Branch): Shape[] => [
  ...(at.shape ? [at.shape] : []),
  ...[...at.inner.values()].flatMap(shapesIn),
];
