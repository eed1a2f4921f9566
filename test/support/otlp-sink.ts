// An OTLP sink on loopback that does as it is told, and decodes what it gets by a description of its own: protobuf by
// the field numbers of the OTLP messages, JSON by its rules, neither with any of OpenTelemetry's code.
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import type { Json, JsonObject } from '../../src/model.ts';

/** A log record as it came over the wire. */
export interface SunkRecord {
  readonly uid: string;
  /** Nanoseconds since the epoch, as text. */
  readonly time: string;
  readonly observed: string;
  readonly severityNumber: number;
  readonly severityText: string | undefined;
  readonly eventName: string | undefined;
  readonly body: Json;
  readonly attributes: JsonObject;
  readonly resource: JsonObject;
  readonly scope: { readonly name: string; readonly version: string | undefined };
}

export interface SunkRequest {
  readonly path: string;
  readonly headers: Readonly<IncomingMessage['headers']>;
  /** Before compression. */
  readonly bytes: number;
  readonly records: readonly SunkRecord[];
  /** `Date.now()` at its arrival. */
  readonly at: number;
}

/** What a request is answered. The default is to take it. */
export type Deed =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer }
  | { readonly partial: JsonObject }
  /** Closes the connection: without a word, or in the middle of the answer. */
  | { readonly reset: true }
  | { readonly half: number }
  /** Never answers; or sends the answer in drops that never end. */
  | { readonly hang: true }
  | { readonly drip: true };

export type Script = (request: SunkRequest, index: number) => Deed | Promise<Deed> | undefined;

export interface OtlpSink {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** All requests, in the order of their arrival. */
  readonly requests: SunkRequest[];
  /** The records of the requests that were answered with success. */
  readonly taken: SunkRecord[];
  /** How the next requests are answered. */
  script: Script;
  /** How many connections were ever made. It closes none because nothing is said on it. */
  connections(): number;
  /** Resolves when none is open. */
  left(): Promise<void>;
  close(): Promise<void>;
}

export const otlpSink = async (script: Script = () => undefined, tls?: https.ServerOptions): Promise<OtlpSink> => {
  const requests: SunkRequest[] = [];
  const taken: SunkRecord[] = [];
  const drips = new Set<NodeJS.Timeout>();

  const answer = async (incoming: IncomingMessage, reply: ServerResponse) => {
    const chunks = await incoming.toArray();
    const packed = Buffer.concat(chunks);
    const bytes = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(packed) : packed;
    const type = incoming.headers['content-type'] ?? '';
    const records = type === 'application/json' ? fromJson(bytes) : fromProtobuf(bytes);
    const request = {
      path: incoming.url ?? '',
      headers: incoming.headers,
      bytes: bytes.length,
      records,
      at: Date.now(),
    };
    requests.push(request);
    const deed = (await sink.script(request, requests.length - 1)) ?? { status: 200 };

    if ('reset' in deed) return void incoming.socket.resetAndDestroy();
    if ('hang' in deed) return;
    if ('drip' in deed) {
      reply.writeHead(200, { 'content-type': type });
      drips.add(setInterval(() => reply.write(' '), 20));
      return;
    }
    if ('half' in deed) {
      reply.writeHead(deed.half, { 'content-type': type, 'content-length': '100' });
      reply.write('{', () => incoming.socket.resetAndDestroy());
      return;
    }
    if ('partial' in deed || deed.status < 300) taken.push(...records);
    if ('partial' in deed)
      return void reply.writeHead(200, { 'content-type': type }).end(partialAnswer(type, deed.partial));
    reply
      .writeHead(deed.status, { 'content-type': type, ...deed.headers })
      .end(deed.body ?? (type === 'application/json' ? '{}' : ''));
  };

  const listener = (incoming: IncomingMessage, reply: ServerResponse) =>
    void answer(incoming, reply).catch(() => incoming.socket.destroy()); // the client may be gone by now
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  server.keepAliveTimeout = 0;
  const open = new Set<Socket>();
  let made = 0;
  let leave = () => {};
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    made++;
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0) leave();
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server has one
  const sink: OtlpSink = {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    taken,
    script,
    connections: () => made,
    left: () =>
      new Promise(done => {
        leave = done;
        if (open.size === 0) done();
      }),
    close: async () => {
      for (const drip of drips) clearInterval(drip);
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return sink;
};

// ---- The messages, as opentelemetry/proto/logs/v1/logs.proto numbers them ----

const many = (type: string, id: number) => ({ rule: 'repeated', type, id });
const one = (type: string, id: number) => ({ type, id });

const messages = protobuf.Root.fromJSON({
  nested: {
    Request: { fields: { resourceLogs: many('ResourceLogs', 1) } },
    ResourceLogs: {
      fields: { resource: one('Resource', 1), scopeLogs: many('ScopeLogs', 2), schemaUrl: one('string', 3) },
    },
    Resource: { fields: { attributes: many('KeyValue', 1), droppedAttributesCount: one('uint32', 2) } },
    ScopeLogs: { fields: { scope: one('Scope', 1), logRecords: many('LogRecord', 2), schemaUrl: one('string', 3) } },
    Scope: {
      fields: {
        name: one('string', 1),
        version: one('string', 2),
        attributes: many('KeyValue', 3),
        droppedAttributesCount: one('uint32', 4),
      },
    },
    LogRecord: {
      fields: {
        timeUnixNano: one('fixed64', 1),
        severityNumber: one('int32', 2),
        severityText: one('string', 3),
        body: one('AnyValue', 5),
        attributes: many('KeyValue', 6),
        droppedAttributesCount: one('uint32', 7),
        flags: one('fixed32', 8),
        traceId: one('bytes', 9),
        spanId: one('bytes', 10),
        observedTimeUnixNano: one('fixed64', 11),
        eventName: one('string', 12),
      },
    },
    KeyValue: { fields: { key: one('string', 1), value: one('AnyValue', 2) } },
    AnyValue: {
      oneofs: {
        value: {
          oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
        },
      },
      fields: {
        stringValue: one('string', 1),
        boolValue: one('bool', 2),
        intValue: one('int64', 3),
        doubleValue: one('double', 4),
        arrayValue: one('ArrayValue', 5),
        kvlistValue: one('KeyValueList', 6),
        bytesValue: one('bytes', 7),
      },
    },
    ArrayValue: { fields: { values: many('AnyValue', 1) } },
    KeyValueList: { fields: { values: many('KeyValue', 1) } },
    Response: { fields: { partialSuccess: one('Partial', 1) } },
    Partial: { fields: { rejectedLogRecords: one('int64', 1), errorMessage: one('string', 2) } },
    Status: { fields: { code: one('int32', 1), message: one('string', 2) } },
  },
});

/** The bytes of one of the messages above. */
export const encode = (message: string, value: object): Buffer => {
  const type = messages.lookupType(message);
  return Buffer.from(type.encode(type.fromObject(value)).finish());
};

const partialAnswer = (type: string, partial: JsonObject): string | Buffer =>
  type === 'application/json'
    ? JSON.stringify({ partialSuccess: partial })
    : encode('Response', { partialSuccess: partial });

// ---- What they mean ----

interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
}
interface KeyValue {
  readonly key?: string;
  readonly value?: AnyValue;
}
interface LogRequest {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeLogs?: readonly {
      readonly scope?: { readonly name?: string; readonly version?: string };
      readonly logRecords?: readonly {
        readonly timeUnixNano?: string;
        readonly observedTimeUnixNano?: string;
        readonly severityNumber?: number;
        readonly severityText?: string;
        readonly eventName?: string;
        readonly body?: AnyValue;
        readonly attributes?: readonly KeyValue[];
      }[];
    }[];
  }[];
}

