// A receiver that was renamed in the config goes on where it stood under its old name. Whoever reads a log is known by more
// than a name, so it is asked for by a command and never guessed. Pure.
import { Fault } from '../fault.ts';
import { identityInWords } from './state/state-tools.ts';

export interface Adoption {
  /** The name before. */
  readonly from: string;
  /** The name in the config. */
  readonly to: string;
  /** Why, for the history. */
  readonly reason: string;
}

/** An adoption that can be; whose log it is. */
export interface Adopted extends Adoption {
  readonly identity: string;
}

interface Named {
  readonly receiver: string;
  readonly identity: string;
}

/** Throws E_ADOPT where it cannot be, and says why. @param receivers those that run by the config */
export const adoptionOf = (
  { from, to, reason }: Adoption,
  receivers: readonly Named[],
  positions: readonly Named[],
): Adopted => {
  const refuse = (why: string) => new Fault('E_ADOPT', why);
  const own = receivers.find(({ receiver }) => receiver === to);
  if (!own) throw refuse(`'${to}' does not run: it is in no pipeline of the config`);
  const { identity } = own;
  if (receivers.some(({ receiver }) => receiver === from))
    throw refuse(`'${from}' still runs: it is in a pipeline of the config`);
  const olds = positions.filter(({ receiver }) => receiver === from);
  if (olds.length === 0) {
    const names = [...new Set(positions.map(({ receiver }) => receiver))];
    throw refuse(`there is no position of '${from}'; there are: ${names.join(', ')}`);
  }
  if (!olds.some(row => row.identity === identity)) {
    const lines = [[to, identity], ...olds.map(row => [from, row.identity])] as const;
    const logs = lines.map(([name, log]) => `  ${name}: ${identityInWords(log!)}`).join('\n');
    throw refuse(`'${to}' reads another log than '${from}' did:\n${logs}`);
  }
  if (positions.some(row => row.receiver === to && row.identity === identity))
    throw refuse(`'${to}' has a position of its own already`);
  return { from, to, reason, identity };
};

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
