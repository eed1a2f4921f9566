// The notes in `state.db`: added to in a transaction of their own, bounded there, read beside a running engine.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DAY } from '../../options.ts';
import type { WaitNote } from '../http/budget.ts';
import type { DriftNote, GapNote, Notes } from './notes.ts';
import { asStateFault, newer } from './sqlite-faults.ts';
import { agrees, sumOf } from './sums.ts';
import { VERSION } from './tables.ts';

/** How many notes are kept, and for how long gaps. Of drift, what was not seen for longest goes first. */
export const KEPT = { drift: 1000, gaps: 1000, gapsFor: 90 * DAY } as const;

/** The writer of a connection; to be called inside of a transaction. @param now ms since the epoch */
export const noteWriter = (db: DatabaseSync): ((notes: Notes, now: number) => void) => {
  const drift = db.prepare(`insert into drift values (?, ?, ?, ?, ?, ?, ?, ?)
    on conflict do update set count = count + excluded.count, last = max(last, excluded.last)`);
  const leastDrift = db.prepare(`delete from drift where (vendor, feed, kind, what) in
    (select vendor, feed, kind, what from drift order by last desc, count desc limit -1 offset ?)`);
  // What touches is one gap: windows are told one by one.
  const touching = db.prepare(`delete from gaps where receiver = ? and since <= ? and until >= ?
    returning since, until, noticed`);
  const gap = db.prepare('insert into gaps values (?, ?, ?, ?)');
  const oldGaps = db.prepare('delete from gaps where noticed < ?');
  const leastGaps = db.prepare(`delete from gaps where (receiver, since) in
    (select receiver, since from gaps order by noticed desc, until desc limit -1 offset ?)`);

  const wait = db.prepare('insert or replace into waits values (?, ?, ?, ?)');
  const overWaits = db.prepare('delete from waits where until < ? and noted <= ?'); // not by a clock that stepped back

  return (notes, now) => {
    for (const { key, noted, until } of notes.waits ?? []) wait.run(key, noted, until, sumOf(key, noted, until));
    if (notes.waits) overWaits.run(now, now);
    for (const { vendor, feed, kind, what, count, first, last, example } of notes.drift)
      drift.run(vendor, feed, kind, what, count, first, last, example);
    if (notes.drift.length > 0) leastDrift.run(KEPT.drift);
    for (const { receiver, from, to, noticed } of notes.gaps) {
      const known = touching.all(receiver, to, from) as { since: number; until: number }[];
      const [since, until] = [
        [from, ...known.map(g => g.since)],
        [to, ...known.map(g => g.until)],
      ];
      gap.run(receiver, Math.min(...since), Math.max(...until), noticed);
    }
    oldGaps.run(now - KEPT.gapsFor);
    if (notes.gaps.length > 0) leastGaps.run(KEPT.gaps);
  };
};

/** Of the rows of `waits`, those that are what was written: whoever asks too early is told so again. */
export const wholeWaits = (rows: readonly unknown[]): readonly WaitNote[] =>
  (rows as readonly (WaitNote & { sum?: number | null })[]) // the columns are the note's own
    .filter(row => agrees(row, sumOf(row.key, row.noted, row.until)))
    .map(({ key, noted, until }) => ({ key, noted, until }));

/**
 * The notes in a state; none where there is no state, or one of a version that took no notes. Throws E_STATE_NEWER,
 * _CORRUPT, _OPEN.
 */
export const readNotes = (folder: string): Notes => {
  const path = join(folder, 'state.db');
  if (!existsSync(path)) return { drift: [], gaps: [] };
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: 10_000 });
    const { user_version: version } = db.prepare('pragma user_version').get() as { user_version: number };
    if (version > VERSION) throw newer(folder, version);
    if (version < 2) return { drift: [], gaps: [] };
    const drift = db.prepare('select * from drift order by vendor, feed, kind desc, count desc, what').all();
    const gaps = db
      .prepare('select receiver, since as "from", until as "to", noticed from gaps order by receiver, since')
      .all();
    // The columns are the notes' own.
    return { drift: drift as unknown as readonly DriftNote[], gaps: gaps as unknown as readonly GapNote[] };
  } catch (error) {
    throw asStateFault(error, folder, 'E_STATE_OPEN');
  } finally {
    db?.close();
  }
};
