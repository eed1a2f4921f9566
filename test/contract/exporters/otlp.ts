// A scripted sink that decodes what it gets; JSON and protobuf take turns.

import type { ExporterHarness } from '../../support/exporter-bench.ts';
import { makeOtlp } from '../../support/otlp.ts';
import type { Deed } from '../../support/otlp-sink.ts';
import { otlpSink } from '../../support/otlp-sink.ts';

const failures = {
  '429 with Retry-After': [{ status: 429, headers: { 'retry-after': '120' } }, 'transient'],
  '503': [{ status: 503 }, 'transient'],
  'a reset': [{ reset: true }, 'transient'],
  'half an answer': [{ half: 200 }, 'transient'],
  '401': [{ status: 401 }, 'denied'],
  '404': [{ status: 404 }, 'denied'],
  '400': [{ status: 400 }, 'rejected'],
  '413': [{ status: 413 }, 'rejected'],
} as const satisfies Record<string, readonly [Deed, string]>;

let opened = 0;

export const harness: ExporterHarness = {
  exact: false,
  failures: Object.fromEntries(Object.entries(failures).map(([name, [, kind]]) => [name, kind])),
  open: async () => {
    const sink = await otlpSink();
    const protocol = opened++ % 2 === 0 ? 'http/protobuf' : 'http/json';
    const { exporter, context } = makeOtlp({ endpoint: sink.url, protocol });
    return {
      exporter,
      context,
      received: async () => sink.taken.map(({ uid }) => uid),
      stall: () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        sink.script = () => promise.then(() => ({ status: 200 }));
        return () => resolve();
      },
      fail: async name => {
        const [deed] = failures[name as keyof typeof failures]; // the suite passes our own names
        sink.script = () => deed;
        return async () => {
          sink.script = () => undefined;
          return exporter;
        };
      },
      close: () => sink.close(),
    };
  },
};
