// The simulated vendors, found by their folders: a new one needs no entry anywhere.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Spec } from '../component.ts';
import { type Secret, secret } from '../options.ts';
import type { FaultScript } from '../simulation/faults.ts';
import type { Simulation, SimulationOptions, Simulator } from '../simulation/simulator.ts';
import { componentOf, foldersOf } from './folders.ts';
import { Stop } from './session.ts';

const RECEIVERS = new URL('../../receivers/', import.meta.url);
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export interface Played {
  readonly vendor: string;
  readonly simulation: Simulation;
  /** A reference to one of the credentials that the simulation accepts. */
  readonly secret: (option: string) => Secret;
}

/** The receiver of a vendor's folder, for its mapping: its options are nothing. Throws a Stop where there is none. */
export const receiverOf = async (vendor: string): Promise<Spec<'receiver'>> => {
  const known = foldersOf('receivers');
  if (!known.includes(vendor)) throw new Stop(`there is no vendor '${vendor}'; there are: ${known.join(', ')}`, 2);
  return (await componentOf('receiver', vendor)).spec;
};

const foldersWith = (file: string): readonly string[] =>
  readdirSync(fileURLToPath(RECEIVERS))
    .filter(name => existsSync(new URL(`${name}/${file}`, RECEIVERS)))
    .sort();

/** The vendors that can be simulated. */
export const simulated = (): readonly string[] => foldersWith(`simulator.${EXTENSION}`);

/** Starts some vendors, or all. */
export const playVendors = async (
  names: readonly string[],
  options: SimulationOptions,
  faults?: (vendor: string) => FaultScript,
): Promise<readonly Played[]> => {
  const known = simulated();
  const strange = names.filter(name => !known.includes(name));
  if (strange.length > 0)
    throw new Stop(`there is no simulated vendor ${strange.join(', ')}; there are: ${known.join(', ')}`, 2);
  const chosen = names.length === 0 ? known : [...new Set(names)];
  return Promise.all(
    chosen.map(async vendor => {
      const { simulator } = (await import(new URL(`${vendor}/simulator.${EXTENSION}`, RECEIVERS).href)) as {
        simulator: Simulator;
      };
      const simulation = await simulator.start({ ...options, faults: faults?.(vendor) });
      return { vendor, simulation, secret: reveal(vendor, simulation) };
    }),
  );
};

/** Made-up credentials travel as real ones do: as a reference to the environment. */
const reveal =
  (vendor: string, { credentials }: Simulation) =>
  (option: string): Secret => {
    const name = `TRIBUTARY_SIMULATED_${vendor}_${option}`.toUpperCase().replaceAll('-', '_');
    process.env[name] = credentials[option];
    return secret.env(name);
  };
