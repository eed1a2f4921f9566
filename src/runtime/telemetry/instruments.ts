// What is counted: each counter and histogram with its name and help. `docs/metrics.md` says how to read them.
import type { Attributes, Meter } from '@opentelemetry/api';
import type { Plan } from '../plan.ts';

/** What the config names, as labels. */
export const namesOf = ({ lanes, exporters }: Plan) => {
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

type Names = ReturnType<typeof namesOf>;

const OUTCOMES = ['applied', 'unchanged', 'refused'].map(outcome => ({ outcome }));
const receivers = (names: Names) => names.receivers;
const processors = (names: Names) => names.processors;
const exporters = (names: Names) => names.exporters;
const places = {
  receivers: (names: Names) => names.places.receivers,
  processors: (names: Names) => names.places.processors,
  dedupes: (names: Names) => names.places.dedupes,
  takers: (names: Names) => names.places.takers,
};

export const instruments = (meter: Meter) => {
  const zeros: ((names: Names) => void)[] = [];
  const counter = (name: string, description: string, known: (names: Names) => readonly Attributes[] = () => []) => {
    const made = meter.createCounter(name, { description });
    zeros.push(names => {
      for (const labels of known(names)) made.add(0, labels);
    });
    return made;
  };
  const histogram = (name: string, description: string, boundaries: readonly number[]) =>
    meter.createHistogram(name, { description, advice: { explicitBucketBoundaries: [...boundaries] } });

  return {
    accepted: counter('otelcol_receiver_accepted_log_records_total', 'Records read and delivered', receivers),
    incoming: counter('otelcol_processor_incoming_items_total', 'Records given to a processor', processors),
    outgoing: counter('otelcol_processor_outgoing_items_total', 'Records that a processor passed on', processors),
    sent: counter('otelcol_exporter_sent_log_records_total', 'Records that the destination took', exporters),
    failed: counter(
      'otelcol_exporter_send_failed_log_records_total',
      'Records that the destination refused',
      exporters,
    ),
    late: counter('tributary_receiver_late_records_total', 'Records that appeared late at the vendor', receivers),
    gaps: counter('tributary_receiver_gap_seconds_total', 'History that the vendor no longer kept', receivers),
    requests: counter('tributary_receiver_requests_total', 'Requests to the vendor; status none: no answer'),
    guessed: counter(
      'tributary_records_guessed_total',
      'Records without an id or a time of their own',
      places.receivers,
    ),
    duplicate: counter('tributary_records_duplicate_total', 'Records dropped as delivered before', places.dedupes),
    unmapped: counter('tributary_records_unmapped_total', 'Events that the mapping did not know', places.processors),
    dead: counter('tributary_records_dead_total', 'Records that became dead letters', places.takers),
    reloads: counter('tributary_config_reloads_total', 'Times that the config was looked at again', () => OUTCOMES),
    faults: counter('tributary_faults_total', 'Faults that were waited out'),
    lateness: histogram('tributary_receiver_lateness_seconds', 'From event to reading, of late records', AGES),
    asking: histogram('tributary_receiver_request_duration_seconds', 'One request to the vendor', WAITS),
    /** Shows 0 for all that a config names, so that a first count is seen as a rise. */
    expect: (names: Names) => zeros.forEach(zero => void zero(names)),
    committing: histogram('tributary_commit_duration_seconds', 'One commit of the state', INSTANTS),
  };
};

// Where the buckets of the histograms end; seconds.
const AGES = [60, 120, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600];
const WAITS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const INSTANTS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
