// The walks alone, against any vendor: in whatever order, with equal times, late events and wrong clocks, every event is
// read; and what a walk says will not be read again is not.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { cursor, linkOf, type Walk } from '../../src/source/walks.ts';
import { nextOffset, offset, type WindowAsk, type Windows, windows } from '../../src/source/windows.ts';

const BEGIN = Date.UTC(2026, 0, 1);
const [SETTLE, OVERLAP, SPAN, BEHIND] = [30 * SECOND, 5 * MINUTE, HOUR, 2 * HOUR];

interface Happening {
  readonly time: number;
  readonly visible: number;
}

const history = fc
  .array(
    fc.record({
      at: fc.nat(6 * HOUR),
      late: fc.oneof(fc.constant(0), fc.nat(BEHIND)),
      grain: fc.constantFrom(1, SECOND, 10 * MINUTE),
    }),
    { maxLength: 60 },
  )
  .map(list =>
    list.map(({ at, late, grain }): Happening => {
      const time = BEGIN + Math.floor(at / grain) * grain;
      return { time, visible: time + late };
    }),
  );
const vendor = fc.record({
  size: fc.integer({ min: 1, max: 20 }),
  order: fc.constantFrom(1, -1),
  inclusive: fc.boolean(),
  skew: fc.constantFrom(0, 10 * MINUTE, -10 * MINUTE, 24 * HOUR),
  step: fc.constantFrom(MINUTE, 7 * MINUTE, HOUR),
});

/** Walks until everything was visible long enough; returns what was read, and every low-water time with what came after it. */
const play = <A extends WindowAsk>(
  walk: Walk<Windows, A>,
  happenings: readonly Happening[],
  {
    size,
    order,
    inclusive,
    skew,
    step,
  }: { size: number; order: number; inclusive: boolean; skew: number; step: number },
) => {
  const read = new Map<number, number>();
  let position = walk.start(BEGIN);
  let truth = BEGIN + SECOND;
  let low = walk.low(position);
  const below: number[] = [];
  for (let polls = 0; truth < BEGIN + 24 * HOUR && polls < 5000; polls++) {
    const ask = walk.ask(position, truth + skew);
    if (!ask) {
      truth += step;
      continue;
    }
    const inside = happenings
      .map((h, i) => ({ ...h, i }))
      .filter(h => h.visible <= truth && h.time >= ask.from && (inclusive ? h.time <= ask.to : h.time < ask.to));
    const sorted = inside.sort((a, b) => order * (a.time - b.time) || a.i - b.i);
    const from = Number(ask.cursor ?? 0);
    const items = sorted.slice(from, from + size);
    for (const item of items) {
      read.set(item.i, (read.get(item.i) ?? 0) + 1);
      if (item.time < low) below.push(item.i);
    }
    const next = from + items.length < sorted.length ? String(from + items.length) : null;
    const moved = walk.next(position, ask, { next, date: Math.floor(truth / SECOND) * SECOND });
    position = moved.position;
    low = walk.low(position);
    truth += moved.more ? 2 * SECOND : step;
  }
  return { read, below, position };
};

