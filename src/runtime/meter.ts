// The engine's own metrics, counted where everything passes and not by components: authors cannot forget. Names are the
// OpenTelemetry Collector's where it has one, so that dashboards made for it read us too. `docs/metrics.md` explains each.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Attributes, ObservableResult } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { Clock, HttpSettings } from '../component.ts';
import type { AuditRecord } from '../model.ts';
import { MINUTE, SECOND } from '../options.ts';
import { toMillis } from '../time.ts';
import { version } from '../version.ts';
import type { Delivery } from './account.ts';
import type { Budgets } from './budget.ts';
import { unaccounted } from './fate.ts';
import { budgetKey } from './fetch.ts';
import type { Exchange, Observer } from './observer.ts';
import type { LanePlan, Plan } from './plan.ts';
import { meterProcess } from './process.ts';
import type { Standings } from './standing.ts';
import type { Store } from './state.ts';

export interface MeterOptions {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly budgets: Budgets;
  readonly standings: Standings;
}

export interface OwnMeter {
  readonly observer: Observer;
  /** The same store; its commits are timed. */
  timed(store: Store): Store;
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
  /** Our clock against the vendor's; ms. */
  skew: number | undefined;
  unaccounted: number;
  /** Whether a processor drops what was delivered before. */
  readonly remembered: boolean;
  /** Its clients, by what the vendor counts them by. */
  readonly clients: Map<string, HttpSettings>;
}

export const createMeter = ({ plan, clock, budgets, standings }: MeterOptions): OwnMeter => {
  const prometheus = new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
  const resource = resourceFromAttributes({ 'service.name': 'tributary', 'service.version': version });
  const provider = new MeterProvider({ resource, readers: [prometheus] });
  const meter = provider.getMeter('tributary', version);

  /** A counter that shows 0 for all that the config names, so that a first count is seen as a rise. */
  const counter = (name: string, description: string, known: readonly Attributes[] = []) => {
    const made = meter.createCounter(name, { description });
    for (const labels of known) made.add(0, labels);
    return made;
  };
  const histogram = (name: string, description: string, boundaries: readonly number[]) =>
    meter.createHistogram(name, { description, advice: { explicitBucketBoundaries: [...boundaries] } });
  const gauge = (name: string, description: string, observe: (result: ObservableResult) => void) =>
    meter.createObservableGauge(name, { description }).addCallback(observe);

  const started = clock.now();
  const { receivers, processors, exporters, places, dedupes } = namesOf(plan);
  const lanes = receivers.map(({ receiver }) => receiver);
  const memories = new Map(plan.lanes.map(lane => [lane.receiver.name, memoryOf(lane, dedupes)]));
  const of = (lane: string): Memory => memories.get(lane)!; // the engine runs the lanes of this plan
  /** One value for each receiver that has one. */
  const perReceiver = (name: string, description: string, value: (lane: string) => number | undefined) =>
    gauge(name, description, result => {
      for (const receiver of lanes) {
        const number = value(receiver);
        if (number !== undefined) result.observe(number, { receiver });
      }
    });

  const accepted = counter('otelcol_receiver_accepted_log_records', 'Records read and delivered', receivers);
  const incoming = counter('otelcol_processor_incoming_items', 'Records given to a processor', processors);
  const outgoing = counter('otelcol_processor_outgoing_items', 'Records that a processor passed on', processors);
  const sent = counter('otelcol_exporter_sent_log_records', 'Records that the destination took', exporters);
  const failed = counter('otelcol_exporter_send_failed_log_records', 'Records that the destination refused', exporters);
  const late = counter('tributary_receiver_late_records', 'Records that appeared late at the vendor', receivers);
  const gaps = counter('tributary_receiver_gap_seconds', 'History that the vendor no longer kept', receivers);
  const requests = counter('tributary_receiver_requests', 'Requests to the vendor; status none: no answer');
  const guessed = counter(
    'tributary_records_guessed',
    'Records without an id or a time of their own',
    places.receivers,
  );
  const duplicate = counter('tributary_records_duplicate', 'Records dropped as delivered before', places.dedupes);
  const unmapped = counter('tributary_records_unmapped', 'Events that the mapping did not know', places.processors);
  const dead = counter('tributary_records_dead', 'Records that became dead letters', places.takers);
  const faults = counter('tributary_faults', 'Faults that were waited out');
  const lateness = histogram('tributary_receiver_lateness_seconds', 'From event to reading, of late records', AGES);
  const asking = histogram('tributary_receiver_request_duration_seconds', 'One request to the vendor', WAITS);
  const committing = histogram('tributary_commit_duration_seconds', 'One commit of the state', INSTANTS);

  gauge('tributary_receiver_lag_seconds', 'Since the end of the vendor was last reached', result => {
    for (const { lane, lag } of standings.now())
      if (lag !== undefined) result.observe(lag / SECOND, { receiver: lane });
  });
  perReceiver(
    'tributary_receiver_silence_seconds',
    'Since the newest event, or since the start while none was read',
    lane => (clock.now() - (of(lane).newest ?? started)) / SECOND,
  );
  perReceiver('tributary_receiver_clock_skew_seconds', 'Our clock minus that of the vendor', lane =>
    seconds(of(lane).skew),
  );
  perReceiver('tributary_receiver_budget_remaining', 'Requests that the quota of the vendor has left', lane => {
    const own = budgets.standings().filter(({ key }) => of(lane).clients.has(key));
    return least(own.map(({ told, remaining }) => told ?? remaining));
  });
  perReceiver('tributary_receiver_credential_expiry_seconds', 'Until the credential ends', lane => {
    const ends = least([...of(lane).clients.values()].map(({ auth }) => auth?.expires?.()));
    return ends === undefined ? undefined : (ends - clock.now()) / SECOND;
  });
  perReceiver('tributary_unaccounted_records', 'Records without a known fate: must be 0', lane => of(lane).unaccounted);
  meterProcess(meter);

  const countLate = (receiver: string, records: readonly AuditRecord[]) => {
    const { end, date } = of(receiver);
    for (const record of records) {
      const happened = toMillis(record.time);
      if (record.part || isUnsure(record) || happened >= end - LATE) continue;
      late.add(1, { receiver });
      lateness.record((date - happened) / SECOND, { receiver });
    }
  };

  const countRoute = ({ pipeline, steps }: Delivery['routes'][number]) => {
    for (const step of steps) {
      const component = `pipeline/${pipeline}/${step.name}`;
      incoming.add(step.incoming.length, { processor: step.name });
      outgoing.add(step.outgoing.length, { processor: step.name });
      if (dedupes.has(step.name))
        duplicate.add(step.incoming.length - step.outgoing.length - step.dead.length, { component });
      unmapped.add(Math.max(0, drifting(step.outgoing) - drifting(step.incoming)), { component });
      dead.add(step.dead.length, { component });
    }
  };

  const delivered = (receiver: string, delivery: Delivery) => {
    const { batch, routes } = delivery;
    const mine = of(receiver);
    accepted.add(batch.records.length, { receiver });
    guessed.add(batch.records.filter(record => record.guessed).length, { component: `receiver/${receiver}` });
    gaps.add(batch.gap ? Math.max(0, batch.gap.to - batch.gap.from) / SECOND : 0, { receiver });
    routes.forEach(countRoute);
    for (const { name, records, refused } of delivery.exporters) {
      sent.add(records.length - refused, { exporter: name });
      failed.add(refused, { exporter: name });
      dead.add(refused, { component: `exporter/${name}` });
    }
    mine.unaccounted += unaccounted(delivery);
    mine.date = batch.move?.date || mine.date;
    mine.newest = newest(batch.records, mine.newest);
    // Read again is not late: where something remembers, only what it lets through is new.
    const sieve = routes.flatMap(route => route.steps).find(step => dedupes.has(step.name));
    countLate(receiver, mine.remembered ? (sieve?.outgoing ?? []) : batch.records);
  };

  const asked = (receiver: string, { status, sent: at, took, date }: Exchange) => {
    requests.add(1, { receiver, status: String(status ?? 'none') });
    asking.record(took / SECOND, { receiver });
    // A `Date` header is cut to the second: half of one is added, and what remains is within a second of the truth.
    if (date !== undefined) of(receiver).skew = at + took / 2 - (date + SECOND / 2);
  };

  return {
    observer: {
      delivered,
      asked,
      rested: lane => {
        of(lane).end = of(lane).date;
      },
      faulted: (_, { kind, code }, component) => faults.add(1, { component, kind, code }),
      opened: (lane, settings) => void of(lane).clients.set(budgetKey(settings), settings),
    },
    timed: store => ({
      ...store,
      commit: async (...given) => {
        const began = performance.now();
        await store.commit(...given);
        committing.record((performance.now() - began) / SECOND);
      },
    }),
    serve: (request, response) => prometheus.getMetricsRequestHandler(request, response),
    close: () => provider.shutdown(),
  };
};

