// Walks: pure rules for moving a position through an API. They do no I/O and see no clock but the vendor's, so they can
// be drawn by hand and tested by properties.
import { Fault } from '../fault.ts';
import type { Json, JsonObject } from '../model.ts';
import { HOUR, SECOND } from '../options.ts';

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
  /** Nothing that happened before this will be asked for again. */
  low(position: P): number;
  /** Where to stand after the vendor refused the cursor; without it, hold. */
  recover?(position: P): P;
}

// ---- windows: the vendor filters by time ----

export interface WindowOptions {
  readonly since: (now: number) => number;
  /** The widest window. */
  readonly span: number;
  /** How far behind the vendor's clock a window may end. */
  readonly settle: number;
  /** How far the next window reaches back. */
  readonly overlap: number;
  /** How far the sweep, a second reading for what came late, trails; Infinity for none. */
  readonly behind: number;
  /** A window older than this is read twice: as usual, then from the archive. */
  readonly archive?: number;
  /** The most pages that one window may have. */
  readonly maxPages?: number;
}

/** One reading through time: from where, and inside which window and page of it. */
type Track = {
  readonly from: number;
  /** The end of the window that is being read; null between windows. */
  readonly to: number | null;
  readonly cursor: string | null;
  /** The vendor's clock at the window's first page. */
  readonly date: number | null;
  readonly archive: boolean;
  readonly pages: number;
};

/** `owed`: how many pages the sweep may read for those that the live reading took. */
export type Windows = { readonly live: Track; readonly sweep: Track; readonly owed: number };

export interface WindowAsk extends Asked {
  readonly track: 'live' | 'sweep';
  /** Included. */
  readonly from: number;
  /** Excluded, where the vendor lets us say so. */
  readonly to: number;
  readonly archive: boolean;
}

/**
 * Reads `[from, to)`, where `to` has settled, page by page, and only then moves `from`: so the vendor's sort order does
 * not matter. How far `from` moves is told by the vendor's clock at the window's first page, never by ours. A second
 * track, the sweep, reads each hour once more when it is `behind` the live one; it goes only while the live one rests,
 * one page for each page that the live one took.
 */
export const windows = ({
  since, span, settle, overlap, behind, archive = Infinity, maxPages = 10_000,
}: WindowOptions): Walk<Windows, WindowAsk> => {
  const sweepEnd = ({ sweep }: Windows) => sweep.to ?? sweep.from + HOUR;
  const sweepDue = (position: Windows) => position.live.to === null && sweepEnd(position) <= position.live.from - behind;

  /** After a page of the live track: on at once, or rest; a rest with a due sweep is spent on it. */
  const afterLive = (moved: Windows, more: boolean): Step<Windows> => {
    if (more) return { position: moved, more };
    return sweepDue(moved) ? { position: moved, more: moved.owed > 0 } : { position: { ...moved, owed: 0 }, more };
  };
  const afterSweep = (moved: Windows): Step<Windows> => ({ position: moved, more: moved.owed > 0 && sweepDue(moved) });

  return {
    shape: 'windows/1',
    start: now => ({ live: at(since(now)), sweep: at(since(now)), owed: 0 }),
    low: ({ live, sweep }) => (behind === Infinity ? live.from : Math.min(live.from, sweep.from)),
    recover: ({ live, sweep }) => ({ live: at(live.from), sweep: at(sweep.from), owed: 0 }),

    ask: (position, now) => {
      const { live, sweep, owed } = position;
      if (owed > 0 && sweepDue(position)) return asking('sweep', sweep, sweepEnd(position));
      const to = live.to ?? Math.min(live.from + span, now - settle);
      return to > live.from ? asking('live', live, to) : undefined;
    },

    next: (position, { track, from, to, archive: archived }, { next, date }) => {
      const here = position[track];
      const first = here.date ?? date;
      const pages = here.pages + 1;
      const owed = track === 'sweep' ? position.owed - 1 : position.live.to === null ? 1 : position.owed + 1;
      const go = (on: Track, more: boolean, rest: Partial<Windows> = {}) => {
        const moved = { ...position, owed, [track]: on, ...rest };
        return track === 'live' ? afterLive(moved, more) : afterSweep(moved);
      };

      if (next !== null) {
        if (pages >= maxPages) throw new Fault('E_WALK_PAGES', `more than ${maxPages} pages from ${new Date(from).toISOString()}`);
        return go({ from, to, cursor: next, date: first, archive: archived, pages }, true);
      }
      if (!archived && from < first - archive) return go({ from, to, cursor: null, date: first, archive: true, pages: 0 }, true);
      if (track === 'sweep') return go(at(to - SECOND), false);

      const safe = Math.min(to, first - settle); // the walk may not outrun the vendor's clock
      const on = at(Math.max(from, safe - overlap));
      const wasOld = to <= first - behind && position.sweep.from >= from; // old enough when it was read: nothing to sweep
      return go(on, safe - from >= span, wasOld ? { sweep: on } : {}); // cut short by the present: rest
    },
  };
};

