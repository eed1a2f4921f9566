// Walks: pure rules for moving a position through an API. They do no I/O and see no clock but the vendor's, so they can
// be drawn by hand and tested by properties. Here: what a walk is, and those in which the vendor keeps our place; those through
// time are in `windows.ts`.
import { isObject } from '../json.ts';
import type { Gap, Json, JsonObject } from '../model.ts';
import { iso } from './words.ts';

/** Where a page leads: its cursor for the next one, whether there is more, and the vendor's clock. */
export interface Lead {
  readonly next: string | null;
  /** Whether to ask at once; when absent, exactly if there is a next cursor. */
  readonly more?: boolean;
  /** ms since the epoch. */
  readonly date: number;
}

export interface Step<P> {
  readonly position: P;
  /** Go on at once; otherwise rest. */
  readonly more: boolean;
  /** What the vendor no longer keeps of the history ahead; told once. */
  readonly gap?: Gap;
}

/** What is asked: at least, from which cursor. */
export interface Asked {
  readonly cursor: string | null;
}

export interface Walk<P extends Json, Ask extends Asked> {
  /** Name and version of the shape of `P`: a position of another one is refused. */
  readonly shape: string;
  /** The first position, resolved against the clock: committed before anything is asked. */
  start(now: number): P;
  /** What to ask at this position, or nothing yet. */
  ask(position: P, now: number): Ask | undefined;
  /** Where the answer leads. */
  next(position: P, asked: Ask, lead: Lead): Step<P>;
  /** How far each reading reaches back over the last one, in ms; not at all when absent. */
  readonly overlap?: number;
  /** How long the vendor keeps what is asked for, in ms; for ever, as far as is known, when absent. */
  readonly keeps?: number;
  /** Nothing that happened before this will be asked for again. */
  low(position: P): number;
  /** What happened before this was asked for once, to the end; as `low` when absent. */
  reached?(position: P): number;
  /** Whether this is a position of its own: what a person gives by hand, or a disk gives back. */
  fits(position: Json): position is P;
  /**
   * Whether it stands inside of something whose end, told when it was begun, is before the present.
   * @param now ms since the epoch
   */
  midway?(position: P, now: number): boolean;
  /** Where to stand to read again from `to` on; nothing when it may stand before that already. */
  rewind?(position: P, to: number): P | undefined;
  /** Where to stand after the vendor refused the cursor; without it, hold. */
  recover?(position: P): P;
  /** Where to stand to ask for less, after the vendor gave up on this; nothing when it cannot be less. */
  shrink?(position: P, asked: Ask): P | undefined;
  /** Why it asks what it asks at this position, or nothing yet; for a person, a line each. */
  explain?(position: P, now: number): readonly string[];
}

// ---- cursor: the vendor keeps our place ----

export interface CursorOptions {
  readonly since: (now: number) => number;
  /** What to do when the vendor refuses the cursor that we kept: hold, or begin again at the low-water time. */
  readonly onLost: 'hold' | 'reseed';
}

export type Place = { readonly cursor: string | null; readonly since: number; readonly low: number };

export interface PlaceAsk extends Asked {
  /** Where to begin, as long as there is no cursor; ms since the epoch. */
  readonly since: number;
}

/**
 * Remembers the vendor's last cursor for ever. Its low-water time moves only when the end is reached: after an outage
 * the vendor's log must be compared with the old marks before any of them may go.
 */
export const cursor = ({ since, onLost }: CursorOptions): Walk<Place, PlaceAsk> => ({
  shape: 'cursor/1',
  start: now => ({ cursor: null, since: since(now), low: since(now) }),
  fits: isPlace,
  low: ({ low }) => low,
  reached: ({ low }) => low,
  // Where the cursor stands is the vendor's knowledge: but not before the low-water time, or records would be skipped.
  rewind: ({ low }, to) => (to < low ? { cursor: null, since: to, low: to } : undefined),
  ask: place => ({ cursor: place.cursor, since: place.since }),
  next: (place, _asked, { next, more = next !== null, date }) => ({
    position: { ...place, cursor: next ?? place.cursor, low: more ? place.low : Math.max(place.low, date) },
    more,
  }),
  explain: ({ cursor, since, low }) => [
    cursor === null
      ? `no page was read yet: the log is read from ${iso(since)} on`
      : `the vendor keeps the place: this is where the last page that was delivered ended; its end was last reached at ${iso(low)}`,
  ],
  ...(onLost === 'reseed' && { recover: ({ low }: Place) => ({ cursor: null, since: low, low }) }),
});

const isPlace = (json: Json): json is Place => {
  if (!isObject(json)) return false;
  const { cursor, since, low } = json;
  return (cursor === null || typeof cursor === 'string') && isMoment(since) && isMoment(low);
};

/** ms since the epoch, as far as dates go. */
export const isMoment = (json: Json | undefined): json is number =>
  typeof json === 'number' && Math.abs(json) <= 8.64e15;

// ---- links: the place is an address ----

/**
 * The next page is a URL in a header (RFC 8288). The walk keeps it as its cursor; the client refuses it when it leaves
 * the origin. Reads the newest state of a list from `since` on, and keeps the last link when the list ends.
 */
export const links = (options: CursorOptions): Walk<Place, PlaceAsk> => ({
  ...cursor(options),
  shape: 'links/1',
  explain: place => [
    ...(cursor(options).explain?.(place, 0) ?? []),
    ...(place.cursor === null ? [] : [`the place is an address: ${place.cursor}`]),
  ],
});

/** The URL that a `Link` header gives for a relation. */
export const linkOf = (header: string | undefined, relation = 'next'): string | null => {
  for (const link of (header ?? '').split(/,(?=\s*<)/)) {
    const [, url, parameters = ''] = /<([^>]*)>(.*)/.exec(link) ?? [];
    if (url && parameters.split(';').some(p => p.trim().replaceAll('"', '') === `rel=${relation}`)) return url;
  }
  return null;
};

/** A position with the shape it was written in, and whose log it stands in, where the vendor told. */
export type Stored = { readonly shape: string; readonly at: Json; readonly owner?: string };

export const isStored = (json: Json): json is Stored =>
  typeof json === 'object' && json !== null && typeof (json as JsonObject).shape === 'string' && 'at' in json;
