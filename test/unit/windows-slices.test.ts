// What a window does when the vendor gives up on it, when it slips out of the live retention, and when it is gone.
import { describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { type WindowAsk, type WindowOptions, type Windows, windows } from '../../src/source/windows.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const base = {
  since: (now: number) => now - DAY,
  span: DAY,
  settle: 30 * SECOND,
  overlap: 5 * MINUTE,
  behind: Infinity,
};
const walkOf = (options: Partial<WindowOptions> = {}) => windows({ ...base, ...options });

const shrink = (walk: ReturnType<typeof walkOf>, position: Windows, ask: WindowAsk): Windows => {
  const less = walk.shrink?.(position, ask);
  if (!less) throw new Error('there is no smaller question');
  return less;
};

/** Asks until the walk rests; a vendor that cannot answer more than `most` ms of history gives up. */
const readOut = (walk: ReturnType<typeof walkOf>, start: Windows, { now = NOW, most = Infinity } = {}) => {
  const answered: WindowAsk[] = [];
  let refusals = 0;
  let position = start;
  for (let turns = 0; turns < 10_000; turns++) {
    const ask = walk.ask(position, now);
    if (!ask) return { answered, position, refusals };
    if (ask.to - ask.from > most) {
      refusals++;
      position = walk.shrink?.(position, ask) ?? position;
      continue;
    }
    answered.push(ask);
    const step = walk.next(position, ask, { next: null, date: now });
    position = step.position;
    if (!step.more) return { answered, position, refusals };
  }
  throw new Error('never rests');
};

describe('a window that the vendor gives up on', () => {
  it('is halved until the vendor answers, and then read out slice by slice, without a hole', () => {
    const walk = walkOf();
    const { answered, position, refusals } = readOut(walk, walk.start(NOW), { most: 2 * HOUR });
    expect(refusals).toBe(4); // 24 h, 12 h, 6 h, 3 h
    expect(answered[0]).toMatchObject({ from: NOW - DAY });
    expect(answered.at(-1)?.to).toBe(NOW - 30 * SECOND);
    for (const [i, ask] of answered.entries()) if (i > 0) expect(ask.from).toBe(answered[i - 1]?.to);
    expect(position.live).toMatchObject({ from: NOW - 30 * SECOND - 5 * MINUTE, to: null, cursor: null });
  });

  it('leaves where an undivided one leaves: the overlap is as wide as ever', () => {
    const [whole, sliced] = [Infinity, 10 * MINUTE].map(most => {
      const walk = walkOf();
      return readOut(walk, walk.start(NOW), { most }).position.live.from;
    });
    expect(sliced).toBe(whole);
  });

  it('begins the slice again: a cursor belongs to the question that it answers', () => {
    const walk = walkOf();
    const first = walk.ask(walk.start(NOW), NOW)!;
    const paged = walk.next(walk.start(NOW), first, { next: 'page-2', date: NOW }).position;
    const shrunk = shrink(walk, paged, walk.ask(paged, NOW)!);
    expect(walk.ask(shrunk, NOW)).toMatchObject({ from: first.from, cursor: null, until: first.to });
  });

  it('is never cut below a minute: then the walk has no smaller question', () => {
    const walk = walkOf();
    const position = walk.start(NOW);
    const ask = (width: number): WindowAsk => ({
      track: 'live',
      from: NOW - HOUR,
      to: NOW - HOUR + width,
      cursor: null,
      archive: false,
    });
    expect(walk.shrink?.(position, ask(MINUTE))).toBeUndefined();
    expect(walk.shrink?.(position, ask(90 * SECOND))?.live.slice).toEqual({
      from: NOW - HOUR,
      width: MINUTE,
      answered: 0,
    });
  });

  it('lets the next window try slices twice as wide, and at last none', () => {
    const walk = walkOf({ since: now => now - 8 * DAY });
    const { answered, refusals } = readOut(walk, walk.start(NOW), { most: DAY });
    expect(refusals).toBe(0);
    const narrow = {
      ...walk.start(NOW),
      live: { ...walk.start(NOW).live, slice: { from: NOW - 8 * DAY, width: 6 * HOUR, answered: 0 } },
    };
    const widths = readOut(walk, narrow).answered.map(a => (a.to - a.from) / HOUR);
    expect(widths.slice(0, 8)).toEqual([6, 6, 6, 6, 12, 12, 24, 24]);
    expect(answered.every(a => a.until === undefined)).toBe(true);
  });

  it('grows its slices inside the window, too, after sixteen answers', () => {
    const walk = walkOf();
    const start = walk.start(NOW);
    const narrow = { ...start, live: { ...start.live, slice: { from: NOW - DAY, width: HOUR, answered: 0 } } };
    const widths = readOut(walk, narrow).answered.map(a => (a.to - a.from) / HOUR);
    expect(widths.slice(0, 19)).toEqual([...Array(16).fill(1), 2, 2, 2]);
    const wide = { ...start, live: { ...start.live, slice: { from: NOW - DAY, width: 13 * HOUR, answered: 15 } } };
    const [first, rest, ...more] = readOut(walk, wide).answered;
    expect([first?.to, rest?.from, rest?.to, more]).toEqual([NOW - 11 * HOUR, NOW - 11 * HOUR, NOW - 30 * SECOND, []]);
  });

  it('may be an hour of the sweep', () => {
    const walk = walkOf({ behind: DAY, since: now => now - 3 * DAY });
    const position: Windows = {
      ...walk.start(NOW),
      live: { ...walk.start(NOW).live, from: NOW - 6 * MINUTE },
      owed: 5,
    };
    const ask = walk.ask(position, NOW)!;
    expect(ask).toMatchObject({ track: 'sweep' });
    const shrunk = shrink(walk, position, ask);
    const half = walk.ask(shrunk, NOW)!;
    expect(half).toMatchObject({ track: 'sweep', from: ask.from, to: ask.from + 30 * MINUTE, until: ask.to });
    const rest = walk.ask(walk.next(shrunk, half, { next: null, date: NOW }).position, NOW);
    expect(rest).toMatchObject({ track: 'sweep', from: half.to, to: ask.to });
  });
});