const at = (from: number): Track => ({ from, to: null, cursor: null, date: null, archive: false, pages: 0 });

const asking = (track: 'live' | 'sweep', { from, cursor, archive }: Track, to: number): WindowAsk => ({
  track, from, to, cursor, archive,
});

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
  low: ({ low }) => low,
  ask: place => ({ cursor: place.cursor, since: place.since }),
  next: (place, _asked, { next, more = next !== null, date }) => ({
    position: { ...place, cursor: next ?? place.cursor, low: more ? place.low : Math.max(place.low, date) },
    more,
  }),
  ...(onLost === 'reseed' && { recover: ({ low }: Place) => ({ cursor: null, since: low, low }) }),
});

// ---- links and offset: pages of one window, for vendors that have no cursor ----

/**
 * The next page is a URL in a header (RFC 8288). The walk keeps it as its cursor; the client refuses it when it leaves
 * the origin. Reads the newest state of a list from `since` on, and keeps the last link when the list ends.
 */
export const links = (options: CursorOptions): Walk<Place, PlaceAsk> => ({ ...cursor(options), shape: 'links/1' });

/** The URL that a `Link` header gives for a relation. */
export const linkOf = (header: string | undefined, relation = 'next'): string | null => {
  for (const link of (header ?? '').split(/,(?=\s*<)/)) {
    const [, url, parameters = ''] = /<([^>]*)>(.*)/.exec(link) ?? [];
    if (url && parameters.split(';').some(p => p.trim().replaceAll('"', '') === `rel=${relation}`)) return url;
  }
  return null;
};

export interface OffsetAsk extends WindowAsk {
  /** How many records of the window were read. */
  readonly offset: number;
}

/**
 * The next page is a number of records. Only inside a closed window: outside of one, an insertion would shift the rows.
 * `lead.next` is the next offset as text (`nextOffset`), null at the end.
 */
export const offset = (options: WindowOptions): Walk<Windows, OffsetAsk> => {
  const inner = windows(options);
  return {
    ...inner,
    shape: 'offset/1',
    ask: (position, now) => {
      const ask = inner.ask(position, now);
      return ask && { ...ask, offset: Number(ask.cursor ?? 0) };
    },
  };
};

/** The lead of a page in an offset walk: full pages have a next one. */
export const nextOffset = (offset: number, received: number, pageSize: number): string | null =>
  received < pageSize ? null : String(offset + received);

/** A position with the shape it was written in, and whose log it stands in, where the vendor told. */
export type Stored = { readonly shape: string; readonly at: Json; readonly owner?: string };

export const isStored = (json: Json): json is Stored =>
  typeof json === 'object' && json !== null && typeof (json as JsonObject).shape === 'string' && 'at' in json;
