// The engine's own metrics, counted where everything passes and not by components: authors cannot forget. Names are the
// OpenTelemetry Collector's where it has one, so that dashboards made for it read us too. `docs/metrics.md` explains each.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ObservableResult } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider, type MetricReader } from '@opentelemetry/sdk-metrics';
import type { Clock, HttpSettings } from '../../component.ts';
import type { AuditRecord } from '../../model.ts';
import { MINUTE, SECOND } from '../../options.ts';
import { toMillis } from '../../time.ts';
import { version } from '../../version.ts';
import type { Delivery } from '../account.ts';
import { unaccounted } from '../fate.ts';
import type { Budgets } from '../http/budget.ts';
import { budgetKey } from '../http/fetch.ts';
import type { LanePlan, Plan } from '../plan.ts';
import type { Store } from '../state/state.ts';
import { instruments, namesOf } from './instruments.ts';
import type { Exchange, Observer } from './observer.ts';
import { meterProcess } from './process.ts';
import { resource } from './resource.ts';
import { skewOf } from './skew.ts';
import type { Standings } from './standing.ts';

export interface MeterOptions {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly budgets: Budgets;
  readonly standings: Standings;
  readonly store: Store;
  /** Pushes the metrics as well. */
  readonly reader?: MetricReader | undefined;
}

