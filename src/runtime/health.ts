// The `health` listener: whether the process works, whether each receiver does, and the metrics. Loaded only when the
// config asks for it.
import type { Clock } from '../component.ts';
import { faults } from '../faults.ts';
import { MINUTE, SECOND } from '../options.ts';
import type { Address } from './address.ts';
import type { Budgets } from './budget.ts';
import { createMeter } from './meter.ts';
import type { Observer } from './observer.ts';
import type { Plan } from './plan.ts';
import { json, serve } from './server.ts';
import { type Standing, standings } from './standing.ts';
import type { Store } from './state.ts';

export interface HealthOptions {
  readonly address: Address;
  readonly plan: Plan;
  readonly clock: Clock;
  readonly budgets: Budgets;
  /** From which lag on a receiver is not ready; ms. */
  readonly lagLimit?: number | undefined;
}

export interface Health {
  /** Where it listens. */
  readonly address: string;
  readonly observers: readonly Observer[];
  /** The same store; its commits are timed. */
  timed(store: Store): Store;
  close(): Promise<void>;
}

/** Listens from now on; throws E_LISTEN when it cannot. */
export const openHealth = async ({ address, lagLimit = 15 * MINUTE, ...rest }: HealthOptions): Promise<Health> => {
  const standing = standings(
    rest.plan.lanes.map(({ receiver }) => receiver.name),
    rest.clock,
  );
  const meter = createMeter({ ...rest, standings: standing });
  const served = await serve(
    'engine.health',
    address,
    new Map([
      ['/livez', (_, response) => json(response, 200, { live: true })],
      [
        '/readyz',
        (_, response) => {
          const receivers = standing.now().map(one => readiness(one, lagLimit));
          const ready = receivers.every(receiver => receiver.ready);
          json(response, ready ? 200 : 503, { ready, receivers });
        },
      ],
      ['/metrics', meter.serve],
    ]),
  );
  return {
    address: served.address,
    observers: [standing.observer, meter.observer],
    timed: meter.timed,
    close: async () => {
      await served.close();
      await meter.close();
    },
  };
};

/**
 * One receiver as `/readyz` tells of it. Words of ours only: what a vendor said is in the log, where fewer can read it.
 */
const readiness = ({ lane, lag, trouble }: Standing, limit: number) => {
  const denied = trouble?.fault.kind === 'denied';
  const slow = lag > limit;
  return {
    receiver: lane,
    ready: !denied && !slow,
    lag_seconds: lag / SECOND,
    ...(slow && { lag_limit_seconds: limit / SECOND }),
    ...(trouble && {
      trouble: {
        code: trouble.fault.code,
        kind: trouble.fault.kind,
        ...(trouble.fault.status !== undefined && { status: trouble.fault.status }),
        place: trouble.place,
        since: new Date(trouble.since).toISOString(),
        meaning: faults[trouble.fault.code].meaning,
        remedy: trouble.fault.remedy,
      },
    }),
  };
};
