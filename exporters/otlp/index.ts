// Ships records to an OpenTelemetry Collector, or whatever else speaks OTLP over HTTP. OpenTelemetry's own packages make
// the records and send them; here is when a batch counts as delivered, and what is done when it does not.
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import type { LogRecordExporter } from '@opentelemetry/sdk-logs';
import {
  type AuditRecord,
  type Context,
  defineExporter,
  type Exported,
  type Exporter,
  Fault,
  hidden,
  type Origin,
  type Refusal,
  revealHeaders,
  SECOND,
  version,
} from '../../src/index.ts';
import { COSTS } from './any-value.ts';
import { attempt, currentAttempt } from './attempt.ts';
import { connections } from './connection.ts';
import { type Draft, draft, recorder } from './log-record.ts';
import { type Options, options } from './options.ts';
import { conclude, isDistrusted } from './outcome.ts';
import { pack } from './pack.ts';
import { probe } from './probe.ts';
import { type Settings, settle } from './settings.ts';

/** OTLP over HTTP. A batch is delivered when the sink has answered that it took it. */
export const otlp = defineExporter({
  type: 'otlp',
  options,
  starter: {
    components: { collector: { endpoint: 'http://127.0.0.1:4318' } },
    needs: ['start an OpenTelemetry Collector that listens there, or name your back-end as `endpoint`: docs/otlp.md'],
  },
  create: (context, given) => exporter(context, given),
});

const exporter = (context: Context, given: Options): Exporter => {
  const settings = settle(given);
  const limits = { ...given, cost: COSTS[settings.protocol] };
  const { origin, pathname } = new URL(settings.url);
  const sink = `POST ${origin}${pathname}`;
  let line = openLine(settings, context.folder);
  let leaving: Promise<void> = Promise.resolve();
  const toLogRecords = recorder(source => serviceName(context, source));
  /** What the sink took of batches that are not through yet, with what it refused of the request that began with it. */
  const taken = new WeakMap<AuditRecord, readonly Refusal[]>();
  let closed: Promise<void> | undefined;

  /** Certificates are rotated: when trust fails, the next request reads them again. */
  const renew = (distrusted: Line) => {
    if (distrusted !== line) return;
    line = openLine(settings, context.folder);
    leaving = Promise.all([leaving, distrusted.close()]).then(() => {});
  };

  /** One request. What the sink refused of it is returned; any other failure is thrown. */
  const send = async (part: readonly Draft[], signal: AbortSignal): Promise<readonly Refusal[]> => {
    const cut = AbortSignal.any([signal, AbortSignal.timeout(settings.timeout)]);
    const used = line;
    const done = await attempt(used.exporter, toLogRecords(part), cut);
    signal.throwIfAborted();
    if (isDistrusted(done)) renew(used);
    const { refused, words } = conclude(done, sink, part.length, context.clock.now());
    if (refused === 0) {
      if (words !== undefined) context.log.warn({ sink, words }, 'the sink took the records, with a remark');
      return [];
    }
    const fault = new Fault('E_SINK_PARTIAL', `${sink}: ${refused} of ${part.length} records refused: ${words}`);
    return [{ fault, records: part.map(({ record }) => record), count: refused }];
  };

  return {
    best: { records: given.maxRecords, bytes: given.maxBytes },
    export: async (records, signal): Promise<Exported> => {
      if (closed !== undefined) throw new Fault('E_ABANDONED', 'this exporter is closed');
      signal.throwIfAborted();
      // A batch that is tried again, whole or halved, goes on where it failed: nothing is repeated that was answered.
      const open = records.filter(record => !taken.has(record));
      const drafts = open.map(record => ({ record, log: draft(record, given.body) }));
      for (const part of pack(drafts, limits)) {
        const refused = await send(part, signal);
        for (const [i, { record }] of part.entries())
          taken.set(record, [...(taken.get(record) ?? []), ...(i === 0 ? refused : [])]);
      }
      const refused = [...new Set(records)].flatMap(record => taken.get(record) ?? []);
      for (const record of records) taken.delete(record);
      return refused.length > 0 ? { refused } : {};
    },
    probe: async (signal, marked) => {
      const links = connections(settings.tls, context.folder, settings.proxy);
      const variant = (change: Partial<Options>) => exporter(context, { ...given, ...change });
      return probe({ settings, agent: links.agent, variant }, signal, marked).finally(links.close);
    },
    close: () => {
      closed ??= Promise.all([leaving, line.close()]).then(() => {});
      return closed;
    },
  };
};

/** OpenTelemetry's exporter with its connections. */
interface Line {
  readonly exporter: LogRecordExporter;
  /** Waits for what is under way. */
  close(): Promise<void>;
}

/** The stock exporter, told everything, so that it need not look into the environment. */
const openLine = (settings: Settings, folder: string): Line => {
  const links = connections(settings.tls, folder, settings.proxy);
  const config = {
    url: settings.url,
    headers: async () => {
      const attempt = currentAttempt();
      const headers = await revealHeaders(settings.headers, secret => void attempt?.secrets.push(secret));
      if (attempt?.cut !== undefined) throw new Error('broken off');
      return headers;
    },
    compression: settings.compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    timeoutMillis: settings.timeout + SECOND, // ours ends first: it also ends an answer that comes in drops
    concurrencyLimit: Number.POSITIVE_INFINITY, // more than that would be refused, and not queued
    httpAgentOptions: links.agent,
    userAgent: `tributary/${version}`,
  };
  const exporter = hidden(() =>
    settings.protocol === 'http/json' ? new JsonExporter(config) : new ProtobufExporter(config),
  );
  return { exporter, close: () => exporter.shutdown().finally(links.close) };
};

/** The source, as OpenTelemetry names services: `1Password` is `1password`. */
const serviceName = (context: Context, origin: Origin): string => {
  const product = context.mapping(origin.type)?.describe(origin).product.name ?? '';
  return product.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '') || origin.type;
};
