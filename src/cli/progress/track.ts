// How far each receiver has come in its vendor's history, how fast, and what that says of the rest. Looks on; times are
// given to it, so that it knows no clock.
import type { HttpSettings, Rate } from '../../component.ts';
import type { Standing } from '../../runtime/http/budget.ts';
import { budgetKey } from '../../runtime/http/fetch.ts';
import type { Observer } from '../../runtime/telemetry/observer.ts';
import { toMillis } from '../../time.ts';

/** One receiver, as it stands. */
export interface Progress {
  readonly receiver: string;
  /** What it read. */
  readonly events: number;
  /** Events a second, lately. */
  readonly rate: number;
  /** The time reached in the vendor's history, ms since the epoch; nothing before the first page. */
  readonly reached: number | undefined;
  /** ms that the rest may take; nothing where that cannot be told yet. */
  readonly left: number | undefined;
  /** What the vendor allows is the limit of it. */
  readonly quota: boolean;
  /** `done`, or the code of what it waits out or ended with. */
  readonly state: 'reads' | 'done' | { readonly waits: string } | { readonly failed: string };
}

export interface Tracker {
  readonly observer: Observer;
  /** @param now ms since the epoch  @param standings what the vendors' budgets have left */
  look(now: number, standings: readonly Standing[]): readonly Progress[];
}

/** What was at a moment. */
interface Sample {
  readonly at: number;
  readonly events: number;
  readonly requests: number;
  readonly reached: number | undefined;
}

interface Lane {
  events: number;
  requests: number;
  reached: number | undefined;
  state: Progress['state'];
  key: string | undefined;
  rates: readonly Rate[];
  samples: readonly Sample[];
}

/** How far back "lately" goes, ms; and from how much on there is something to judge by. */
const LATELY = 60_000;
const ENOUGH = 3000;

/** @param receivers who is watched, in this order */
export const tracker = (receivers: readonly string[]): Tracker => {
  const lanes = new Map(
    receivers.map((name): [string, Lane] => [
      name,
      { events: 0, requests: 0, reached: undefined, state: 'reads', key: undefined, rates: [], samples: [] },
    ]),
  );
  const change = (name: string, work: (lane: Lane) => void) => {
    const lane = lanes.get(name);
    if (lane) work(lane);
  };
  const become = (name: string, state: Progress['state']) =>
    change(name, lane => {
      lane.state = state;
    });

  return {
    observer: {
      opened: (name, settings) => change(name, lane => open(lane, settings)),
      asked: name => change(name, lane => void lane.requests++),
      delivered: (name, { batch: { records, move } }) =>
        change(name, lane => {
          lane.events += records.length;
          if (records.length > 0 || typeof lane.state === 'string') lane.state = 'reads';
          if (!move) return;
          // No later than the vendor's clock: an event may say anything of its time.
          const times = records.map(({ time }) => toMillis(time)).filter(time => time <= move.date);
          lane.reached = times.reduce((a, b) => Math.max(a, b), Math.max(lane.reached ?? 0, move.low)) || undefined;
        }),
      faulted: (name, { code }) => become(name, { waits: code }),
      rested: name => become(name, 'done'),
      ended: (name, fault) => become(name, fault ? { failed: fault.code } : 'done'),
    },
    look: (now, standings) => {
      for (const lane of lanes.values()) remember(lane, now);
      const all = [...lanes.values()];
      return [...lanes].map(([receiver, lane]) => {
        const { first, span } = lately(lane, now);
        const rate = span > 0 ? ((lane.events - first.events) * 1000) / span : 0;
        return {
          receiver,
          events: lane.events,
          rate,
          reached: lane.reached,
          state: lane.state,
          ...rest(lane, all, now, standings),
        };
      });
    },
  };
};

const open = (lane: Lane, settings: HttpSettings): void => {
  lane.key = budgetKey(settings);
  lane.rates = settings.rates ?? [];
};

const remember = (lane: Lane, now: number): void => {
  const { events, requests, reached, samples } = lane;
  const sample = { at: now, events, requests, reached };
  const since = samples.findLastIndex(({ at }) => at <= now - LATELY); // the one that "lately" begins with
  lane.samples = [...samples.slice(Math.max(0, since)), sample];
};

const lately = ({ samples }: Lane, now: number) => {
  const first = samples[0]!; // `look` has just taken one
  return { first, span: now - first.at };
};

/** The estimate: the history yet to read, at the speed of late; or what it takes of the vendor's quota, if that is longer. */
const rest = (
  lane: Lane,
  all: readonly Lane[],
  now: number,
  standings: readonly Standing[],
): Pick<Progress, 'left' | 'quota'> => {
  if (lane.state === 'done') return { left: 0, quota: false };
  const own = needs(lane, now);
  if (!own) return { left: undefined, quota: false };
  const budget = standings.find(({ key }) => key === lane.key);
  const others = all.filter(other => other !== lane && other.key === lane.key && other.state !== 'done');
  const requests = [own, ...others.map(other => needs(other, now))].reduce(
    (sum, each) => sum + (each?.requests ?? 0),
    0,
  );
  const beyond = Math.max(0, requests - (budget?.remaining ?? 0));
  const allowed = Math.min(...lane.rates.map(rate => rate.requests / rate.per)); // a ms; without rates, any number
  const byQuota = beyond / allowed;
  const wait = Math.max(0, (budget?.until ?? 0) - now);
  return { left: Math.max(own.time, byQuota) + wait, quota: byQuota > own.time || wait > own.time };
};

/** How long, and how many requests, its history ahead takes at the speed of late. */
const needs = (lane: Lane, now: number): { readonly time: number; readonly requests: number } | undefined => {
  if (lane.reached === undefined || lane.key === undefined) return undefined; // files come in no order
  const first = lane.samples.find(({ reached }) => reached !== undefined);
  const span = first ? now - first.at : 0;
  const come = lane.reached - (first?.reached ?? lane.reached);
  if (!first || span < ENOUGH || come <= 0) return undefined;
  const share = Math.max(0, now - lane.reached) / come;
  return { time: share * span, requests: share * (lane.requests - first.requests) };
};
