// What each component is given: its own space in the state, its own log, the engine's clock and network, nothing else.
import type { Clock, Context, Fetch, HttpSettings, Logger, ReceiverContext, State } from '../component.ts';
import type { Fault } from '../fault.ts';
import type { Mapping } from '../mapping.ts';
import { identify, type Json } from '../model.ts';
import { labelled } from './log.ts';
import type { Store } from './state/state.ts';
import type { Exchange } from './telemetry/observer.ts';

/** What all components share. */
export interface Ground {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** @param told of each request  @param gone when it aborts, the client is closed */
  readonly http: (settings: HttpSettings, told?: (exchange: Exchange) => void, gone?: AbortSignal) => Fetch;
  readonly mapping: (type: string) => Mapping | undefined;
  /** The folder of the config. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** @param space whose entries and marks these are; nobody else writes there */
export const contextOf = (name: string, space: string, ground: Ground): Context => ({
  name,
  log: labelled(ground.log, { component: name }),
  state: stateOf(space, ground.store),
  clock: ground.clock,
  http: ground.http,
  mapping: ground.mapping,
  folder: ground.folder,
  signal: ground.signal,
});

/** The same, for a component that may go before the others: its signal, and what it opens, end with it. @param watch told of its requests */
export const within = (ground: Ground, gone: AbortSignal, watch?: Watch): Ground => ({
  ...ground,
  signal: gone,
  http: settings => {
    watch?.opened(settings);
    return ground.http(settings, watch?.asked, gone);
  },
});

interface Watch {
  opened(settings: HttpSettings): void;
  asked(exchange: Exchange): void;
}

export const receiverContextOf = (
  name: string,
  ground: Ground,
  tell: { report(fault: Fault, wait: number): void; rest(): void },
): ReceiverContext => ({
  ...contextOf(name, `receiver/${name}`, ground),
  ...tell,
  position: async <P extends Json>(origin: Parameters<typeof identify>[0]) =>
    // What was stored under this identity was written by this receiver; its shape is checked by the walk.
    (await ground.store.position(name, identify(origin))) as { value: P; count: number } | undefined,
});

/** Whose entries and marks those of a processor are: of a pipeline and the log that it reads, whatever its receiver is called. */
export const processorSpace = (pipeline: string, processor: string, identity: string): string =>
  `${pipeline}/${processor}/${identity}`;

const stateOf = (space: string, store: Store): State => ({
  // The component reads what it wrote itself.
  get: async <T extends Json>(key: string) => (await store.get(space, key)) as T | undefined,
  known: ids => store.known(space, ids),
  set: (key, value) => ({ kind: 'set', space, key, value }),
  mark: (ids, remember) => ({ kind: 'mark', space, ids, remember }),
});
