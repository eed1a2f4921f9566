// One life of the program, from its start to its end: by a kill, by a signal that it obeys, or by itself.
import { join } from 'node:path';
import { SECOND } from '../../src/options.ts';
import { type Ended, tributary } from '../support/program.ts';
import type { Kill } from './schedule.ts';

const KILL_AT = join(import.meta.dirname, '../support/kill-at.ts');

/** How long it is waited for a place; then the life ends there. */
const PATIENCE = 6 * SECOND;

export interface Life extends Ended {
  /** It came by the place at which it was to be killed. */
  readonly met: boolean;
}

/** @param command `run`, or `once` */
export const liveUntil = async (
  kill: Kill | undefined,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Life> => {
  const { child, ended } =
    kill && 'at' in kill
      ? tributary(command, { env: { ...env, KILL_AT: kill.at, KILL_VISIT: String(kill.visit) }, preload: KILL_AT })
      : tributary(command, { env });
  let met = true;
  const end = () => {
    met = kill !== undefined && !('at' in kill);
    child.kill('SIGKILL');
  };
  const timer = kill && setTimeout(end, 'after' in kill ? kill.after : PATIENCE);
  const how = await ended;
  clearTimeout(timer);
  return { ...how, met };
};

/** Works for a while, and is then asked to end. */
export const liveAndStop = async (
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  work: number,
): Promise<Ended> => {
  const program = tributary(command, { env });
  await Promise.race([program.said('"running"'), program.ended]);
  const timer = setTimeout(() => program.child.kill('SIGTERM'), work);
  const how = await program.ended;
  clearTimeout(timer);
  return how;
};
