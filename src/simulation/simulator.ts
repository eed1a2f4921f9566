// What a vendor's `simulator.ts` is: the vendor's API played over loopback, as documented, faults included. The demo,
// the tests and the benches find the simulators by their folder.
import type { Spec } from '../component.ts';
import type { Secret } from '../options.ts';
import type { FaultScript } from './faults.ts';

export interface Simulator {
  /** The name of the vendor's folder: `opal`. */
  readonly vendor: string;
  start(options: SimulationOptions): Promise<Simulation>;
}

export interface SimulationOptions {
  /** How many events the vendor has, over all its feeds. */
  readonly events: number;
  /** Equal seeds give equal events. */
  readonly seed: number;
  /** More of them a second, while it runs. */
  readonly live?: number | undefined;
  /** How late the latest ones of the live events are shown, in ms; 4 min when absent: less than a usual overlap. */
  readonly lateness?: number | undefined;
  /** Asked again and again: nothing new happens after this moment of the vendor's clock. Never ends when absent. */
  readonly until?: (() => number) | undefined;
  readonly faults?: FaultScript | undefined;
  /** The vendor's clock, ms since the epoch. */
  readonly now?: (() => number) | undefined;
  /** A port of 127.0.0.1; any free one when absent. */
  readonly port?: number | undefined;
}

export interface Simulation {
  /** What a receiver is given as `baseUrl`, or the folder that it watches. */
  readonly url: string;
  /** What it accepts, by the receiver's option: `{ apiKey: '…' }`. Made up, for loopback only. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Receivers that together read all that it has, by their name in a config. */
  receivers(secret: (option: string) => Secret): Readonly<Record<string, Spec<'receiver'>>>;
  /** The ids of all that it has now, per receiver name: what must come out. */
  ids(): Readonly<Record<string, readonly string[]>>;
  /** How many requests it answered, and with which status. */
  requests(): Readonly<Record<string, number>>;
  close(): Promise<void>;
}
