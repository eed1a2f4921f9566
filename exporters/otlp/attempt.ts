// One request of the stock exporter, and what its callback hides. The exporter knows the status, `Retry-After`, and the
// partial success of each request, and tells none of them; it also tries again by itself, in its own time. Both are
// mended from the side, by what Node and OpenTelemetry publish about the request: no part of the exporter is replaced.
import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { DiagLogLevel, diag } from '@opentelemetry/api';
import type { LogRecordExporter, ReadableLogRecord } from '@opentelemetry/sdk-logs';

/** What is known of one request, filled in as it goes. */
export interface Attempt {
  /** Credentials that it carries, to be taken out of whatever is said about it. */
  readonly secrets: string[];
  response?: IncomingMessage;
  /** The header, as it was sent. */
  retryAfter?: string | undefined;
  /** The beginning of the answer's body. */
  readonly body: Buffer[];
  /** Bytes of the answer's body so far. */
  size: number;
  /** Why the connection failed: Node's code. */
  failure?: string;
  /** The sink's partial success, as the exporter understood it: JSON. */
  partial?: string;
  /** What else the exporter had to say. */
  readonly remarks: string[];
  /** The stock exporter's verdict; nothing where it is content. */
  error?: Error;
  /** Why we broke it off: the caller's abort, or our deadline. */
  cut?: unknown;
}

const attempts = new AsyncLocalStorage<Attempt>();

/** The attempt that this code runs for. */
export const currentAttempt = (): Attempt | undefined => attempts.getStore();

/**
 * Sends records once, and settles when it is known how that went, or as soon as `cut` aborts.
 * Never rejects but with what the exporter throws itself: a defect.
 */
export const attempt = async (
  exporter: LogRecordExporter,
  records: ReadableLogRecord[],
  cut: AbortSignal,
): Promise<Attempt> => {
  listen();
  const attempt: Attempt = { secrets: [], body: [], size: 0, remarks: [] };
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const end = () => {
    attempt.cut = cut.reason;
    requests.get(attempt)?.destroy(new Error('broken off'));
    resolve();
  };
  cut.addEventListener('abort', end, { once: true });
  try {
    attempts.run(attempt, () => {
      try {
        exporter.export(records, ({ error }) => {
          if (error) attempt.error = error;
          resolve();
        });
      } catch (error) {
        reject(error); // the exporter encodes before it promises anything
      }
    });
    await promise;
  } finally {
    cut.removeEventListener('abort', end);
    requests.delete(attempt);
  }
  return attempt;
};

const requests = new WeakMap<Attempt, ClientRequest>();
const attemptOf = new WeakMap<ClientRequest, Attempt>();

/** The statuses after which the stock exporter tries again by itself, as the OTLP specification has it. */
const RETRIED = new Set([429, 502, 503, 504]);
/** It gives up at once when the wait does not fit into its timeout: this one, in seconds, fits into none. */
const NEVER = '2000000';
/** How much of an answer is kept for its words. */
const KEPT = 8192;

// The process is listened to once. What belongs to no attempt is not ours, and is left alone.
let listening = false;
const listen = (): void => {
  if (listening) return;
  listening = true;

  subscribe('http.client.request.created', message => {
    const { request } = message as { request: ClientRequest };
    const attempt = attempts.getStore();
    if (!attempt) return;
    requests.set(attempt, request);
    attemptOf.set(request, attempt);
    if (attempt.cut) process.nextTick(() => request.destroy(new Error('broken off')));
    request.on('error', (error: NodeJS.ErrnoException) => {
      attempt.failure ??= error.code ?? error.message;
      // The exporter tries again after an error with one of these codes. It looks after us, and finds none.
      if (error.code !== undefined) Object.defineProperty(error, 'code', { value: undefined });
    });
  });

  subscribe('http.client.response.finish', message => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    const attempt = attemptOf.get(request);
    if (!attempt) return;
    attempt.response = response;
    attempt.retryAfter = response.headers['retry-after'];
    if (RETRIED.has(response.statusCode ?? 0)) response.headers['retry-after'] = NEVER;
    response.on('data', (chunk: Buffer) => {
      if (attempt.size < KEPT) attempt.body.push(chunk);
      attempt.size += chunk.length;
    });
  });

  const note = (...words: readonly unknown[]) => {
    const attempt = attempts.getStore();
    const [text, detail] = words.filter(word => typeof word === 'string');
    if (text?.startsWith('Received Partial Success') && attempt) attempt.partial = detail ?? '';
    else attempt?.remarks.push(words.filter(word => typeof word === 'string').join(' '));
  };
  const nothing = () => {};
  const logger = { error: note, warn: note, info: nothing, debug: nothing, verbose: nothing };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
};
