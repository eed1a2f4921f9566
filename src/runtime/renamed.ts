// A receiver that was renamed in the config: its log was read before, under a name that is no longer there. Beginning anew
// would read all of it again, so this is asked and not guessed.
import { Fault } from '../fault.ts';

interface Named {
  readonly receiver: string;
  readonly identity: string;
}

/** Throws E_RENAMED for receivers without a position whose log has one under a name that none of them has. */
export const refuseRenamed = (receivers: readonly Named[], positions: readonly Named[]): void => {
  const names = new Set(receivers.map(({ receiver }) => receiver));
  const lines = receivers
    .filter(one => !positions.some(p => p.receiver === one.receiver && p.identity === one.identity))
    .flatMap(({ receiver, identity }) => {
      const olds = positions.filter(p => p.identity === identity && !names.has(p.receiver)).map(p => p.receiver);
      return olds.map(old => `'${receiver}' reads what '${old}' has read: tributary state adopt ${old} ${receiver}`);
    });
  if (lines.length > 0) throw new Fault('E_RENAMED', `a receiver was renamed: ${lines.join('; ')}`);
};