describe('windows', () => {
  const walk = windows({ since: now => now - SECOND, span: SPAN, settle: SETTLE, overlap: OVERLAP, behind: BEHIND });

  test('read every event of any history, however late within the sweep', () => {
    fc.assert(
      fc.property(history, vendor, (happenings, how) => {
        expect(play(walk, happenings, how).read.size).toBe(happenings.length);
      }),
      { numRuns: 300 },
    );
  });

  test('read nothing that lies below the low-water time', () => {
    fc.assert(
      fc.property(history, vendor, (happenings, how) => {
        expect(play(walk, happenings, how).below).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('by offset read the same', () => {
    const byOffset = offset({
      since: now => now - SECOND,
      span: SPAN,
      settle: SETTLE,
      overlap: OVERLAP,
      behind: BEHIND,
    });
    fc.assert(
      fc.property(history, vendor, (happenings, how) => {
        expect(play(byOffset, happenings, how).read.size).toBe(happenings.length);
      }),
      { numRuns: 100 },
    );
  });

  test('without a sweep lose what comes later than the overlap: the sweep is no decoration', () => {
    const blind = windows({
      since: now => now - SECOND,
      span: SPAN,
      settle: SETTLE,
      overlap: OVERLAP,
      behind: Infinity,
    });
    const late = [{ time: BEGIN + HOUR, visible: BEGIN + 2 * HOUR + 50 * MINUTE }];
    const how = { size: 5, order: 1, inclusive: false, skew: 0, step: MINUTE };
    expect(play(blind, late, how).read.size).toBe(0);
    expect(play(walk, late, how).read.size).toBe(1);
  });

  test('ask nothing before there is something to ask, and rest at the present', () => {
    const position = walk.start(BEGIN);
    expect(walk.ask(position, BEGIN)).toBeUndefined();
    const ask = walk.ask(position, BEGIN + MINUTE)!;
    expect(ask).toMatchObject({ track: 'live', from: BEGIN - SECOND, to: BEGIN + MINUTE - SETTLE, cursor: null });
    expect(walk.next(position, ask, { next: null, date: BEGIN + MINUTE }).more).toBe(false);
  });

  test('catch up after an outage without a rest: the sweep waits until they have', () => {
    const from = BEGIN - 20 * HOUR;
    const track = (at: number) => ({ from: at, to: null, cursor: null, date: null, archive: false, pages: 0 });
    let position: Windows = { live: track(from), sweep: track(from - BEHIND - HOUR), owed: 0 };
    const asks: WindowAsk[] = [];
    for (let more = true; more && asks.length < 100; ) {
      const ask = walk.ask(position, BEGIN)!;
      asks.push(ask);
      ({ position, more } = walk.next(position, ask, { next: null, date: BEGIN }));
    }
    const live = asks.findLastIndex(ask => ask.track === 'live');
    expect(asks.slice(0, live).every(ask => ask.track === 'live')).toBe(true);
    expect(position.live.from).toBe(BEGIN - SETTLE - OVERLAP); // the present, as far as it has settled
    expect(asks.length).toBe(live + 2); // one page of the sweep for the last poll
  });

  test("may not outrun the vendor's clock", () => {
    const position = walk.start(BEGIN);
    const ask = walk.ask(position, BEGIN + 24 * HOUR)!; // ours is a day fast
    const { position: moved } = walk.next(position, ask, { next: null, date: BEGIN + 10 * MINUTE });
    expect(moved.live.from).toBe(BEGIN + 10 * MINUTE - SETTLE - OVERLAP);
  });

  test('stay in a window until it is read out, and remember its first page', () => {
    const first = walk.start(BEGIN);
    const ask = walk.ask(first, BEGIN + HOUR)!;
    const { position, more } = walk.next(first, ask, { next: 'p2', date: BEGIN + HOUR });
    expect(more).toBe(true);
    expect(position.live).toMatchObject({ from: BEGIN - SECOND, to: ask.to, cursor: 'p2', date: BEGIN + HOUR });
    expect(walk.ask(position, BEGIN + 5 * HOUR)).toMatchObject({ from: ask.from, to: ask.to, cursor: 'p2' });
    expect(walk.recover!(position).live).toMatchObject({ from: BEGIN - SECOND, to: null, cursor: null });
  });

  test('have a limit of pages', () => {
    const short = windows({
      since: now => now - SECOND,
      span: SPAN,
      settle: SETTLE,
      overlap: OVERLAP,
      behind: BEHIND,
      maxPages: 3,
    });
    let position = short.start(BEGIN);
    const page = (n: number) => {
      position = short.next(position, short.ask(position, BEGIN + HOUR)!, {
        next: `p${n}`,
        date: BEGIN + HOUR,
      }).position;
    };
    page(1);
    page(2);
    expect(() => page(3)).toThrow(expect.objectContaining({ code: 'E_WALK_PAGES' }));
  });
});

describe('cursor', () => {
  const walk = cursor({ since: now => now - HOUR, onLost: 'hold' });

  test('keeps the last cursor for ever, and its low-water time until the end is reached', () => {
    const start = walk.start(BEGIN);
    expect(walk.ask(start, BEGIN)).toEqual({ cursor: null, since: BEGIN - HOUR });
    const one = walk.next(start, walk.ask(start, BEGIN)!, { next: 'c1', more: true, date: BEGIN });
    expect(one).toEqual({ position: { cursor: 'c1', since: BEGIN - HOUR, low: BEGIN - HOUR }, more: true });
    const two = walk.next(one.position, walk.ask(one.position, BEGIN)!, {
      next: 'c1',
      more: false,
      date: BEGIN + MINUTE,
    });
    expect(two).toEqual({ position: { cursor: 'c1', since: BEGIN - HOUR, low: BEGIN + MINUTE }, more: false });
    const three = walk.next(two.position, walk.ask(two.position, BEGIN)!, { next: null, more: false, date: BEGIN });
    expect(three.position).toEqual({ cursor: 'c1', since: BEGIN - HOUR, low: BEGIN + MINUTE }); // no cursor is no news, and low never falls
  });

  test('holds when it is lost, or begins again at the low-water time', () => {
    expect(walk.recover).toBeUndefined();
    const reseeding = cursor({ since: now => now - HOUR, onLost: 'reseed' });
    expect(reseeding.recover!({ cursor: 'c9', since: 1, low: 77 })).toEqual({ cursor: null, since: 77, low: 77 });
  });
});

test('links are found by their relation', () => {
  expect(linkOf('<https://a.example/x?p=2>; rel="next", <https://a.example/x?p=9>; rel="last"')).toBe(
    'https://a.example/x?p=2',
  );
  expect(linkOf('<https://a.example/x,y?p=2>; title="a"; rel=next')).toBe('https://a.example/x,y?p=2');
  expect(linkOf('<https://a.example/x>; rel="prev"')).toBeNull();
  expect(linkOf(undefined)).toBeNull();
});

test('a page that is not full has no next offset', () => {
  expect(nextOffset(0, 10, 10)).toBe('10');
  expect(nextOffset(10, 3, 10)).toBeNull();
  expect(nextOffset(10, 0, 10)).toBeNull();
});