const fromProtobuf = (bytes: Uint8Array): SunkRecord[] => {
  const type = messages.lookupType('Request');
  return recordsOf(type.toObject(type.decode(bytes), { longs: String }) as LogRequest); // as the description has it
};

/** Strict where the real collector is: an integer must be one, and a number must not be null. */
const fromJson = (bytes: Uint8Array): SunkRecord[] => recordsOf(JSON.parse(Buffer.from(bytes).toString()));

/** Reads a request in OTLP's JSON, as the collector's file exporter writes it. */
export const recordsOf = ({ resourceLogs = [] }: LogRequest): SunkRecord[] =>
  resourceLogs.flatMap(({ resource, scopeLogs = [] }) =>
    scopeLogs.flatMap(({ scope, logRecords = [] }) =>
      logRecords.map(log => {
        const attributes = mapOf(log.attributes);
        return {
          uid: String(attributes['log.record.uid']),
          time: log.timeUnixNano ?? '0',
          observed: log.observedTimeUnixNano ?? '0',
          severityNumber: log.severityNumber ?? 0,
          severityText: log.severityText,
          eventName: log.eventName,
          body: plain(log.body),
          attributes,
          resource: mapOf(resource?.attributes),
          scope: { name: scope?.name ?? '', version: scope?.version },
        };
      }),
    ),
  );

const mapOf = (entries: readonly KeyValue[] = []): JsonObject =>
  Object.fromEntries(entries.map(({ key = '', value }) => [key, plain(value)]));

const plain = (value: AnyValue = {}): Json => {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return value.boolValue;
  if (value.intValue !== undefined) return integer(String(value.intValue));
  if (value.doubleValue !== undefined) return double(value.doubleValue);
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(plain);
  if (value.kvlistValue !== undefined) return mapOf(value.kvlistValue.values);
  return null;
};

const integer = (text: string): number => {
  if (!/^-?\d+$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text))
    throw new Error(`no 64-bit integer: ${text}`);
  return Number(text);
};

const double = (value: unknown): number => {
  if (typeof value !== 'number') throw new Error(`no number: ${value}`);
  return value;
};
