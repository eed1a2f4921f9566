// What we tell about ourselves, pushed to a collector by OpenTelemetry's own SDK: metrics, our log, and a trace for each
// poll. Never through our own pipeline, and never in its way: what cannot be sent is dropped, and that is said once.
import { AsyncLocalStorage } from 'node:async_hooks';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { type MetricReader, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Clock, Logger } from '../../component.ts';
import { MINUTE, SECOND } from '../../options.ts';
import { type HeaderList, hidden, revealHeaders } from '../../otlp.ts';
import { version } from '../../version.ts';
import type { Observer } from './observer.ts';
import { resource } from './resource.ts';
import { tracePolls } from './trace.ts';

export interface TelemetryOptions {
  /** Base address of the collector; `/v1/metrics`, `/v1/logs` and `/v1/traces` are added. */
  readonly endpoint: string;
  readonly headers?: HeaderList;
  /** How often metrics are pushed; ms. */
  readonly every?: number | undefined;
  /** How many records lie in each queue, by exporter. */
  readonly queued: ReadonlyMap<string, number>;
}

export interface Telemetry {
  /** The same log; its lines are pushed as well. */
  readonly log: Logger;
  /** Makes traces of what the lanes do. */
  readonly observers: readonly Observer[];
  /** To be given to the meter, whose metrics it pushes. */
  readonly reader: MetricReader;
  /** Pushes what is left, for a few seconds at most. */
  close(): Promise<void>;
}

/** How long one request may take, and all that is left to be said at the end; ms. */
const TIMEOUT = 2 * SECOND;

/** How much waits to be pushed; what is beyond is dropped. */
const BOUNDS = {
  maxQueueSize: 2048,
  maxExportBatchSize: 512,
  scheduledDelayMillis: SECOND,
  exportTimeoutMillis: TIMEOUT,
};

export const openTelemetry = (
  { endpoint, headers = [], every = MINUTE, queued }: TelemetryOptions,
  { log, clock }: { readonly log: Logger; readonly clock: Clock },
): Telemetry => {
  const at = (signal: string) => ({
    url: `${endpoint.replace(/\/+$/, '')}/v1/${signal}`,
    headers: () => revealHeaders(headers),
    timeoutMillis: TIMEOUT,
    compression: CompressionAlgorithm.GZIP,
    userAgent: `tributary/${version}`,
  });
  const exporters = hidden(() => ({
    metrics: new OTLPMetricExporter(at('metrics')),
    logs: new OTLPLogExporter(at('logs')),
    traces: new OTLPTraceExporter(at('traces')),
  }));
  const told = complaint(endpoint, log);
  const reader = new PeriodicExportingMetricReader({
    exporter: watched(exporters.metrics, told),
    exportIntervalMillis: every,
    exportTimeoutMillis: Math.min(TIMEOUT, every),
  });
  const logs = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ ...BOUNDS, exporter: watched(exporters.logs, told) })],
  });
  const traces = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ ...BOUNDS, exporter: watched(exporters.traces, told) })],
  });
  // What is pushed on must not seem to belong to the request of an exporter during which it was said.
  const outside = AsyncLocalStorage.snapshot();
  const logger = logs.getLogger('tributary', version);
  const push = (level: keyof typeof SEVERITIES) => (fields: object, message: string) => {
    log[level](fields, message);
    outside(() =>
      logger.emit({
        timestamp: clock.now(),
        severityText: level,
        severityNumber: SEVERITIES[level],
        body: message,
        attributes: plain(fields),
      }),
    );
  };
  return {
    log: { info: push('info'), warn: push('warn'), error: push('error') },
    observers: [tracePolls(traces.getTracer('tributary', version), clock, queued)],
    reader,
    close: async () => {
      await Promise.allSettled([logs.shutdown(), traces.shutdown()]); // the meter shuts its readers down
    },
  };
};

const SEVERITIES = { info: SeverityNumber.INFO, warn: SeverityNumber.WARN, error: SeverityNumber.ERROR } as const;

/** The fields of a line as attributes: what is neither text nor number nor claim becomes JSON, as in the log itself. */
const plain = (fields: object): Record<string, string | number | boolean> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => {
      if (value === undefined || value === null) return [];
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [[name, value]];
      return [[name, value instanceof Error ? value.message : JSON.stringify(value)]];
    }),
  );

// ---- A collector that does not take it ----

type Told = (error: Error | undefined) => void;

/** One line when pushing begins to fail, and one when it works again. */
const complaint = (endpoint: string, log: Logger): Told => {
  let failing = false;
  return error => {
    if (error && !failing)
      log.warn(
        { endpoint, error: error.message },
        'our own telemetry is not taken and is dropped; events are not affected',
      );
    if (!error && failing) log.info({ endpoint }, 'our own telemetry is taken again');
    failing = error !== undefined;
  };
};

interface Exports<T> {
  export(items: T, done: (result: ExportResult) => void): void;
}

/** The same exporter; how each request went is told. */
const watched = <T, E extends Exports<T>>(exporter: E & Exports<T>, told: Told): E => {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, result => {
      told(result.code === ExportResultCode.SUCCESS ? undefined : (result.error ?? new Error('not taken')));
      done(result);
    });
  return exporter;
};
