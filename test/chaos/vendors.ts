// The four vendors of a history, in live mode: late, repeated and out-of-order events, clocks that are wrong, requests
// that are refused, fail, are cut and hang, and credentials and cursors that end.
import { moody as endorLabs } from '../../receivers/endor-labs/simulator.ts';
import { simulator as onepassword } from '../../receivers/onepassword/simulator.ts';
import { simulator as opal } from '../../receivers/opal/simulator.ts';
import { simulator as opaque } from '../../receivers/opaque/simulator.ts';
import { MINUTE, SECOND } from '../../src/options.ts';
import type { FaultDeed } from '../../src/simulation/faults.ts';
import { dice } from '../property/crash/dice.ts';

export type Vendors = Awaited<ReturnType<typeof startVendors>>;

/** How many events each vendor has when it starts, and how many more a second. */
const [EVENTS, LIVE] = [150, 2];

/** How late the latest events are shown; receivers reach back further than that. */
const LATENESS = 6 * SECOND;

/** Of the vendors' clocks against ours: one is ahead, one behind, one far behind. */
const SKEWS = { opal: 4 * SECOND, onepassword: -10 * MINUTE, endor: -90 * SECOND } as const;

/** So long after its end, all that happened can be asked for: by the clock that is most ahead, and in the last export. */
export const SETTLED = Math.max(...Object.values(SKEWS)) + 3 * SECOND;

/** How often, in ms, cursors or tokens that were given out stop working. */
const FORGETTING = { opal: 7 * SECOND, onepassword: 45 * SECOND, endor: 5 * SECOND } as const;

export const startVendors = async (seed: number) => {
  const begin = Date.now();
  const own = dice(seed);
  let end = Number.POSITIVE_INFINITY;
  let angry = false;
  const rules = faults();
  const { opal: fast, onepassword: slow, endor: late } = SKEWS;
  const usual = (skew: number) => ({
    events: EVENTS,
    live: LIVE,
    lateness: LATENESS,
    seed: own.between(1, 1e6),
    now: () => Date.now() + skew,
    until: () => end + skew,
  });
  const vendors = {
    opal: await opal.start({ ...usual(fast), faults: rules.web }),
    onepassword: await onepassword.start({ ...usual(slow), faults: rules.web }),
    endor: await endorLabs({ tokenLife: 4 * SECOND, days: 3 }).start({ ...usual(late), faults: rules.web }),
    opaque: await opaque.start({ ...usual(0), overlap: 20, every: 4 * SECOND, faults: rules.folder }),
  };
  const forgotten = { 'cursors ended': 0, 'tokens ended': 0 };
  const forget = (every: number, what: keyof typeof forgotten, work: () => void) =>
    setInterval(() => {
      if (!angry) return;
      forgotten[what]++;
      work();
    }, every);
  const timers = [
    forget(FORGETTING.opal, 'cursors ended', vendors.opal.forgetCursors),
    forget(FORGETTING.onepassword, 'cursors ended', vendors.onepassword.forgetCursors),
    forget(FORGETTING.endor, 'tokens ended', vendors.endor.forgetTokens),
  ];

  return {
    begin,
    vendors,
    /** Whether anything fails. At first, nothing does. */
    misbehave: (on: boolean) => {
      angry = on;
      for (const rule of [...rules.web, ...rules.folder]) rule.rate = on ? rule.usual : 0;
    },
    /** Nothing new happens from now on. */
    rest: () => {
      end = Date.now();
    },
    /** The receiver that reads it, by the id of each event that there is. */
    generated: (): ReadonlyMap<string, string> => {
      const ids = Object.values(vendors).flatMap(({ ids }) => Object.entries(ids()));
      return new Map(ids.flatMap(([receiver, all]) => all.map(id => [id, receiver] as const)));
    },
    /** What they did to requests, by kind. */
    faults: (): Readonly<Record<string, number>> => {
      const met: Record<string, number> = { ...forgotten };
      for (const { requests } of Object.values(vendors))
        for (const [kind, count] of Object.entries(requests()))
          if (!/^2|good/.test(kind)) met[kind] = (met[kind] ?? 0) + count;
      return met;
    },
    close: async () => {
      timers.forEach(clearInterval);
      await Promise.all(Object.values(vendors).map(vendor => vendor.close()));
    },
  };
};

/** Rules whose rates can be turned down. */
const faults = () => {
  const rule = (usual: number, deed: FaultDeed) => ({ rate: 0, usual, do: deed });
  return {
    web: [
      rule(0.02, { status: 429, retryAfter: 1 }),
      rule(0.02, { status: 500 }),
      rule(0.01, { status: 503 }),
      rule(0.005, { status: 401 }),
      rule(0.02, { reset: true }),
      rule(0.02, { truncate: true }),
      rule(0.01, { hang: 6 * SECOND }),
    ],
    folder: [rule(0.05, { truncate: true }), rule(0.05, { status: 400 })],
  };
};
