// The HTTP client of every component: one origin, one budget, bounded in time and size, faults for all that goes wrong.
// It never retries, but for a credential that was refused and can be renewed.
import { constants } from 'node:buffer';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { type Dispatcher, request } from 'undici';
import type { Answer, Call, Clock, Fetch, HttpSettings, Logger } from '../../component.ts';
import { describe, Fault } from '../../fault.ts';
import { SECOND } from '../../options.ts';
import { isPrivate } from '../../private.ts';
import { hide } from '../../secrets.ts';
import type { Exchange } from '../telemetry/observer.ts';
import type { Budgets, Settle } from './budget.ts';
import { connection } from './connection.ts';
import { answerCleaner, passwordsIn, secretsOf, textsOf } from './credentials.ts';
import { dateIn, dateOf, faultOf, type Headers } from './status.ts';

export interface HttpClients {
  /**
   * What `Context.http` is. Nothing is opened or read before the first call.
   * @param told of each request
   * @param gone when it aborts, this client is closed
   */
  open(settings: HttpSettings, told?: (exchange: Exchange) => void, gone?: AbortSignal): Fetch;
  /** Cuts what is under way and closes every connection. */
  close(): Promise<void>;
}

export interface HttpClientsOptions {
  readonly clock: Clock;
  /** Shared by all components. */
  readonly budgets: Budgets;
  /** Relative paths of PEM files are meant from here. */
  readonly folder: string;
  readonly log?: Logger;
  /** Told of each answer that came, whatever its status, but for those to an exchange of credentials. */
  readonly heard?: ((heard: Heard) => void) | undefined;
}

/** A request with the answer that came, for a recording. */
export interface Heard {
  readonly call: Call;
  readonly reply: Reply;
  /** What the request was authenticated with, in the forms in which it travelled. */
  readonly secrets: readonly string[];
}

/** The clients of all components. */
export const httpClients = (options: HttpClientsOptions): HttpClients => {
  const clients = new Set<Client>();
  const leaving = new Set<Promise<void>>();
  const close = (made: Client) => {
    if (!clients.delete(made)) return;
    const closing = made.close().finally(() => leaving.delete(closing));
    leaving.add(closing);
  };
  return {
    open: (settings, told, gone) => {
      const made = client(settings, options, told);
      clients.add(made);
      gone?.addEventListener('abort', () => close(made), { once: true });
      return made.fetch;
    },
    close: async () => {
      for (const made of clients) close(made);
      await Promise.all(leaving);
    },
  };
};

interface Client {
  readonly fetch: Fetch;
  close(): Promise<void>;
}

const client = (
  settings: HttpSettings,
  { clock, budgets, folder, log, heard }: HttpClientsOptions,
  told?: (exchange: Exchange) => void,
): Client => {
  const { auth, timeout = 30 * SECOND, bodyLimit = 64 * 2 ** 20 } = settings;
  const origin = originOf(settings);
  const budget = budgets.open(budgetKey(settings), settings.rates ?? []);
  const connections = connection(settings, folder, timeout);
  const proxySecrets = passwordsIn(settings.proxy);
  const clean = answerCleaner(() =>
    log?.warn({ origin }, 'the vendor repeats our credential in an answer: [secret] stands where it stood'),
  );

  /** One request, one answer. @param secrets what may not be said of it @param came told of the answer */
  const send = async (
    call: Call,
    credential: Headers,
    secrets: readonly string[],
    signal: AbortSignal,
    came?: (reply: Reply) => void,
  ): Promise<Answer> => {
    const url = addressOf(call, origin);
    const settle = await budget.take(signal);
    const where = `${call.method ?? 'GET'} ${url.origin}${url.pathname}`;
    const clocked = new AbortController(); // an AbortSignal.timeout would be kept until its time, answered or not
    const timer = setTimeout(() => clocked.abort(), Math.min(timeout, LONGEST)).unref();
    const sent = clock.now();
    let reply: Reply | undefined;
    let outcome: Parameters<Settle>[0] = 'given up';
    try {
      const dispatcher = await connections.open();
      reply = await exchange(call, url, credential, dispatcher, AbortSignal.any([signal, clocked.signal]), bodyLimit);
      budget.heed(reply.status, reply.headers);
      came?.(reply);
      const fault = faultOf(reply.status, reply.headers, reply.text, clock.now(), { where, secrets });
      if (fault) throw fault;
      outcome = undefined;
      return { ...reply, date: dateOf(reply.headers, clock.now()) };
    } catch (error) {
      signal.throwIfAborted();
      const isLate = clocked.signal.aborted && !isAnswered(error);
      if (isLate) outcome = new Fault('E_TIMEOUT', `${where}: no answer within ${timeout} ms`);
      else outcome = error instanceof Fault ? error : networkFault(error, where, secrets);
      if (outcome.code === 'E_TLS') connections.renew();
      throw outcome;
    } finally {
      clearTimeout(timer);
      await settle(outcome);
      told?.({ status: reply?.status, sent, took: clock.now() - sent, date: dateIn(reply?.headers ?? {}) });
    }
  };

  /** What an exchange of credentials is sent with: its body is nothing to be repeated. */
  const bare: Fetch = (call, signal) => send(call, {}, textsOf(call.body ?? null), signal);

  const fetch: Fetch = async (call, signal) => {
    addressOf(call, origin);
    if (auth !== undefined && !isPrivate(origin, settings.proxy))
      throw new Fault('E_PLAINTEXT', `the credential is not sent to ${origin}, because http: does not encrypt it`);
    for (let again = false; ; again = true) {
      signal.throwIfAborted();
      const credential = (await auth?.headers(bare, clock.now(), signal)) ?? {};
      checkHeaders(credential);
      const secrets = [...secretsOf(credential), ...proxySecrets];
      try {
        return clean(
          await send(call, credential, secrets, signal, reply => heard?.({ call, reply, secrets })),
          secrets,
        );
      } catch (error) {
        if (again || !(error instanceof Fault) || error.status !== 401 || !auth?.refused(credential)) throw error;
      }
    }
  };

  const close = async () => {
    budget.close();
    await connections.close();
  };
  return { fetch, close };
};

