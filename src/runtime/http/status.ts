// What an answer's status and headers mean: which fault, how long to wait, how much of the quota is left. All pure.
import { Fault, type FaultKind } from '../../fault.ts';
import type { Code } from '../../faults.ts';
import { isObject } from '../../json.ts';
import type { Json } from '../../model.ts';
import { http } from '../../node-http.ts';
import { SECOND } from '../../options.ts';
import { hide } from '../../secrets.ts';

/** Lower-case names. */
export type Headers = Readonly<Record<string, string>>;

export interface Told {
  /** Method and address of the request, for the fault's message. */
  readonly where?: string;
  /** Texts that may not appear in the fault's message, should the other side echo them. */
  readonly secrets?: readonly string[];
}

/** Which fault an answer is; none below 300. @param now our clock, ms since the epoch */
export const faultOf = (
  status: number,
  headers: Headers,
  body: string,
  now: number,
  told: Told = {},
): Fault | undefined => {
  if (status < 300) return undefined;
  const [code, kind] = verdict(status);
  const said = hide((status < 400 ? target(headers.location) : words(body)) ?? '', told.secrets ?? []).slice(0, WORDS);
  const heading = `${status} ${http.STATUS_CODES[status] ?? ''}`.trim();
  const message = [told.where, heading, said].filter(Boolean).join(': ');
  return new Fault(code, message, { status, retryAfter: waitOf(status, headers, now), ...(kind && { kind }) });
};

const verdict = (status: number): readonly [Code, FaultKind?] => {
  if (status < 400) return ['E_HTTP_REDIRECT'];
  const row = ROWS[status];
  return row ?? (status < 500 ? ['E_HTTP_REQUEST'] : ['E_HTTP_SERVER']);
};

// What differs from its hundred: 4xx is this request's fault, 5xx the other side's.
const ROWS: Readonly<Record<number, readonly [Code, FaultKind?]>> = {
  401: ['E_HTTP_DENIED'],
  402: ['E_HTTP_DENIED'],
  403: ['E_HTTP_DENIED'],
  404: ['E_HTTP_DENIED'],
  405: ['E_HTTP_DENIED'],
  407: ['E_HTTP_DENIED'],
  408: ['E_TIMEOUT'],
  425: ['E_HTTP_SERVER'],
  429: ['E_HTTP_LIMIT'],
  501: ['E_HTTP_SERVER', 'denied'],
};

/** How long the other side asks us to wait, in ms; `Retry-After` counts wherever trying again makes sense. */
export const waitOf = (status: number, headers: Headers, now: number): number | undefined => {
  if (status !== 408 && status !== 425 && status !== 429 && status < 500) return undefined;
  return retryAfter(headers, now) ?? (status === 429 ? quotaOf(headers, now).reset : undefined);
};

/** `Retry-After` (RFC 9110, 10.2.3) in ms, as seconds or as a date. A date is read by the other side's own clock. */
export const retryAfter = (headers: Headers, now: number): number | undefined => {
  const text = headers['retry-after']?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * SECOND;
  const until = text.includes(':') ? Date.parse(text) : Number.NaN; // the parser would make a date of nearly anything
  return Number.isFinite(until) ? Math.max(0, until - dateOf(headers, now)) : undefined;
};

/** The `Date` header, ms since the epoch; our clock where there is none. */
export const dateOf = (headers: Headers, now: number): number => dateIn(headers) ?? now;

/** The `Date` header, ms since the epoch; nothing where there is none that can be read. */
export const dateIn = (headers: Headers): number | undefined => {
  const date = Date.parse(headers.date ?? '');
  return Number.isFinite(date) ? date : undefined;
};

export interface Quota {
  /** Requests. */
  readonly remaining?: number;
  /** ms until there are more. */
  readonly reset?: number;
}

/** `RateLimit-*` and `X-RateLimit-*`. */
export const quotaOf = (headers: Headers, now: number): Quota => {
  const read = (name: string) => number(headers[`ratelimit-${name}`] ?? headers[`x-ratelimit-${name}`]);
  const [remaining, reset] = [read('remaining'), read('reset')];
  return {
    ...(remaining !== undefined && { remaining }),
    ...(reset !== undefined && { reset: Math.max(0, untilReset(reset, dateOf(headers, now))) }),
  };
};

const number = (text: string | undefined): number | undefined => {
  const [digits] = /^\s*\d+(\.\d+)?/.exec(text ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
};

// Vendors do not agree on the unit. The magnitude tells: ms since the epoch, s since the epoch, or s from now.
const untilReset = (reset: number, date: number): number => {
  if (reset >= 1e12) return reset - date;
  return reset >= 1e9 ? reset * SECOND - date : reset * SECOND;
};

const target = (location: string | undefined): string | undefined => {
  const url = URL.parse(location ?? '');
  return url ? `it points to ${url.origin}` : undefined;
};

/** The other side's own words, on one line: the message in a JSON body, or else the beginning of the text. */
const words = (body: string): string => line(saying(body) ?? body);

const saying = (body: string): string | undefined => {
  try {
    return sayingOf(JSON.parse(body), 0);
  } catch {
    return undefined; // not JSON: its text is what there is
  }
};

// {message}, {Error: {Message}}, {error}, {error: {message}}, {error_description}, {detail}, {errors: [{message}]}, …
const sayingOf = (json: Json, depth: number): string | undefined => {
  if (typeof json === 'string') return json;
  if (depth > 3) return undefined;
  if (Array.isArray(json)) return json.map(entry => sayingOf(entry, depth + 1)).find(Boolean);
  if (!isObject(json)) return undefined;
  const named = new Map(Object.entries(json).map(([key, value]) => [key.toLowerCase(), value]));
  return NAMES.map(name => sayingOf(named.get(name) ?? null, depth + 1)).find(Boolean);
};

const NAMES = ['message', 'error_description', 'error', 'detail', 'title', 'errors'];

const WORDS = 200; // characters of the vendor's words in a message
const READ = 4096; // looked through for secrets, which may be cut by WORDS

/** Spaces, and all that must not reach a terminal or a log line. */
const line = (text: string): string =>
  text
    .slice(0, READ)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
