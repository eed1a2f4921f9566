// One receiver of a plan, run alone on a scratch state, through the processors of its pipelines: what would be handed to the
// exporters is handed to the caller. The delivery is the engine's own; nothing of the engine's state, queues or sinks is there.
import type { Clock, Fetch, HttpSettings, Logger } from '../../component.ts';
import { asFault, type Fault } from '../../fault.ts';
import { type AuditRecord, identify, type Json } from '../../model.ts';
import type { Delivery } from '../account.ts';
import { contextOf, type Ground, processorSpace, receiverContextOf } from '../context.ts';
import { deliver, type Route } from '../deliver.ts';
import type { Handle } from '../handle.ts';
import type { LanePlan } from '../plan.ts';
import { scratchState } from './scratch.ts';

export interface Trial {
  readonly lane: LanePlan;
  readonly clock: Clock;
  readonly log: Logger;
  readonly http: (settings: HttpSettings) => Fetch;
  /** Of the config. */
  readonly folder: string;
  /** Where the receiver stands; at its beginning when absent. */
  readonly position?: Json | undefined;
}

/** What happened: a page was delivered, the vendor has no more for now, or a fault would be waited out. */
export type Happening =
  | { readonly page: Delivery; readonly records: readonly AuditRecord[] }
  | { readonly rest: true }
  | { readonly fault: Fault };

/** What became of the trial. */
export interface Outcome {
  readonly identity: string;
  readonly site: string;
}

/**
 * Runs the receiver until `enough` says so; it is asked after each happening, and the receiver asks for nothing meanwhile.
 * Rejects with what cannot be waited out.
 */
export const runTrial = async (
  { lane: { receiver: part, routes }, clock, log, http, folder, position }: Trial,
  enough: (happening: Happening) => boolean,
): Promise<Outcome> => {
  const gone = new AbortController();
  const ended = Promise.withResolvers<void>();
  const ground: Ground = {
    store: scratchState(position),
    clock,
    log,
    http,
    folder,
    mapping: type => (type === part.spec.type ? part.spec.ocsf : undefined),
    signal: gone.signal,
  };
  let over = false;
  const tell = (happening: Happening) => {
    if (over || !enough(happening)) return;
    over = true;
    subscription.unsubscribe(); // now: a moment later the next request would be on its way
    ended.resolve();
  };
  const report = (fault: Fault) => tell({ fault });

  const receiver = part.spec.create(
    receiverContextOf(part.name, ground, { report, rest: () => tell({ rest: true }) }),
    part.options,
  );
  const identity = identify(receiver.origin);
  let handed: AuditRecord[] = [];
  const hand: Handle = {
    name: 'rehearsal',
    hand: async given => {
      handed = given.flatMap(({ records }) => records);
      return {};
    },
  };
  const lane = { name: part.name, identity, routes: routes.map(route => opened(route, identity, ground, hand)) };

  const subscription = receiver.emissions.subscribe({
    error: ended.reject,
    next: ({ batch, receipt }) => {
      handed = [];
      deliver(batch, lane, { store: ground.store, clock, signal: gone.signal, report }).then(
        page => {
          receipt.deliver();
          // The first commit of a receiver only says where it begins.
          if (batch.move?.after !== 0) tell({ page, records: handed });
        },
        error => {
          receipt.abandon(error);
          ended.reject(error);
        },
      );
    },
  });
  try {
    await ended.promise;
    return { identity, site: receiver.origin.site };
  } finally {
    subscription.unsubscribe();
    gone.abort(asFault(new Error('the rehearsal is over')));
    await receiver.close?.();
    for (const { processors } of lane.routes) for (const { processor } of processors) await processor.close?.();
  }
};

const opened = (
  { pipeline, processors }: LanePlan['routes'][number],
  identity: string,
  ground: Ground,
  hand: Handle,
): Route => ({
  pipeline,
  processors: processors.map(({ name, spec, options }) => ({
    name,
    type: spec.type,
    processor: spec.create(contextOf(name, processorSpace(pipeline, name, identity), ground), options),
  })),
  exporters: [hand],
});
