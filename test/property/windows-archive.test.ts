// Whatever a vendor of windows does with deadlines, an archive and late events, and however long the lane is held between
// two pages: what lies behind the walk was read.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { type WindowAsk, windows } from '../../src/source/windows.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const LIVE = 30 * DAY;
const OVERLAP = 5 * MINUTE;

interface Event {
  readonly time: number;
  readonly visible: number;
}

const walk = windows({
  since: now => now - 31 * DAY,
  span: DAY,
  settle: 30 * SECOND,
  overlap: OVERLAP,
  behind: DAY,
  archive: 28 * DAY,
});

// Half of them are about to leave the live part.
const ago = fc.oneof(fc.integer({ min: -2 * HOUR, max: 31 * DAY - 1 }), fc.integer({ min: 26 * DAY, max: 30 * DAY }));
const event = fc
  .record({ ago, late: fc.integer({ min: 0, max: 4 * MINUTE }) })
  .map(({ ago, late }): Event => ({ time: NOW - ago, visible: NOW - ago + late }));

const course = fc.record({
  events: fc.array(event, { maxLength: 100 }),
  pageSize: fc.integer({ min: 1, max: 3 }),
  /** What is the widest question that the vendor answers in time. */
  patience: fc.constantFrom(DAY, DAY, 10 * HOUR, 3 * HOUR, 20 * MINUTE),
  /** How long each request takes. */
  waits: fc.array(fc.constantFrom(0, SECOND, MINUTE, HOUR), { minLength: 1, maxLength: 9 }),
  /** After which requests the lane is held for three days. */
  holds: fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { maxLength: 2 }),
  moods: fc.array(fc.boolean(), { minLength: 1, maxLength: 7 }),
});

it('nothing behind the walk is unread', () => {
  fc.assert(
    fc.property(course, ({ events, pageSize, patience, waits, holds, moods }) => {
      const all = events.toSorted((a, b) => a.time - b.time);
      const seen = new Set<Event>();
      let now = NOW;

      const answer = ({ from, to, cursor, archive }: WindowAsk) => {
        const first = cursor === null ? 0 : Number(cursor);
        const rows = all
          .map((e, index) => ({ e, index }))
          .filter(({ e, index }) => index >= first && e.time >= from && e.time < to && e.visible <= now)
          .filter(({ e }) => e.time < now - LIVE === archive);
        for (const { e } of rows.slice(0, pageSize)) seen.add(e);
        const next = rows[pageSize];
        return { next: next ? String(next.index) : null, date: now };
      };

      let position = walk.start(now);
      let refusals = 0;
      for (let turn = 0; ; turn++) {
        if (turn > 40_000) throw new Error('never catches up');
        const ask = walk.ask(position, now);
        const moody = ask && ask.to - ask.from > NARROW && moods[turn % moods.length] === true && turn % 29 === 0;
        if (ask && (ask.to - ask.from > patience || moody)) {
          refusals++;
          position = walk.shrink?.(position, ask) ?? position;
          continue;
        }
        const pause = turn < 60 ? waits[turn % waits.length]! + (holds.includes(turn) ? 3 * DAY : 0) : 0;
        if (ask) {
          const step = walk.next(position, ask, answer(ask));
          position = step.position;
          now += pause;
          if (step.more) continue;
        }
        if (turn >= 60 && position.live.from >= now - 10 * MINUTE) break;
        now += MINUTE;
      }

      const behind = all.filter(e => e.time < position.live.from);
      expect(behind.filter(e => !seen.has(e))).toEqual([]);
      if (patience < DAY) expect(refusals).toBeGreaterThan(0);
    }),
    { numRuns: 300 },
  );
});

const NARROW = MINUTE;