export interface OwnMeter {
  readonly observer: Observer;
  /** The same store; its commits are timed. */
  readonly store: Store;
  /** Answers with all metrics, as Prometheus reads them. */
  serve(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

/** A record counts as late when it happened so long before the vendor's end was reached, and yet was not there. */
const LATE = MINUTE;

/** What is remembered of a receiver between two deliveries. */
interface Memory {
  /** When its newest event happened; ms since the epoch. */
  newest: number | undefined;
  /** The vendor's clock when a page was last read, and when its end was last reached; ms since the epoch. */
  date: number;
  end: number;
  /** Nothing that happened before will be read again; ms since the epoch. */
  low: number | undefined;
  /** Our clock against the vendor's; ms. */
  skew: number | undefined;
  unaccounted: number;
  /** Whether a processor drops what was delivered before. */
  readonly remembered: boolean;
  /** Its clients, by what the vendor counts them by. */
  readonly clients: Map<string, HttpSettings>;
}

export const createMeter = ({ plan, clock, budgets, standings, store, reader }: MeterOptions): OwnMeter => {
  const prometheus = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const provider = new MeterProvider({ resource, readers: [prometheus, ...(reader ? [reader] : [])] });
  const meter = provider.getMeter('tributary', version);

  const gauge = (name: string, description: string, observe: (result: ObservableResult) => void | Promise<void>) =>
    meter.createObservableGauge(name, { description }).addCallback(observe);

  const started = clock.now();
  const count = instruments(meter);
  const memories = new Map<string, Memory>(); // also of receivers that are gone: a lane that ends may still deliver
  const of = (lane: string): Memory => memories.get(lane)!; // the engine runs the lanes of a plan
  const dedupes = new Set<string>();
  const queues = new Map<string, number>(); // their limits; 0 once they are gone
  let lanes: readonly string[] = [];

  const planned = (next: Plan) => {
    const names = namesOf(next);
    count.expect(names);
    for (const name of names.dedupes) dedupes.add(name);
    lanes = next.lanes.map(({ receiver }) => receiver.name);
    for (const lane of next.lanes) {
      const { name } = lane.receiver;
      memories.set(name, { ...(memories.get(name) ?? blank()), remembered: remembers(lane, dedupes) });
    }
    for (const name of queues.keys()) queues.set(name, 0);
    for (const { name, queue } of next.exporters) if (queue) queues.set(name, queue.limit);
  };
  planned(plan);

  /** One value for each receiver that has one. A series cannot end: what is no longer known is not a number. */
  const perReceiver = (name: string, description: string, value: (lane: string) => number | undefined) => {
    const begun = new Set<string>();
    gauge(name, description, result => {
      for (const receiver of memories.keys()) {
        const number = lanes.includes(receiver) ? value(receiver) : undefined;
        if (number !== undefined) begun.add(receiver);
        if (begun.has(receiver)) result.observe(number ?? Number.NaN, { receiver });
      }
    });
  };

  perReceiver('tributary_receiver_lag_seconds', 'Since the end of the vendor was last reached', receiver =>
    seconds(standings.now().find(({ lane }) => lane === receiver)?.lag),
  );
  perReceiver(
    'tributary_receiver_silence_seconds',
    'Since the newest event, or since the start while none was read',
    lane => (clock.now() - (of(lane).newest ?? started)) / SECOND,
  );
  perReceiver('tributary_receiver_sweep_lag_seconds', 'Since the oldest moment that may be read again', lane =>
    since(of(lane).low, clock.now()),
  );
  perReceiver('tributary_receiver_clock_skew_seconds', 'Our clock minus that of the vendor', lane =>
    seconds(of(lane).skew),
  );
  const pools = (lane: string) => budgets.standings().filter(({ key }) => of(lane).clients.has(key));
  perReceiver('tributary_receiver_budget_remaining', 'Requests that the quota of the vendor has left', lane =>
    least(pools(lane).map(({ told, remaining }) => told ?? remaining)),
  );
  perReceiver('tributary_receiver_circuit_open', '1 while the vendor fails and is asked once a minute only', lane =>
    most(pools(lane).map(({ open }) => Number(open))),
  );
  perReceiver('tributary_receiver_credential_expiry_seconds', 'Until the credential ends', lane => {
    const ends = least([...of(lane).clients.values()].map(({ auth }) => auth?.expires?.()));
    return ends === undefined ? undefined : (ends - clock.now()) / SECOND;
  });
  perReceiver('tributary_unaccounted_records', 'Records without a known fate: must be 0', lane => of(lane).unaccounted);
  gauge('otelcol_exporter_queue_size', 'Bytes on disk that wait to be sent', async result => {
    const holdings = await store.queues();
    for (const exporter of queues.keys()) result.observe(holdings.get(exporter)?.bytes ?? 0, { exporter });
  });
  gauge('otelcol_exporter_queue_capacity', 'Bytes on disk from which on the queue is full', result => {
    for (const [exporter, limit] of queues) result.observe(limit || Number.NaN, { exporter });
  });
  let fresh = 1; // the start counts as one that went well
  gauge('tributary_config_last_reload_success', '1 while what runs is what the config says', result =>
    result.observe(fresh),
  );
  meterProcess(meter);

  const countLate = (receiver: string, records: readonly AuditRecord[]) => {
    const { end, date } = of(receiver);
    for (const record of records) {
      const happened = toMillis(record.time);
      if (record.part || isUnsure(record) || happened >= end - LATE) continue;
      count.late.add(1, { receiver });
      count.lateness.record((date - happened) / SECOND, { receiver });
    }
  };

  const countRoute = ({ pipeline, steps }: Delivery['routes'][number]) => {
    for (const step of steps) {
      const component = `pipeline/${pipeline}/${step.name}`;
      count.incoming.add(step.incoming.length, { processor: step.name });
      count.outgoing.add(step.outgoing.length, { processor: step.name });
      if (dedupes.has(step.name))
        count.duplicate.add(step.incoming.length - step.outgoing.length - step.dead.length, { component });
      count.unmapped.add(Math.max(0, drifting(step.outgoing) - drifting(step.incoming)), { component });
      count.dead.add(step.dead.length, { component });
    }
  };

  const delivered = (receiver: string, delivery: Delivery) => {
    const { batch, routes } = delivery;
    const mine = of(receiver);
    count.accepted.add(batch.records.length, { receiver });
    count.guessed.add(batch.records.filter(record => record.guessed).length, { component: `receiver/${receiver}` });
    count.gaps.add(batch.gap ? Math.max(0, batch.gap.to - batch.gap.from) / SECOND : 0, { receiver });
    routes.forEach(countRoute);
    for (const { name, records, refused, queued } of delivery.exporters) if (!queued) countSent(name, records, refused);
    mine.unaccounted += unaccounted(delivery);
    mine.date = batch.move?.date || mine.date;
    mine.low = batch.move?.low ?? mine.low;
    mine.newest = newest(batch.records, mine.newest);
    // Read again is not late: where something remembers, only what it lets through is new.
    const sieve = routes.flatMap(route => route.steps).find(step => dedupes.has(step.name));
    countLate(receiver, mine.remembered ? (sieve?.outgoing ?? []) : batch.records);
  };

  const countSent = (exporter: string, records: readonly AuditRecord[], refused: number) => {
    count.sent.add(records.length - refused, { exporter });
    count.failed.add(refused, { exporter });
    count.dead.add(refused, { component: `exporter/${exporter}` });
  };

  const asked = (receiver: string, exchange: Exchange) => {
    const { status, took } = exchange;
    const labels = { receiver, status: String(status ?? 'none') };
    count.requests.add(1, labels);
    count.asking.record(took / SECOND, labels);
    of(receiver).skew = skewOf(exchange) ?? of(receiver).skew;
  };

  return {
    observer: {
      planned,
      began: lane => memories.get(lane)?.clients.clear(),
      delivered,
      dequeued: countSent,
      asked,
      rested: lane => {
        of(lane).end = of(lane).date;
      },
      faulted: (_, { kind, code }, component) => count.faults.add(1, { component, kind, code }),
      reloaded: ({ outcome }) => {
        count.reloads.add(1, { outcome });
        fresh = Number(outcome !== 'refused');
      },
      opened: (lane, settings) => void of(lane).clients.set(budgetKey(settings), settings),
    },
    store: {
      ...store,
      commit: async (...given) => {
        const began = performance.now();
        await store.commit(...given);
        count.committing.record((performance.now() - began) / SECOND);
      },
    },
    serve: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    close: () => provider.shutdown(),
  };
};

const blank = (): Memory => ({
  newest: undefined,
  date: Number.NEGATIVE_INFINITY,
  end: Number.NEGATIVE_INFINITY,
  low: undefined,
  skew: undefined,
  unaccounted: 0,
  remembered: false,
  clients: new Map(),
});

const remembers = ({ routes }: LanePlan, dedupes: ReadonlySet<string>): boolean =>
  routes.some(({ processors }) => processors.some(({ name }) => dedupes.has(name)));

/** When the newest of these happened, or what was newest before; a guessed time says nothing. */
const newest = (records: readonly AuditRecord[], before: number | undefined): number | undefined =>
  records.reduce<number | undefined>(
    (latest, record) =>
      isUnsure(record) ? latest : Math.max(latest ?? Number.NEGATIVE_INFINITY, toMillis(record.time)),
    before,
  );

const isUnsure = ({ guessed }: AuditRecord): boolean => guessed === 'time' || guessed === 'both';

const drifting = (records: readonly AuditRecord[]): number => records.filter(({ drift }) => drift).length;

const least = (numbers: readonly (number | undefined)[]): number | undefined => {
  const known = numbers.filter(number => number !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

const most = (numbers: readonly number[]): number | undefined =>
  numbers.length === 0 ? undefined : Math.max(...numbers);

/** In seconds; nothing where any moment may be meant. */
const since = (time: number | undefined, now: number): number | undefined =>
  time === undefined || time <= 0 ? undefined : (now - time) / SECOND;

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / SECOND);
