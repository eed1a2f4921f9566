// How something does, in one word for programs and one sentence for people.
import { faults } from '../../faults.ts';
import type { Trouble } from '../telemetry/standing.ts';

/**
 * - fine: it works, and is up to date
 * - reading: it has not reached the vendor's end since the start
 * - behind: it reached it, but that is longer ago than the limit
 * - waiting: a fault is waited out that passes by itself
 * - held: somebody has to do something
 * - ended: it has no more to do
 */
export type State = 'fine' | 'reading' | 'behind' | 'waiting' | 'held' | 'ended';

export interface Verdict {
  readonly state: State;
  readonly words: string;
}

export interface Seen {
  readonly trouble: Trouble | undefined;
  /** ms */
  readonly lag: number;
  readonly lagLimit: number;
  readonly rested: boolean;
  readonly ended: boolean;
}

export const verdictOf = ({ trouble, lag, lagLimit, rested, ended }: Seen): Verdict => {
  if (trouble) {
    const { kind, code } = trouble.fault;
    return { state: kind === 'transient' ? 'waiting' : 'held', words: faults[code].meaning };
  }
  if (ended) return { state: 'ended', words: 'It has read all there is, and ended.' };
  if (!rested) return { state: 'reading', words: "It has not reached the vendor's end yet since the start." };
  return lag > lagLimit
    ? { state: 'behind', words: "It is longer ago than the limit that it reached the vendor's end." }
    : { state: 'fine', words: 'It is up to date.' };
};

/** The worst of all, and how many are so. */
export const overall = (receivers: readonly Named[], exporters: readonly Named[]): Verdict => {
  const all = [...receivers, ...exporters];
  const worst = WORST.find(state => all.some(one => one.state === state)) ?? 'fine';
  const affected = all.filter(one => one.state === worst);
  const names = affected.map(({ name }) => name).join(', ');
  return { state: worst, words: sentence(worst, names, affected.length, receivers.length) };
};

interface Named extends Verdict {
  readonly name: string;
}

const WORST: readonly State[] = ['held', 'waiting', 'behind', 'reading', 'fine', 'ended'];

const sentence = (state: State, names: string, count: number, receivers: number): string => {
  const one = count === 1;
  if (state === 'held') return `${names} ${one ? 'needs' : 'need'} you.`;
  if (state === 'waiting') return `${names} ${one ? 'waits' : 'wait'} for something that passes by itself.`;
  if (state === 'behind') return `${names} ${one ? 'is' : 'are'} behind.`;
  if (state === 'reading') return `${names} ${one ? 'is' : 'are'} reading what there is.`;
  if (state === 'ended') return 'All is read.';
  return receivers === 1 ? 'The receiver is up to date.' : `All ${receivers} receivers are up to date.`;
};
