// What a receiver is rehearsed on: a state in memory, which begins empty and ends with the rehearsal, so that no production
// state is even opened; and clocks that show the same in the recording and in the replay.
import type { Clock } from '../../component.ts';
import { Fault } from '../../fault.ts';
import type { Json } from '../../model.ts';
import { nowhere } from '../rehearse.ts';
import type { Store } from '../state/state.ts';

/** A state in memory. Dead letters, queues and notes are not kept. @param position where the one receiver stands */
export const scratchState = (position?: Json): Store => {
  const positions = new Map<string, { value: Json; count: number }>();
  const entries = new Map<string, Json>();
  const marks = new Set<string>();
  const keyOf = (...parts: readonly string[]) => JSON.stringify(parts);
  return {
    ...nowhere,
    position: async (receiver, identity) =>
      positions.get(keyOf(receiver, identity)) ?? (position === undefined ? undefined : { value: position, count: 1 }),
    get: async (space, key) => entries.get(keyOf(space, key)),
    known: async (space, ids) => new Set(ids.filter(id => marks.has(keyOf(space, id)))),
    commit: async writes => {
      for (const write of writes) {
        if (write.kind === 'move')
          positions.set(keyOf(write.receiver, write.identity), {
            value: write.move.position,
            count: write.move.after + 1,
          });
        else if (write.kind === 'set') entries.set(keyOf(write.space, write.key), write.value);
        else if (write.kind === 'mark') for (const id of write.ids) marks.add(keyOf(write.space, id));
      }
    },
  };
};

/** Shows the moment at which it was made, for as long as nobody sleeps; then it moves by just that. Sleeps are real. */
export const recordingClock = ({ now, sleep }: Clock): Clock => {
  let shown = now();
  return {
    now: () => shown,
    sleep: async (ms, signal) => {
      await sleep(ms, signal);
      shown += ms;
    },
  };
};

/** Sleeps that may follow each other without a request between them. */
const MOST_SLEEPS = 1000;

/** A clock that moves by what is slept, at once. `touch` says that something else happened. */
export const replayClock = (start: number): Clock & { touch(): void } => {
  let shown = start;
  let sleeps = 0;
  return {
    now: () => shown,
    sleep: async (ms, signal) => {
      await new Promise(setImmediate);
      signal?.throwIfAborted();
      if (++sleeps > MOST_SLEEPS) throw new Fault('E_CONVERSATION', 'the receiver asks for nothing more');
      shown += Math.max(0, ms);
    },
    touch: () => {
      sleeps = 0;
    },
  };
};
