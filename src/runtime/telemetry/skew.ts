// A clock that is wrong is said once. Nothing is lost by it: how far a window reaches is told by the vendor's clock. But we
// ask for no more than what has happened by ours.
import type { Logger } from '../../component.ts';
import { MINUTE, SECOND } from '../../options.ts';
import type { Exchange, Observer } from './observer.ts';

/** From this on a difference is none of the network; ms. */
const WRONG = 5 * MINUTE;

/**
 * Our clock minus the vendor's, ms; nothing where it does not say. A `Date` header is cut to the second: half of one is
 * added, and what remains is within a second of the truth.
 */
export const skewOf = ({ sent, took, date }: Exchange): number | undefined =>
  date === undefined ? undefined : sent + took / 2 - (date + SECOND / 2);

export const watchSkew = (log: Logger): Observer => {
  const wrong = new Set<string>(); // lanes
  return {
    asked: (lane, exchange) => {
      const skew = skewOf(exchange);
      if (skew === undefined || Math.abs(skew) > WRONG === wrong.has(lane)) return;
      const seconds = Math.round(skew / SECOND);
      if (wrong.delete(lane)) return log.info({ lane, seconds }, "our clock agrees with the vendor's again");
      wrong.add(lane);
      const late = skew < 0 ? ': events are read that much later' : ': nothing is lost, but dates of ours are wrong';
      log.warn(
        { lane, seconds },
        `our clock is ${Math.abs(seconds)} s ${skew < 0 ? 'behind' : 'ahead of'} the vendor's${late}`,
      );
    },
  };
};
