// Windows: walks through the history of a vendor that filters by time, in whatever order it answers.
import { Fault } from '../fault.ts';
import { isObject } from '../json.ts';
import type { Gap, Json } from '../model.ts';
import { HOUR, MINUTE, SECOND } from '../options.ts';
import { type Asked, isMoment, type Step, type Walk } from './walks.ts';
import { whyOfWindows } from './windows-words.ts';

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
  /** How long the vendor keeps events, in ms: a window older than that is a gap. It is read all the same. */
  readonly keeps?: number;
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
  /**
   * Where the vendor gave up on a whole window: which part of it is being read, how wide a part may be, and how many
   * of that width the vendor answered.
   */
  readonly slice?: { readonly from: number; readonly width: number; readonly answered: number };
};

/**
 * `owed`: how many pages the sweep may read for those that the live reading took. `lost`: up to when a gap was told.
 */
export type Windows = { readonly live: Track; readonly sweep: Track; readonly owed: number; readonly lost?: number };

export interface WindowAsk extends Asked {
  readonly track: 'live' | 'sweep';
  /** Included. */
  readonly from: number;
  /** Excluded, where the vendor lets us say so. */
  readonly to: number;
  readonly archive: boolean;
  /** The end of the window, where this asks for a slice of it. */
  readonly until?: number;
}

/** No slice of a window is shorter. */
const NARROWEST = MINUTE;

/** After so many answers the slices grow: a deadline may have been a mood. */
const TRUSTED = 16;

/**
 * Reads `[from, to)`, where `to` has settled, page by page, and only then moves `from`: so the vendor's sort order does
 * not matter. How far `from` moves is told by the vendor's clock at the window's first page, never by ours. A second
 * track, the sweep, reads each hour once more when it is `behind` the live one; it goes only while the live one rests,
 * one page for each page that the live one took. A window that the vendor gives up on is read in slices, which grow
 * again with the vendor's answers and with each window.
 */
