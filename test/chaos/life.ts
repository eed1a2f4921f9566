// One life of the program, from its start to its end: by a kill, by a signal that it obeys, or by itself.
import { join } from 'node:path';
import { SECOND } from '../../src/options.ts';
import { type Ended, tributary } from '../support/program.ts';
import type { Kill } from './schedule.ts';

const KILL_AT = join(import.meta.dirname, '../support/kill-at.ts');

/** How long it is waited for a place once it works, and for that; then the life ends there. */
const PATIENCE = 5 * SECOND;
const START = 30 * SECOND;

/** What it says when it works. */
const RUNNING = '"running"';

export interface Life extends Ended {
  /** It came by the place at which it was to be killed. */
  readonly met: boolean;
}

/** Until it is killed; or, without a kill, until it ends. */
export const liveUntil = async (
  kill: Kill | undefined,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Life> => {
  if (kill === undefined) return { ...(await tributary(command, { env }).ended), met: true };
  let met = true;
  let timer: NodeJS.Timeout;
  const endAfter = (time: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      met = 'after' in kill;
      child.kill('SIGKILL');
    }, time);
  };
  const { child, ended, said } = tributary(
    command,
    'at' in kill ? { env: { ...env, KILL_AT: kill.at, KILL_VISIT: String(kill.visit) }, preload: KILL_AT } : { env },
  );
  endAfter('after' in kill ? kill.after : START);
  if ('at' in kill)
    said(RUNNING).then(
      () => endAfter(PATIENCE),
      () => {},
    );
  const how = await ended;
  clearTimeout(timer!);
  return { ...how, met };
};

/** Works for a while, and is then asked to end. */
export const liveAndStop = async (
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  work: number,
): Promise<Ended> => {
  const program = tributary(command, { env });
  await Promise.race([program.said(RUNNING), program.ended]);
  const timer = setTimeout(() => program.child.kill('SIGTERM'), work);
  const how = await program.ended;
  clearTimeout(timer);
  return how;
};
