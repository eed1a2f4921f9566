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
  type Origin,
  type Refusal,
  SECOND,
  version,
} from '../../src/index.ts';
import { COSTS } from './any-value.ts';
import { attempt, currentAttempt } from './attempt.ts';
import { type Connections, connections } from './connection.ts';
import { hidden } from './environment.ts';
import { type Draft, draft, recorder } from './log-record.ts';
import { type Options, options } from './options.ts';
import { conclude } from './outcome.ts';
import { pack } from './pack.ts';
import { reveal, type Settings, settle } from './settings.ts';

/** OTLP over HTTP. A batch is delivered when the sink has answered that it took it. */
export const otlp = defineExporter({ type: 'otlp', options, create: (context, given) => exporter(context, given) });

const exporter = (context: Context, given: Options): Exporter => {
  const settings = settle(given);
  const limits = { ...given, cost: COSTS[settings.protocol] };
  const { origin, pathname } = new URL(settings.url);
  const sink = `POST ${origin}${pathname}`;
  const links = connections(settings.tls, context.folder, settings.proxy);
  const stock = stockExporter(settings, links);
  const toLogRecords = recorder(source => serviceName(context, source));
  const progress = new WeakMap<readonly AuditRecord[], Progress>();
  let closed: Promise<void> | undefined;

  /** One request. What the sink refused of it is returned; any other failure is thrown. */
  const send = async (part: readonly Draft[], signal: AbortSignal): Promise<readonly Refusal[]> => {
    const cut = AbortSignal.any([signal, AbortSignal.timeout(settings.timeout)]);
    const done = await attempt(stock, toLogRecords(part), cut);
    signal.throwIfAborted();
    const { refused, words } = conclude(done, sink, part.length, context.clock.now());
    if (refused === 0) {
      if (words !== undefined) context.log.warn({ sink, words }, 'the sink took the records, with a remark');
      return [];
    }
    const fault = new Fault('E_SINK_PARTIAL', `${sink}: ${refused} of ${part.length} records refused: ${words}`);
    return [{ fault, records: part.map(({ record }) => record), count: refused }];
  };

  return {
    export: async (records, signal): Promise<Exported> => {
      if (closed !== undefined) throw new Fault('E_ABANDONED', 'this exporter is closed');
      signal.throwIfAborted();
      const parts = pack(
        records.map(record => ({ record, log: draft(record, given.body) })),
        limits,
      );
      let { sent, refused } = progress.get(records) ?? { sent: 0, refused: [] };
      try {
        for (const part of parts.slice(sent)) {
          refused = [...refused, ...(await send(part, signal))];
          sent++;
        }
        progress.delete(records);
      } catch (error) {
        progress.set(records, { sent, refused });
        throw error;
      }
      return refused.length > 0 ? { refused } : {};
    },
    close: () => {
      closed ??= stock.shutdown().finally(links.close);
      return closed;
    },
  };
};

/** How far a batch of several requests came: when the same batch is tried again, it goes on there. */
interface Progress {
  readonly sent: number;
  readonly refused: readonly Refusal[];
}

/** OpenTelemetry's exporter, told everything, so that it need not look into the environment, nor wait in its own time. */
const stockExporter = (settings: Settings, links: Connections): LogRecordExporter => {
  const config = {
    url: settings.url,
    headers: async () => {
      const attempt = currentAttempt();
      const headers = await reveal(settings.headers, secret => void attempt?.secrets.push(secret));
      if (attempt?.cut !== undefined) throw new Error('broken off');
      return headers;
    },
    compression: settings.compression === 'gzip' ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    timeoutMillis: settings.timeout + SECOND, // ours ends first: it also ends an answer that comes in drops
    concurrencyLimit: Number.POSITIVE_INFINITY, // more than that would be refused, and not queued
    httpAgentOptions: links.agent,
    userAgent: `tributary/${version}`,
  };
  return hidden(() => (settings.protocol === 'http/json' ? new JsonExporter(config) : new ProtobufExporter(config)));
};

/** The source, as OpenTelemetry names services: `1Password` is `1password`. */
const serviceName = (context: Context, origin: Origin): string => {
  const product = context.mapping(origin.type)?.describe(origin).product.name ?? '';
  return product.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '') || origin.type;
};
