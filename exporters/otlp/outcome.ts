// What an attempt came to: taken, taken in part, or which fault. The statuses are those of the OTLP specification, read
// in our three kinds. https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
import { type Code, Fault, hide, http, SECOND } from '../../src/index.ts';
import type { Attempt } from './attempt.ts';

/** What the sink said of a request that it took. */
export interface Taken {
  /** How many of the records it refused all the same; it does not say which. */
  readonly refused: number;
  /** Its own words, or the exporter's about them; without secrets. */
  readonly words: string | undefined;
}

/** How an attempt ended. Throws a Fault. @param count of the records sent @param now ms since the epoch */
export const conclude = (attempt: Attempt, sink: string, count: number, now: number): Taken => {
  if (attempt.cut !== undefined) throw new Fault('E_TIMEOUT', `${sink}: no answer in time`);
  if (attempt.response) return answered(attempt, attempt.response, sink, count, now);
  if (attempt.error instanceof Fault) throw attempt.error; // a secret or a certificate that cannot be read
  throw unreachable(attempt, sink);
};

const answered = (
  attempt: Attempt,
  { statusCode: status = 0, headers, complete }: NonNullable<Attempt['response']>,
  sink: string,
  count: number,
  now: number,
): Taken => {
  const type = headers['content-type'] ?? '';
  if (status >= 300) {
    const heading = `${status} ${http.STATUS_CODES[status] ?? ''}`.trim();
    const words = status < 400 ? undefined : redact(wordsOf(attempt, type), attempt.secrets);
    throw new Fault(codeOf(status), [sink, heading, words].filter(Boolean).join(': '), {
      status,
      retryAfter: isPassing(status) ? waitOf(attempt.retryAfter, headers.date, now) : undefined,
    });
  }
  // The answer may have told of refused records, so half of one is none. What was taken twice has the same uid.
  if (!complete) throw new Fault('E_BODY_BROKEN', `${sink}: the answer broke off`, { status });
  if (/^text\/html/i.test(type))
    throw new Fault('E_SINK_ANSWER', `${sink} answers with a web page: this is not where logs are taken`, { status });
  return taken(attempt, count);
};

const taken = ({ partial, remarks, secrets }: Attempt, count: number): Taken => {
  if (partial === undefined)
    return { refused: 0, words: remarks.length > 0 ? redact(remarks.join('; '), secrets) : undefined };
  const { rejectedLogRecords = 0, errorMessage } = parsed(partial);
  // JSON has the number as text. What is no number at all is no reason to believe that everything was taken.
  const rejected = Number(rejectedLogRecords);
  const refused = rejected >= 0 ? Math.min(rejected, count) : count;
  const words = redact(line(String(errorMessage ?? '')), secrets);
  return { refused, words: words || (refused > 0 ? 'without a word' : undefined) };
};

const parsed = (json: string): Readonly<Record<string, unknown>> => {
  const value: unknown = JSON.parse(json); // the exporter made it, with JSON.stringify
  return typeof value === 'object' && value !== null ? { ...value } : {};
};

const codeOf = (status: number): Code => {
  if (status < 400) return 'E_HTTP_REDIRECT';
  if (status === 408) return 'E_TIMEOUT';
  if (status === 429) return 'E_HTTP_LIMIT';
  if (status >= 500) return 'E_HTTP_SERVER';
  return REFUSED.has(status) ? 'E_HTTP_REQUEST' : 'E_HTTP_DENIED';
};

/** These are about the records. Any other 4xx is about us, and never makes dead letters. */
const REFUSED = new Set([400, 413, 422]);

/** Whether asking again later makes sense, so that the sink's word counts when that is. */
const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** `Retry-After` in ms: seconds, or a date by the sink's own clock. None where it does not ask to wait. */
const waitOf = (text: string | undefined, date: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined;
  const sinkNow = Date.parse(date ?? '');
  const wait = /^\s*\d+\s*$/.test(text)
    ? Number(text) * SECOND
    : Date.parse(text) - (Number.isFinite(sinkNow) ? sinkNow : now);
  return wait > 0 ? wait : undefined; // nothing, or a time that has passed: our own backoff does not run in circles
};

/** Whether a certificate, theirs or ours, did not verify. */
export const isDistrusted = (attempt: Attempt): boolean => UNTRUSTED.test(reasonOf(attempt));

/** Node's code for what went wrong, or else its words. */
const reasonOf = ({ failure, error }: Attempt): string => failure ?? nodeCode(error) ?? error?.message ?? '';

const unreachable = (attempt: Attempt, sink: string): Fault => {
  const { error } = attempt;
  const name = reasonOf(attempt);
  const cause = { cause: error };
  if (/^ERR_INVALID_(CHAR|HTTP_TOKEN)|^Invalid character in header/.test(name))
    return new Fault('E_SECRET', `${sink}: a header has a character that HTTP does not allow`);
  if (isDistrusted(attempt)) return new Fault('E_TLS', `${sink}: ${name}`, cause);
  return new Fault('E_NETWORK', `${sink}: ${name}`, cause);
};

const nodeCode = (error: Error | undefined): string | undefined =>
  error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Node's names for a certificate that does not verify, theirs or ours. */
const UNTRUSTED =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** The sink's own words, on one line: the message of a status in JSON or protobuf, or else the beginning of the text. */
const wordsOf = ({ body }: Attempt, type: string): string => {
  const bytes = Buffer.concat(body);
  if (/protobuf/i.test(type)) return line(statusMessage(bytes));
  const text = bytes.toString();
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && 'message' in json) return line(String(json.message));
  } catch {
    // not JSON: its text is what there is
  }
  return line(text);
};

/** The field `message` (2) of a google.rpc.Status, which comes first or after `code` (1). */
const statusMessage = (bytes: Buffer): string => {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; at < bytes.length; shift += 7) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    return value;
  };
  if (bytes[at] === 0x08) {
    at++;
    varint();
  }
  if (bytes[at++] !== 0x12) return '';
  const length = varint();
  return bytes.toString('utf8', at, at + length);
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal or a log line
const line = (text: string): string => text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();

const WORDS = 300; // characters

const redact = (text: string, secrets: readonly string[]): string => hide(text, secrets).slice(0, WORDS);
