// A vendor of one history: what happened there, when it became visible, and how its API pages, sorts and dates it.
import type { Call } from '../../../src/component.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../../src/options.ts';
import type { Dice } from './dice.ts';

export interface Happening {
  readonly id: string;
  readonly time: number;
  /** When the API begins to show it. */
  readonly visible: number;
  /** How many parts a processor makes of it. */
  readonly parts: number;
  /** A processor throws on it. */
  readonly poison: boolean;
}

export interface World {
  readonly walk: 'windows' | 'cursor';
  /** The moment at which the history begins: the first start of the program. */
  readonly begin: number;
  /** When everything that will ever be visible is. */
  readonly end: number;
  /** When the last event happened at the latest. */
  readonly quiet: number;
  /** How far into the past it is read at the first start. */
  readonly back: number;
  readonly every: number;
  readonly span: number;
  readonly settle: number;
  readonly overlap: number;
  readonly behind: number;
  readonly remember: number;
  /** ms that a page takes at most. */
  readonly slow: number;
  readonly happenings: readonly Happening[];
  readonly lastVisible: number;
  /** Our clock minus the vendor's. */
  skew(truth: number): number;
  answer(query: NonNullable<Call['query']>, truth: number): Page;
}

export interface Page {
  readonly items: readonly unknown[];
  readonly next: string | null;
  readonly more: boolean;
}

export const world = (dice: Dice, seed: number): World => {
  const { pick, chance, between } = dice;
  const begin = 1_700_000_000_000;
  const walk = pick('windows', 'windows', 'windows', 'cursor');
  const settle = 30 * SECOND;
  const overlap = 5 * MINUTE;
  const span = pick(30 * MINUTE, HOUR, 6 * HOUR);
  const behind = pick(HOUR, 2 * HOUR, 3 * HOUR);
  const latest = walk === 'windows' ? pick(0, settle + overlap, behind) : 5 * HOUR;
  const back = pick(0, HOUR, 8 * HOUR);
  const active = pick(2, 5, 9) * HOUR;
  const grain = pick(1, SECOND, MINUTE, 7 * MINUTE); // coarse clocks make equal times
  const poison = pick(0, 0, 0.05);
  const happenings = Array.from({ length: between(20, 220) }, (_, i): Happening => {
    const time = Math.max(begin - back, Math.floor((begin - back + dice.next() * (back + active)) / grain) * grain);
    const late = chance(0.7) ? 0 : Math.floor(dice.next() * latest);
    return { id: `e${i}-${seed}`, time, visible: time + late, parts: pick(0, 0, 1, 2, 3), poison: chance(poison) };
  });
  const resend = walk === 'cursor' && chance(0.5) ? 0.1 : 0; // 1Password sends some twice
  const log = [
    ...happenings.map(e => ({ e, at: e.visible })),
    ...happenings.filter(() => chance(resend)).map(e => ({ e, at: e.visible + 40 * MINUTE })),
  ].sort((a, b) => a.at - b.at);

  return {
    walk,
    begin,
    settle,
    overlap,
    span,
    behind,
    back,
    every: pick(5, 10, 20) * MINUTE,
    remember: walk === 'cursor' ? pick(HOUR, 14 * DAY) : pick(MINUTE, HOUR, 14 * DAY),
    slow: pick(3000, 3000, 200_000),
    end: begin + active + latest + behind + 5 * HOUR + 2 * span,
    quiet: begin + active,
    happenings,
    lastVisible: log.at(-1)!.at,
    skew: skew(dice, begin),
    answer: walk === 'cursor' ? stream(log, between(1, 40)) : list(happenings, between(1, 40), dice),
  };
};

/** Our clock may be wrong, always or now and then, by minutes or by days. */
const skew = ({ pick, between }: Dice, begin: number) => {
  const kind = pick('none', 'none', 'ahead', 'behind', 'an hour once', 'flapping', 'days', 'days once');
  const phase = between(0, 5);
  return (truth: number): number => {
    const turn = Math.floor((truth - begin) / (17 * MINUTE)) + phase;
    if (kind === 'ahead') return 10 * MINUTE;
    if (kind === 'behind') return -10 * MINUTE;
    if (kind === 'an hour once') return turn === 9 ? HOUR : 0;
    if (kind === 'flapping') return [HOUR, -HOUR, 0][Math.abs(turn) % 3]!;
    if (kind === 'days') return 3 * DAY;
    return kind === 'days once' && turn % 11 === 9 ? 3 * DAY : 0;
  };
};

const wire = ({ id, time, parts, poison }: Happening) => ({ id, time: new Date(time).toISOString(), parts, poison });

/** An API that keeps our place. */
const stream =
  (log: readonly { readonly e: Happening; readonly at: number }[], size: number): World['answer'] =>
  ({ cursor }, truth) => {
    const from = Number(cursor ?? 0);
    const seen = log.filter(l => l.at <= truth);
    const items = seen.slice(from, from + size).map(l => wire(l.e));
    return { items, next: String(from + items.length), more: from + items.length < seen.length };
  };

/** An API that filters by time: in some order, with bounds in or out, paging by snapshot, offset or key. */
const list = (happenings: readonly Happening[], size: number, { pick }: Dice): World['answer'] => {
  const order = pick('ascending', 'descending', 'id', 'mixed');
  const bounds = pick('[)', '[]', '()', '(]');
  const paging = pick('snapshot', 'offset', 'keyset');
  const snapshots = new Map<string, readonly Happening[]>();
  const rank = (e: Happening) =>
    order === 'ascending' ? e.time : order === 'descending' ? -e.time : order === 'mixed' ? e.time % 1009 : 0;
  const compare = (a: Happening, b: Happening) => rank(a) - rank(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

  return ({ from, to, cursor }, truth) => {
    const inside = (t: number) =>
      (bounds[0] === '[' ? t >= Number(from) : t > Number(from)) &&
      (bounds[1] === ')' ? t < Number(to) : t <= Number(to));
    const all = () => happenings.filter(e => e.visible <= truth && inside(e.time)).sort(compare);
    if (paging === 'keyset') {
      const rest = all().filter(e => !cursor || compare(e, JSON.parse(String(cursor)) as Happening) > 0);
      return {
        items: rest.slice(0, size).map(wire),
        next: rest.length > size ? JSON.stringify(rest[size - 1]) : null,
        more: false,
      };
    }
    const [key, at] = cursor ? (JSON.parse(String(cursor)) as [string, number]) : [`s${snapshots.size}`, 0];
    if (paging === 'snapshot' && !snapshots.has(key)) snapshots.set(key, all());
    const found = paging === 'snapshot' ? snapshots.get(key)! : all();
    const items = found.slice(at, at + size);
    return {
      items: items.map(wire),
      next: at + items.length < found.length ? JSON.stringify([key, at + items.length]) : null,
      more: false,
    };
  };
};
