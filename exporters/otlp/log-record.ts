// Our record as an OpenTelemetry LogRecord, made by OpenTelemetry's own SDK: its rules for attributes, resources and
// scopes are its own business. What goes where is in docs/otlp.md.
import { type AnyValueMap, type Logger, type LogRecord, SeverityNumber } from '@opentelemetry/api-logs';
import {
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { LoggerProvider, type LogRecordProcessor, type ReadableLogRecord } from '@opentelemetry/sdk-logs';
import {
  type AuditRecord,
  type HrTime,
  isObject,
  type JsonObject,
  type Origin,
  textOfAny,
  version,
} from '../../src/index.ts';
import { carry } from './any-value.ts';

/** Whether the body is the event as a map, or its JSON as one text. */
export type Body = 'map' | 'json';

/** A record, and what the SDK is asked to emit for it. */
export interface Draft {
  readonly record: AuditRecord;
  readonly log: LogRecord;
}

export const draft = (record: AuditRecord, body: Body): LogRecord => {
  const { event, raw } = record;
  const metadata = isObject(event?.metadata) ? event.metadata : {};
  const whole = event ?? raw;
  return {
    timestamp: onWire(record.time),
    observedTimestamp: onWire(record.observed),
    body: body === 'json' ? textOfAny(whole) : carry(whole),
    attributes: carry({
      ...record.attributes,
      'log.record.uid': textOr(metadata.uid, record.id),
      'ocsf.version': metadata.version,
      'ocsf.class_uid': event?.class_uid,
      'ocsf.type_uid': event?.type_uid,
    }) as AnyValueMap, // an object is carried as an object
    ...(event && classified(event)),
  };
};

const classified = (event: JsonObject): LogRecord => ({
  ...(typeof event.class_name === 'string' && { eventName: eventName(event.class_name) }),
  ...(typeof event.severity === 'string' && { severityText: event.severity.toWellFormed() }),
  severityNumber: SEVERITY.get(event.severity_id) ?? SeverityNumber.UNSPECIFIED,
});

/** `User Access Management` is `ocsf.user_access_management`: one name a class. */
const eventName = (className: string): string => `ocsf.${className.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`;

// One to one, so that it can be read back; 0 (unknown) and 99 (other) stay unspecified.
const SEVERITY: ReadonlyMap<unknown, SeverityNumber> = new Map([
  [1, SeverityNumber.INFO],
  [2, SeverityNumber.WARN],
  [3, SeverityNumber.WARN2],
  [4, SeverityNumber.ERROR],
  [5, SeverityNumber.ERROR2],
  [6, SeverityNumber.FATAL],
]);

/** OTLP counts nanoseconds from 1970 in 64 bits, and a collector refuses a request with anything else: 0 is unknown. */
const onWire = ([seconds, nanoseconds]: HrTime): [number, number] =>
  Number.isInteger(seconds) && seconds >= 0 && seconds < 2 ** 64 / 1e9 - 1 && nanoseconds >= 0 && nanoseconds < 1e9
    ? [seconds, Math.floor(nanoseconds)]
    : [0, 0];

const textOr = (value: unknown, other: string): string => (typeof value === 'string' && value !== '' ? value : other);

/** Turns drafts into the SDK's records, in their order. Each source has one resource and one scope, for ever. */
export const recorder = (serviceName: (origin: Origin) => string) => {
  const made: ReadableLogRecord[] = [];
  const collect: LogRecordProcessor = {
    onEmit: record => void made.push(record),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const loggers = new Map<string, Logger>();
  const loggerOf = (origin: Origin): Logger => {
    const known = loggers.get(origin.type);
    if (known) return known;
    const provider = new LoggerProvider({
      resource: resourceOf(serviceName(origin)),
      processors: [collect],
      logRecordLimits: { attributeCountLimit: Number.POSITIVE_INFINITY }, // the SDK's 128 would drop the rest
    });
    const logger = provider.getLogger(`tributary/${origin.type}`, version);
    loggers.set(origin.type, logger);
    return logger;
  };
  return (drafts: readonly Draft[]): ReadableLogRecord[] => {
    for (const { record, log } of drafts) loggerOf(record.origin).emit(log);
    return made.splice(0);
  };
};

/** `service.name` is the source; OTEL_RESOURCE_ATTRIBUTES adds and overrides, OTEL_SERVICE_NAME has the last word. */
const resourceOf = (source: string): Resource =>
  resourceFromAttributes({ 'service.name': source }).merge(
    detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }),
  );
