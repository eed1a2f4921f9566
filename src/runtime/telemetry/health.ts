// The `health` listener: whether the process works, whether each receiver does, and the metrics. Loaded only when the
// config asks for it.
import type { MetricReader } from '@opentelemetry/sdk-metrics';
import type { Clock } from '../../component.ts';
import { faults } from '../../faults.ts';
import { MINUTE, SECOND } from '../../options.ts';
import type { Budgets } from '../http/budget.ts';
import type { Plan } from '../plan.ts';
import type { Store } from '../state/state.ts';
import type { Address } from './address.ts';
import { createMeter } from './meter.ts';
import type { Observer } from './observer.ts';
import { type Handler, json, serve } from './server.ts';
import { type Standing, standings, type Trouble } from './standing.ts';

export interface HealthOptions {
  /** Where to listen; nowhere when absent: then metrics are only pushed. */
  readonly address?: Address | undefined;
  /** Pushes the metrics as well. */
  readonly reader?: MetricReader | undefined;
  readonly plan: Plan;
  readonly clock: Clock;
  readonly budgets: Budgets;
  readonly store: Store;
  /** From which lag on a receiver is not ready; ms. */
  readonly lagLimit?: number | undefined;
}

export interface Health {
  /** Where it listens; empty where it does not. */
  readonly address: string;
  readonly observers: readonly Observer[];
  /** The same store; its commits are timed. */
  readonly store: Store;
  close(): Promise<void>;
}

/** Listens from now on; throws E_LISTEN when it cannot. */
export const openHealth = async ({ address, lagLimit = 15 * MINUTE, ...rest }: HealthOptions): Promise<Health> => {
  const standing = standings(rest.plan, rest.clock);
  const meter = createMeter({ ...rest, standings: standing });
  const routes = new Map<string, Handler>([
    ['/livez', (_, response) => json(response, 200, { live: true })],
    [
      '/readyz',
      (_, response) => {
        const receivers = standing.now().map(one => readiness(one, lagLimit));
        const queues = standing.queues().map(({ exporter, trouble }) => ({ exporter, ...verdict(trouble) }));
        const ready = [...receivers, ...queues].every(part => part.ready);
        json(response, ready ? 200 : 503, { ready, receivers, ...(queues.length > 0 && { queues }) });
      },
    ],
    ['/metrics', meter.serve],
  ]);
  const served = address && (await serve('engine.health', address, routes));
  return {
    address: served?.address ?? '',
    observers: [standing.observer, meter.observer],
    store: meter.store,
    close: async () => {
      await served?.close();
      await meter.close();
    },
  };
};

/** One receiver as `/readyz` tells of it. */
const readiness = ({ lane, lag, trouble }: Standing, limit: number) => {
  const { ready, ...told } = verdict(trouble);
  const slow = lag > limit;
  return {
    receiver: lane,
    ready: ready && !slow,
    lag_seconds: lag / SECOND,
    ...(slow && { lag_limit_seconds: limit / SECOND }),
    ...told,
  };
};

/** Words of ours only: what a vendor or a sink said is in the log, where fewer can read it. */
const verdict = (trouble: Trouble | undefined) => {
  if (!trouble) return { ready: true };
  const { fault, place, since } = trouble;
  return {
    ready: fault.kind !== 'denied',
    trouble: {
      code: fault.code,
      kind: fault.kind,
      ...(fault.status !== undefined && { status: fault.status }),
      place,
      since: new Date(since).toISOString(),
      meaning: faults[fault.code].meaning,
      remedy: fault.remedy,
    },
  };
};