export const windows = (options: WindowOptions): Walk<Windows, WindowAsk> => {
  const { since, span, settle, overlap, behind, archive = Infinity, keeps = Infinity, maxPages = 10_000 } = options;
  const sweepEnd = ({ sweep }: Windows) => sweep.to ?? sweep.from + HOUR;
  const sweepDue = (position: Windows) =>
    position.live.to === null && sweepEnd(position) <= position.live.from - behind;

  /** After a page of the live track: on at once, or rest; a rest with a due sweep is spent on it. */
  const afterLive = (moved: Windows, more: boolean): Step<Windows> => {
    // Between two whole windows the live reading has not caught up yet: the sweep has to wait for its rest.
    if (more) return { position: moved.live.to === null ? { ...moved, owed: 0 } : moved, more };
    return sweepDue(moved) ? { position: moved, more: moved.owed > 0 } : { position: { ...moved, owed: 0 }, more };
  };
  const afterSweep = (moved: Windows): Step<Windows> => ({ position: moved, more: moved.owed > 0 && sweepDue(moved) });

  /** The slice that begins here, in this window. */
  const sliced = ({ slice }: Track, from: number, answered: number): Pick<Track, 'slice'> => {
    if (!slice) return {};
    const width = answered < TRUSTED ? slice.width : slice.width * 2;
    return { slice: { from, width, answered: answered % TRUSTED } };
  };
  /** Between windows: the next one is tried in wider slices, or whole. */
  const onwards = (track: Track, from: number): Track => {
    const { slice } = sliced(track, from, TRUSTED);
    return slice && slice.width < span ? { ...at(from), slice } : at(from);
  };

  /** The span, as far as it is ahead, that the vendor kept no longer when it answered. */
  const gapOf = ({ live, lost = -Infinity }: Windows, track: WindowAsk['track'], date: number): Gap | undefined =>
    track === 'live' && live.date === null && live.from < date - keeps && lost < live.from
      ? { from: live.from, to: date - keeps }
      : undefined;

  const ask = (position: Windows, now: number): WindowAsk | undefined => {
    const { live, sweep, owed } = position;
    if (owed > 0 && sweepDue(position)) return asking('sweep', sweep, sweepEnd(position));
    const to = live.to ?? Math.min(live.from + span, now - settle);
    return to > live.from ? asking('live', live, to) : undefined;
  };

  return {
    shape: 'windows/1',
    keeps,
    overlap,
    start: now => ({ live: at(since(now)), sweep: at(since(now)), owed: 0 }),
    low: ({ live, sweep }) => (behind === Infinity ? live.from : Math.min(live.from, sweep.from)),
    reached: ({ live }) => live.from,
    fits: isWindows,
    midway: ({ live, owed }, now) => (live.to === null ? owed > 0 : live.to < now - settle),
    rewind: ({ live, sweep }, to) =>
      to < live.from ? { live: at(to), sweep: at(Math.min(to, sweep.from)), owed: 0 } : undefined,
    recover: position => ({ ...position, live: at(position.live.from), sweep: at(position.sweep.from), owed: 0 }),

    shrink: (position, { track, from, to, archive, until = to }) => {
      if (to - from <= NARROWEST) return undefined;
      const width = Math.max(NARROWEST, Math.floor((to - from) / 2));
      return {
        ...position,
        [track]: {
          ...position[track],
          to: until,
          cursor: null,
          archive,
          pages: 0,
          slice: { from, width, answered: 0 },
        },
      };
    },

    ask,
    explain: (position, now) => whyOfWindows(options, position, ask(position, now), now),

    next: (position, { track, to: asked, archive: archived, until: to = asked }, { next, date }) => {
      const here = position[track];
      const { from } = here;
      const first = here.date ?? date;
      const pages = here.pages + 1;
      const owed = track === 'sweep' ? position.owed - 1 : position.live.to === null ? 1 : position.owed + 1;
      const gap = gapOf(position, track, date);
      const go = (on: Track, more: boolean, rest: Partial<Windows> = {}): Step<Windows> => {
        const moved = { ...position, owed, ...(gap && { lost: gap.to }), [track]: on, ...rest };
        return { ...(track === 'live' ? afterLive(moved, more) : afterSweep(moved)), ...(gap && { gap }) };
      };
      const within = { ...here, from, to, date: first, archive: archived };

      if (next !== null) {
        if (pages >= maxPages)
          throw new Fault('E_WALK_PAGES', `more than ${maxPages} pages from ${new Date(from).toISOString()}`);
        return go({ ...within, cursor: next, pages }, true);
      }
      if (asked < to)
        return go({ ...within, cursor: null, pages: 0, ...sliced(here, asked, (here.slice?.answered ?? 0) + 1) }, true);
      // Asked of the last page's date: what was live at the first one may have been moved since, where we were held.
      if (!archived && from < date - archive)
        return go({ ...within, cursor: null, archive: true, pages: 0, ...sliced(here, from, 0) }, true);
      if (track === 'sweep') return go(onwards(here, to - SECOND), false);

      const safe = Math.min(to, first - settle); // the walk may not outrun the vendor's clock
      const onward = Math.max(from, safe - overlap);
      const on = onwards(here, onward);
      const wasOld = to <= first - behind && position.sweep.from >= from; // old enough when it was read: nothing to sweep
      return go(on, safe - from >= span, wasOld ? { sweep: at(onward) } : {}); // cut short by the present: rest
    },
  };
};

const at = (from: number): Track => ({ from, to: null, cursor: null, date: null, archive: false, pages: 0 });

const isWindows = (json: Json): json is Windows =>
  isObject(json) &&
  isTrack(json.live) &&
  isTrack(json.sweep) &&
  isMoment(json.owed) &&
  (json.lost === undefined || isMoment(json.lost));

const isTrack = (json: Json | undefined): json is Track => {
  if (json === undefined || !isObject(json)) return false;
  const { from, to, cursor, date, archive, pages, slice } = json;
  return (
    isMoment(from) &&
    (to === null || isMoment(to)) &&
    (cursor === null || typeof cursor === 'string') &&
    (date === null || isMoment(date)) &&
    typeof archive === 'boolean' &&
    isMoment(pages) &&
    (slice === undefined ||
      (isObject(slice) && isMoment(slice.from) && isMoment(slice.width) && isMoment(slice.answered)))
  );
};

/** A whole window that ends at `end`, or the slice of it that is due. */
const asking = (track: WindowAsk['track'], { from, cursor, archive, slice }: Track, end: number): WindowAsk => {
  const to = slice ? Math.min(slice.from + slice.width, end) : end;
  return { track, from: slice?.from ?? from, to, cursor, archive, ...(to < end && { until: end }) };
};

// ---- offset: the next page is a number ----

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
    explain: (position, now) => [
      ...(inner.explain?.(position, now) ?? []),
      `pages are counted: ${inner.ask(position, now)?.cursor ?? 0} records of this part were read`,
    ],
  };
};

/** The lead of a page in an offset walk: full pages have a next one. */
export const nextOffset = (offset: number, received: number, pageSize: number): string | null =>
  received < pageSize ? null : String(offset + received);
