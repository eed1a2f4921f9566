// How each lane stands right now: how long ago it reached its vendor's end, and what it waits out; and how the reader of
// each queue does.
import type { Clock } from '../../component.ts';
import type { Fault } from '../../fault.ts';
import type { Plan } from '../plan.ts';
import type { Observer } from './observer.ts';

export interface Standing {
  /** The receiver's name. */
  readonly lane: string;
  /** ms since it last reached the vendor's end, or since the start as long as it has not; 0 once it is done. */
  readonly lag: number;
  /** What it waits out, or ended with. */
  readonly trouble: Trouble | undefined;
}

/** Of the reader of a queue. */
export interface QueueStanding {
  readonly exporter: string;
  readonly trouble: Trouble | undefined;
}

export interface Trouble {
  readonly fault: Fault;
  /** `receiver/NAME` or `exporter/NAME` */
  readonly place: string;
  /** Since when nothing has worked; ms since the epoch. */
  readonly since: number;
}

export interface Standings {
  readonly observer: Observer;
  /** Of every lane, in the order of the config. */
  now(): readonly Standing[];
  queues(): readonly QueueStanding[];
}

/** Of everything that runs in a plan, and in those that take its place. */
export const standings = (first: Plan, clock: Clock): Standings => {
  const rested = new Map<string, number>();
  const troubles = new Map<string, Trouble>(); // by lane; a queue's by its place
  const done = new Set<string>();
  let lanes: readonly string[] = [];
  let queues: readonly string[] = [];

  const planned = (plan: Plan) => {
    lanes = plan.lanes.map(({ receiver }) => receiver.name);
    queues = plan.exporters.filter(({ queue }) => queue).map(({ name }) => name);
    const places = [...lanes, ...queues.map(name => `exporter/${name}`)];
    for (const kept of [rested, troubles, done])
      for (const place of kept.keys()) if (!places.includes(place)) kept.delete(place);
    for (const lane of lanes) if (!rested.has(lane)) rested.set(lane, clock.now());
  };
  planned(first);

  const trouble = (lane: string, fault: Fault, place: string) =>
    troubles.set(lane, { fault, place, since: troubles.get(lane)?.since ?? clock.now() });

  return {
    observer: {
      planned,
      began: lane => {
        done.delete(lane);
        troubles.delete(lane);
      },
      reading: exporter => void troubles.delete(`exporter/${exporter}`),
      delivered: (lane, { batch }) => {
        if (batch.records.length > 0) troubles.delete(lane); // an empty step proves nothing: the start is one
      },
      rested: lane => {
        rested.set(lane, clock.now());
        troubles.delete(lane);
      },
      dequeued: exporter => void troubles.delete(`exporter/${exporter}`),
      faulted: (lane, fault, place) => void trouble(lane, fault, place),
      ended: (lane, fault) => {
        if (fault) trouble(lane, fault, troubles.get(lane)?.place ?? `receiver/${lane}`);
        else done.add(lane);
      },
    },
    now: () =>
      lanes.map(lane => ({
        lane,
        lag: done.has(lane) ? 0 : Math.max(0, clock.now() - rested.get(lane)!),
        trouble: troubles.get(lane),
      })),
    queues: () => queues.map(exporter => ({ exporter, trouble: troubles.get(`exporter/${exporter}`) })),
  };
};
