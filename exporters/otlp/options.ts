// What a config may say of an OTLP sink.
import { z } from 'zod';
import { addressOption, bytes, duration, headersOption, tlsOptions } from '../../src/index.ts';

const address = addressOption();

export const options = z.strictObject({
  endpoint: address
    .optional()
    .describe(
      'Base address of the sink; `/v1/logs` is added unless it ends so. When absent: `OTEL_EXPORTER_OTLP_*`, or else `http://127.0.0.1:4318`.',
    ),
  headers: headersOption()
    .optional()
    .describe('Sent with each request. Credentials only as secrets, with the whole value: `Bearer …`.'),
  protocol: z
    .enum(['http/protobuf', 'http/json'])
    .optional()
    .describe('How requests are encoded; `http/protobuf` when absent.'),
  compression: z.enum(['gzip', 'none']).optional().describe('`gzip` when absent.'),
  body: z
    .enum(['map', 'json'])
    .default('map')
    .describe('The body of a log record: the event as a map, or its JSON as one text.'),
  timeout: duration({ min: '100ms', max: '1h' })
    .optional()
    .describe('For one request, its answer included; `30s` when absent.'),
  tls: tlsOptions().optional().describe('An authority of your own, and our certificate for mutual TLS.'),
  proxy: address.optional().describe('When absent: `HTTPS_PROXY` and `NO_PROXY` of the environment.'),
  maxRecords: z.int().min(1).max(100_000).default(1000).describe('The most records in one request.'),
  maxBytes: bytes({ min: '1KiB' })
    .default(4 * 2 ** 20)
    .describe('About how large a request gets before compression; a record that is larger goes alone.'),
});

export type Options = z.output<typeof options>;