/** What a vendor counts our requests by: all clients of one origin and credential share a budget. */
export const budgetKey = (settings: HttpSettings): string => `${originOf(settings)} ${settings.auth?.credential ?? ''}`;

const originOf = ({ origin }: HttpSettings): string => URL.parse(origin)?.origin ?? origin;

/** What came back, as it came, decompressed. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const exchange = async (
  call: Call,
  url: URL,
  credential: Headers,
  dispatcher: Dispatcher,
  signal: AbortSignal,
  limit: number,
): Promise<Reply> => {
  const json = call.body === undefined ? undefined : JSON.stringify(call.body);
  const { statusCode: status, ...reply } = await request(url, {
    dispatcher,
    signal,
    method: call.method ?? 'GET',
    headers: {
      accept: 'application/json',
      'accept-encoding': 'gzip, br',
      'user-agent': 'tributary',
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...lowered(call.headers ?? {}),
      ...credential,
    },
    body: json ?? null,
  });
  const headers = plain(reply.headers);
  if (status < 300) return { status, headers, text: await textOf(reply.body, headers, limit) };
  // A refusal counts whatever becomes of its words.
  const text = await textOf(reply.body, headers, REFUSAL_LIMIT).catch(() => '');
  return { status, headers, text };
};

const LONGEST = 2 ** 31 - 1; // ms: a longer timer would fire at once

const REFUSAL_LIMIT = 2 ** 20; // bytes of an answer that is only read for its words

/** The body: decompressed, never more than the limit in memory, whole, and UTF-8 to the last byte. */
const textOf = async (body: Readable, headers: Headers, limit: number): Promise<string> => {
  const most = Math.min(limit, constants.MAX_STRING_LENGTH);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [text, size] = ['', 0];
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > most) throw new Fault('E_BODY_LIMIT', `the answer is larger than ${most} bytes`);
      text += decoder.decode(chunk, { stream: true }); // bytes that are kept for a whole page live too long to die young
    }
  };
  const encoding = headers['content-encoding']?.trim().toLowerCase() || 'identity';
  try {
    if (encoding === 'identity') await pipeline(body, collect);
    else if (encoding === 'gzip' || encoding === 'x-gzip') await pipeline(body, createGunzip(CHUNKS), collect);
    else if (encoding === 'br') await pipeline(body, createBrotliDecompress(CHUNKS), collect);
    else await pipeline(body, refuse(encoding));
    return text + decoder.decode();
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault(
      'E_BODY_BROKEN',
      `the answer broke off or cannot be decoded after ${size} bytes: ${describe(error)}`,
    );
  }
};

const CHUNKS = { chunkSize: 64 * 1024 };

const refuse = (encoding: string) => async () => {
  throw new Fault('E_BODY_BROKEN', `the answer is encoded as ${encoding.slice(0, 40)}, which was not asked for`);
};

// ---- Where a request may go, and with what ----

/** The whole address of a call. Throws E_ORIGIN when it would leave the origin: nothing is sent then. */
const addressOf = ({ url: text, query = {} }: Call, origin: string): URL => {
  const url = URL.parse(text);
  if (!url) throw new Fault('E_ORIGIN', 'the address of a request is not an absolute URL');
  if (url.origin !== origin || !/^https?:$/.test(url.protocol))
    throw new Fault(
      'E_ORIGIN',
      `a request would go to ${url.protocol}//${url.host} and not to ${origin}; nothing was sent`,
    );
  for (const [name, value] of Object.entries(query))
    if (value !== null && value !== undefined) url.searchParams.set(name, String(value));
  return url;
};

/** A header cannot hold every text: a key pasted with a line break inside is a wrong key, and said to be one. */
const checkHeaders = (credential: Headers): void => {
  if (Object.values(credential).some(value => /[^\t -~\u0080-\u00ff]/.test(value)))
    throw new Fault('E_SECRET', 'the credential holds a line break or another character that no header can carry');
};

const lowered = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const plain = (headers: Readonly<Record<string, string | string[] | undefined>>): Headers =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  );

// ---- What goes wrong on the way ----

/** Whether the other side did answer, so that a timeout which passed meanwhile says nothing. */
const isAnswered = (error: unknown): boolean =>
  error instanceof Fault && (error.status !== undefined || error.code === 'E_BODY_LIMIT');

/** Anything thrown on the way to an answer. */
const networkFault = (error: unknown, where: string, secrets: readonly string[]): Fault => {
  const codes = codesOf(error);
  const said = hide(describe(error), secrets) || codes.join(' ');
  return new Fault(codes.some(code => TLS.test(code)) ? 'E_TLS' : 'E_NETWORK', `${where}: ${said}`);
};

const TLS =
  /^(ERR_(TLS|SSL|OSSL)_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|EPROTO)/;

const codesOf = (error: unknown): readonly string[] => {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  return [...own, ...codesOf(error.cause), ...(error instanceof AggregateError ? error.errors.flatMap(codesOf) : [])];
};
