// Events on standard output, one a line, for pipes and for eyes. What is printed cannot be taken back: at least once.
import type { Writable } from 'node:stream';
import { z } from 'zod';
import { type AuditRecord, defineExporter, describe, type Exporter, Fault, textOfAny } from '../../src/index.ts';

/** NDJSON on standard output: the OCSF event, or the vendor's words where there is none. */
export const stdout = defineExporter({
  type: 'stdout',
  options: z.strictObject({}),
  starter: { components: { out: {} } },
  create: () => printer(process.stdout),
});

/**
 * Writes to a stream and waits until it has taken each batch; the stream itself is never closed.
 * Throws E_STDOUT_CLOSED when it fails: Node destroys a stream after its first error, so a second try cannot succeed.
 */
export const printer = (stream: Writable): Exporter => ({
  export: async (records, signal) => {
    signal.throwIfAborted();
    if (records.length === 0) return {};
    listenOnce(stream);
    await print(stream, lines(records), signal);
    return {};
  },
});

const lines = (records: readonly AuditRecord[]): string =>
  records.map(record => `${textOfAny(record.event ?? record.raw)}\n`).join('');

/** One write a batch, so that no other batch comes between its lines. */
const print = (stream: Writable, text: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    stream.write(text, error => {
      signal.removeEventListener('abort', abort);
      if (error)
        reject(new Fault('E_STDOUT_CLOSED', `standard output cannot be written: ${describe(error)}`, { cause: error }));
      else resolve();
    });
  });

/** A failed write is told to its callback; but the stream also emits it, and would end the process if nobody listened. */
const listenOnce = (stream: Writable): void => {
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
};

const ignore = () => {};