describe('a window near the end of the live retention', () => {
  const walk = walkOf({ archive: 28 * DAY, since: now => now - 27.5 * DAY });

  it('is read once while all of it is live', () => {
    const ask = walk.ask(walk.start(NOW), NOW)!;
    expect(walk.ask(walk.next(walk.start(NOW), ask, { next: null, date: NOW }).position, NOW)?.archive).toBe(false);
  });

  it('is asked of the archive too when the lane was held between its pages', () => {
    const ask = walk.ask(walk.start(NOW), NOW)!;
    const held = walk.next(walk.start(NOW), ask, { next: 'page-2', date: NOW }).position;
    const late = NOW + 4 * DAY;
    const second = walk.ask(held, late)!;
    expect(second).toMatchObject({ cursor: 'page-2', archive: false });
    const after = walk.ask(walk.next(held, second, { next: null, date: late }).position, late);
    expect(after).toMatchObject({ from: ask.from, to: ask.to, cursor: null, archive: true });
  });

  it('reads each slice of it in both', () => {
    const old = walkOf({ archive: 28 * DAY, since: now => now - 29 * DAY });
    const { answered } = readOut(old, old.start(NOW), { most: 12 * HOUR });
    const first = answered.filter(a => a.from < NOW - 28 * DAY - HOUR);
    expect(first.map(a => a.archive)).toEqual([false, false, true, true]);
  });
});

describe('history that the vendor no longer keeps', () => {
  const walk = walkOf({ keeps: 30 * DAY, since: now => now - 35 * DAY });

  it('is told once, whole, and asked for all the same', () => {
    const gaps: unknown[] = [];
    let position = walk.start(NOW);
    for (let ask = walk.ask(position, NOW); ask; ask = walk.ask(position, NOW)) {
      const step = walk.next(position, ask, { next: null, date: NOW });
      if (step.gap) gaps.push(step.gap);
      position = step.position;
      if (!step.more) break;
    }
    expect(gaps).toEqual([{ from: NOW - 35 * DAY, to: NOW - 30 * DAY }]);
  });

  it('is told again when a held lane falls behind once more', () => {
    const start: Windows = {
      ...walk.start(NOW),
      lost: NOW - 30 * DAY,
      live: { ...walk.start(NOW).live, from: NOW - 2 * DAY },
    };
    const late = NOW + 40 * DAY;
    const step = walk.next(start, walk.ask(start, late)!, { next: null, date: late });
    expect(step.gap).toEqual({ from: NOW - 2 * DAY, to: late - 30 * DAY });
  });

  it('does not exist while everything is kept, or where nothing is known', () => {
    const young = walkOf({ keeps: 30 * DAY, since: now => now - 29 * DAY });
    expect(
      young.next(young.start(NOW), young.ask(young.start(NOW), NOW)!, { next: null, date: NOW }).gap,
    ).toBeUndefined();
    const any = walkOf({ since: now => now - 3000 * DAY });
    expect(any.next(any.start(NOW), any.ask(any.start(NOW), NOW)!, { next: null, date: NOW }).gap).toBeUndefined();
  });
});
