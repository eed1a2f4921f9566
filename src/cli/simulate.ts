// `tributary simulate`: the vendors alone, for trying a config of one's own and for tests.
import { readFileSync } from 'node:fs';
import { describe } from '../fault.ts';
import { type FaultScript, readFaults } from '../simulation/faults.ts';
import { command, Stop } from './session.ts';
import { playVendors, simulated } from './vendors.ts';

export interface SimulateFlags {
  readonly events: number;
  readonly seed: number;
  readonly live?: number;
  readonly faults?: string;
}

export const simulate = (vendors: readonly string[], flags: SimulateFlags): Promise<void> =>
  command(async () => {
    const faults = flags.faults === undefined ? undefined : script(flags.faults);
    const played = await playVendors(vendors, { events: flags.events, seed: flags.seed, live: flags.live }, faults);
    const addresses = Object.fromEntries(played.map(p => [p.vendor, p.simulation.url]));
    const credentials = Object.fromEntries(played.map(p => [p.vendor, p.simulation.credentials]));
    process.stdout.write(`${JSON.stringify({ ...addresses, credentials })}\n`);
    process.stderr.write(
      `Simulated: ${played.map(p => p.vendor).join(', ')}, with ${flags.events} events each. Ctrl-C ends it.\n`,
    );
    await new Promise<void>(done => process.once('SIGINT', () => done()).once('SIGTERM', () => done()));
    for (const { simulation } of played) await simulation.close();
  });

/** A list of rules for every vendor, or an object with a list for each: `{ "opal": [...] }`. */
const script = (file: string): ((vendor: string) => FaultScript) => {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Stop(`the fault script ${file} cannot be read: ${describe(error)}`);
  }
  if (typeof json !== 'object' || json === null)
    throw new Stop(`the fault script ${file} must be a list of rules, or an object with a list for each vendor`);
  const scripts = Array.isArray(json) ? { '': json } : (json as Record<string, unknown>);
  const read = Object.entries(scripts).map(([vendor, rules]) => ({ vendor, ...readFaults(rules) }));
  const problems = read.flatMap(r => {
    if (r.vendor !== '' && !simulated().includes(r.vendor))
      return [`  ${r.vendor}: there is no such vendor; there are: ${simulated().join(', ')}`];
    return 'problems' in r ? r.problems.map(p => `  ${r.vendor === '' ? '' : `${r.vendor}.`}${p}`) : [];
  });
  if (problems.length > 0) throw new Stop(`the fault script ${file} has problems:\n${problems.join('\n')}`);
  return vendor => read.flatMap(r => ('script' in r && (r.vendor === '' || r.vendor === vendor) ? r.script : []));
};
