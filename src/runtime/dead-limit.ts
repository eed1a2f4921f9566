// How many dead letters there may be: too many new ones mean that something else is wrong, and none is ever dropped to make
// room for another. So whoever would make more of them holds.
import { Fault } from '../fault.ts';
import type { Store } from './state/state.ts';

/** New ones a day, of a receiver or at an exporter, where the config does not say. */
export const DEAD_LETTERS = 1000;

/** All that a state keeps. */
const MOST_LETTERS = 100_000;

/**
 * Throws E_DEAD_LIMIT or E_DEAD_FULL where no more letters may be made.
 * @param recent how many were made within a day
 * @param where of whom that is said: ` at collector`
 */
export const assertRoom = async (
  store: Pick<Store, 'letters'>,
  recent: number,
  { limit, most = MOST_LETTERS, where = '' }: { limit: number; most?: number | undefined; where?: string },
): Promise<void> => {
  if (recent > limit)
    throw new Fault('E_DEAD_LIMIT', `${recent} new dead letters in a day${where}, more than ${limit}`);
  const kept = await store.letters();
  if (kept >= most) throw new Fault('E_DEAD_FULL', `${kept} dead letters are kept: there is no room for another`);
};
