// What the commands on a state begin with: its folder, and the receivers of the config as far as they can be created. A
// secret that is missing, or an exporter that is wrong, does not matter to them.
import { dirname, resolve } from 'node:path';
import type { AnyConfig } from '../../config.ts';
import { isObject } from '../../json.ts';
import type { Json } from '../../model.ts';
import { check } from '../../runtime/check.ts';
import { systemClock } from '../../runtime/clock.ts';
import { type Inspected, inspect } from '../../runtime/inspect.ts';
import { LoadError, loadConfig } from '../../runtime/load.ts';
import type { PositionRow } from '../../runtime/state/position-sqlite.ts';
import { hasState, type Standings } from '../../runtime/state/state-tools.ts';
import { inWords } from '../../source/words.ts';
import { listed, Stop, silent, stateOf } from '../session.ts';

export interface Installation {
  /** Of the state. */
  readonly folder: string;
  readonly receivers: readonly Inspected[];
}

/** Throws a Stop where the config cannot be loaded, or is none. */
export const installationOf = async (file: string): Promise<Installation> => {
  const config = await loadConfig(file).catch(error => {
    throw error instanceof LoadError ? new Stop(error.message) : error;
  });
  const { problems, options } = await check(config);
  if (!isObject(config) || !isObject(config.receivers) || !Object.values(config.pipelines ?? {}).every(hasReceivers))
    throw new Stop(`${file} is not a config:\n${listed(problems)}`);
  const [read, folder] = [config as unknown as AnyConfig, dirname(resolve(file))]; // as far as its receivers go
  const receivers = await inspect(read, options, { clock: systemClock, log: silent, folder });
  return { folder: await stateOf(file), receivers };
};

const hasReceivers = (pipeline: unknown): boolean => isObject(pipeline) && Array.isArray(pipeline.receivers);

/** Refuses to change what is not there: a folder with a slip in its name would become a new state. */
export const mustExist = ({ folder }: Installation): void => {
  if (!hasState(folder)) throw new Stop(`there is no state in ${folder} yet: nothing was read`);
};

/** The receiver of this name, with all that moving a position needs; or a Stop. */
export const receiverOf = ({ receivers }: Installation, name: string) => {
  const found = receivers.find(receiver => receiver.name === name);
  if (!found)
    throw new Stop(`there is no receiver '${name}' in the config; there are: ${receivers.map(r => r.name).join(', ')}`);
  const { identity, positions, problem } = found;
  if (identity === undefined) throw new Stop(`the receiver '${name}' cannot be created: ${problem}`);
  return { ...found, identity, positions };
};

/** Positions that no receiver of the config will use: of another name, or of another log. */
export const orphansIn = (
  { positions }: Pick<Standings, 'positions'>,
  { receivers }: Installation,
): readonly PositionRow[] =>
  positions.filter(
    row =>
      !receivers.some(
        ({ name, identity }) => name === row.receiver && (identity === undefined || identity === row.identity),
      ),
  );

/** A stored position in words. */
export const words = ({ value, low }: Pick<PositionRow, 'value' | 'low'>): string => inWords(jsonOf(value), low);

/** What is stored, or the text where it is damaged. */
export const jsonOf = (text: string): Json => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

export const iso = (time: number): string => new Date(time).toISOString();

/** `1 letter`, `1,234 letters` */
export const counted = (n: number, noun: string): string => `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
