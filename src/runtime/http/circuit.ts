// A vendor that fails again and again is not hammered: whoever shares its origin and credential stops asking, but for one
// request a minute, until one of them works.
import type { Fault } from '../../fault.ts';
import { MINUTE } from '../../options.ts';
import { NO_REST, type Rest, restOf, settledRest } from './rest.ts';

export interface Circuit {
  readonly open: boolean;
  /** The one request that is let through while it is open, where one is under way: settles with it. */
  readonly probe: Promise<void> | undefined;
  /** ms until the next request may be let through; 0 while it is closed. */
  wait(now: number): number;
  /** A request is sent. It is to be told how that ended, once. */
  enter(): Ended;
}

/** @param outcome the fault, or none when it worked; `given up` when nobody waited for its end */
export type Ended = (now: number, outcome: Fault | 'given up' | undefined) => void;

export interface CircuitTold {
  opened(failures: number, last: Fault): void;
  /** @param open how long it was; ms */
  closed(open: number): void;
}

/** So many failures in a row open it: one receiver by itself backs off for four minutes before. */
export const MOST_FAILURES = 10;
export const BETWEEN_PROBES = MINUTE;

export const circuit = (tell: CircuitTold): Circuit => {
  let failures = 0; // in a row
  let opened: number | undefined;
  let rest: Rest = NO_REST;
  let probe: PromiseWithResolvers<void> | undefined;

  const failed = (now: number, fault: Fault) => {
    failures++;
    if (failures < MOST_FAILURES) return;
    rest = restOf(BETWEEN_PROBES, now);
    if (opened !== undefined) return;
    opened = now;
    tell.opened(failures, fault);
  };
  const worked = (now: number) => {
    if (opened !== undefined) tell.closed(Math.max(0, now - opened));
    failures = 0;
    opened = undefined;
    rest = NO_REST;
  };

  return {
    get open() {
      return opened !== undefined;
    },
    get probe() {
      return probe?.promise;
    },
    wait: now => {
      rest = settledRest(rest, now);
      return rest.left;
    },
    enter: () => {
      const mine = opened === undefined ? undefined : Promise.withResolvers<void>();
      probe ??= mine;
      return (now, outcome) => {
        if (outcome === undefined || (outcome !== 'given up' && !isSick(outcome))) worked(now);
        else if (outcome !== 'given up') failed(now, outcome);
        if (mine && probe === mine) probe = undefined;
        mine?.resolve();
      };
    },
  };
};

/** Whether it says that the vendor is ill. One that refuses, or asks us to wait, is well. */
const isSick = ({ code, kind }: Fault): boolean => kind === 'transient' && SICK.has(code);

const SICK: ReadonlySet<string> = new Set(['E_NETWORK', 'E_TIMEOUT', 'E_HTTP_SERVER', 'E_BODY_BROKEN']);