/** What the config names, as labels. */
const namesOf = ({ lanes, exporters }: Plan) => {
  const steps = lanes.flatMap(({ routes }) =>
    routes.flatMap(({ pipeline, processors }) =>
      processors.map(({ name, spec }) => ({ name, spec, component: `pipeline/${pipeline}/${name}` })),
    ),
  );
  const dedupes = steps.filter(({ spec }) => spec.remembers);
  const components = ({ component }: { readonly component: string }) => ({ component });
  return {
    receivers: lanes.map(({ receiver }) => ({ receiver: receiver.name })),
    processors: steps.map(({ name }) => ({ processor: name })),
    exporters: exporters.map(({ name }) => ({ exporter: name })),
    /** The names of the processors that drop what was delivered before. */
    dedupes: new Set(dedupes.map(({ name }) => name)),
    places: {
      receivers: lanes.map(({ receiver }) => ({ component: `receiver/${receiver.name}` })),
      processors: steps.map(components),
      dedupes: dedupes.map(components),
      /** Where a record can end. */
      takers: [...steps.map(components), ...exporters.map(({ name }) => ({ component: `exporter/${name}` }))],
    },
  };
};

const memoryOf = ({ routes }: LanePlan, dedupes: ReadonlySet<string>): Memory => ({
  newest: undefined,
  date: Number.NEGATIVE_INFINITY,
  end: Number.NEGATIVE_INFINITY,
  skew: undefined,
  unaccounted: 0,
  remembered: routes.some(({ processors }) => processors.some(({ name }) => dedupes.has(name))),
  clients: new Map(),
});

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

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / SECOND);

// Where the buckets of the histograms end; seconds.
const AGES = [60, 120, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600];
const WAITS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const INSTANTS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
