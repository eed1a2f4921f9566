// How a credential travels. Secrets are revealed when a request is made, so that a rotated one is used at once.
import { abortable } from '../abort.ts';
import type { Answer, Auth, Fetch } from '../component.ts';
import { Fault } from '../fault.ts';
import { isObject, textOf } from '../json.ts';
import type { Json } from '../model.ts';
import { MINUTE, type Secret } from '../options.ts';
import { moment, toMillis } from '../time.ts';

/** `Authorization: Bearer …`. A token that is a JWT says itself when it ends. */
export const bearer = (token: Secret): Auth => {
  let ends: number | undefined;
  const headers = async () => {
    const text = await token.reveal();
    ends = endOf(text);
    return { authorization: `Bearer ${text}` };
  };
  return { ...fixed([token], headers), expires: () => ends };
};

/** `Authorization: Basic …` (RFC 7617) */
export const basic = (user: string | Secret, password: Secret): Auth =>
  fixed([user, password], async () => {
    const name = typeof user === 'string' ? user : await user.reveal();
    return { authorization: `Basic ${Buffer.from(`${name}:${await password.reveal()}`).toString('base64')}` };
  });

/** A header of the vendor's own: `X-Api-Key: …` */
export const header = (name: string, value: Secret): Auth =>
  fixed([value], async () => ({ [name.toLowerCase()]: await value.reveal() }));

export interface Exchange {
  /** Where the credentials are posted; on the origin of the API. */
  readonly url: string;
  /** By the names that `body` knows them by. */
  readonly secrets: Readonly<Record<string, Secret>>;
  /** What is posted; the secrets by their names when absent. */
  readonly body?: (revealed: Readonly<Record<string, string>>) => Json;
  /** Finds the token, and when it ends, in the answer; `token` and `expiration_time` when absent. */
  readonly read?: (answer: Json) => Token;
  /** How long before its end a token is replaced, in ms, but not before half its life; 5 min when absent. */
  readonly margin?: number;
}

/** A short-lived token, as a vendor hands it out. */
export interface Token {
  readonly token?: string | undefined;
  /** Its end: RFC 3339, or a number since the epoch. Where the vendor does not say, it is used until it is refused. */
  readonly expires?: string | number | undefined;
  /** Its life in ms, where the vendor says that instead. */
  readonly life?: number | undefined;
}

/**
 * Posts credentials for a short-lived token, which travels as `Authorization: Bearer …`. It is kept in memory only, is
 * replaced shortly before its end, and once when a 401 refuses it; requests that need one at the same time share it.
 */
export const exchange = ({ url, secrets, body, read = usual, margin = 5 * MINUTE }: Exchange): Auth => {
  let held: Held | undefined;
  let pending: Promise<Held> | undefined;

  const renew = async (send: Fetch, now: number, signal: AbortSignal): Promise<Held> => {
    const entries = Object.entries(secrets).map(async ([name, secret]) => [name, await secret.reveal()] as const);
    const revealed = Object.fromEntries(await Promise.all(entries));
    const answer = await send({ method: 'POST', url, body: body?.(revealed) ?? revealed }, signal).catch(refusal);
    return hold(answer, read, now, margin);
  };

  const token = async (send: Fetch, now: number, signal: AbortSignal): Promise<Held> => {
    for (;;) {
      if (held !== undefined && now < held.until) return held;
      const ours = pending === undefined;
      pending ??= renew(send, now, signal)
        .then(fresh => {
          held = fresh;
          return fresh;
        })
        .finally(() => {
          pending = undefined;
        });
      try {
        return await abortable(pending, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (ours || error instanceof Fault) throw error; // or else whoever asked has gone away: ask ourselves
      }
    }
  };

  return {
    credential: referencesOf(Object.values(secrets)),
    headers: async (send, now, signal) => {
      const current = await token(send, now, signal);
      current.uses++;
      return { authorization: current.authorization };
    },
    refused: sent => {
      if (held === undefined || (sent !== undefined && sent.authorization !== held.authorization)) return true;
      const worked = held.uses > 1; // one that is refused at its first use would be followed by another such
      held = undefined;
      return worked;
    },
    expires: () => held?.ends,
    renews: true,
  };
};

interface Held {
  readonly authorization: string;
  /** By our clock, ms since the epoch. */
  readonly ends: number | undefined;
  /** When it is to be replaced. */
  readonly until: number;
  uses: number;
}

const hold = (answer: Answer, read: (answer: Json) => Token, now: number, margin: number): Held => {
  const { token, expires, life } = read(jsonOf(answer.text));
  if (!token) throw new Fault('E_PAGE_SHAPE', 'the answer to the exchange of the credential has no token');
  const end = moment(expires)?.time;
  // Counted from the vendor's own date, so that a clock of ours that is wrong does not matter.
  const left = end ? toMillis(end) - answer.date : life;
  const authorization = `Bearer ${token}`;
  if (left === undefined) return { authorization, ends: endOf(token), until: Number.POSITIVE_INFINITY, uses: 0 };
  return { authorization, ends: now + left, until: now + Math.max(left - margin, left / 2), uses: 0 };
};

const usual = (answer: Json): Token => ({ token: textOf(answer, 'token'), expires: textOf(answer, 'expiration_time') });

/** Whatever the vendor says about it, a refused exchange is about the credential, never about a page or a record. */
const refusal = (error: unknown): never => {
  if (!(error instanceof Fault)) throw error;
  const { retryAfter, status } = error;
  throw new Fault(error.code, `the credential was not exchanged for a token: ${error.message}`, {
    kind: error.kind === 'rejected' ? 'denied' : error.kind,
    retryAfter,
    ...(status !== undefined && { status }),
  });
};

const jsonOf = (text: string): Json => {
  try {
    return JSON.parse(text);
  } catch {
    // Without the cause: it quotes the text, which may hold the token.
    throw new Fault('E_PAGE_SYNTAX', 'the answer to the exchange of the credential is not JSON');
  }
};

const fixed = (secrets: readonly (string | Secret)[], headers: Auth['headers']): Auth => ({
  credential: referencesOf(secrets),
  headers,
  refused: () => false,
});

const referencesOf = (secrets: readonly (string | Secret)[]): string =>
  secrets.map(secret => (typeof secret === 'string' ? secret : secret.reference)).join(' ');

/** When a JWT (RFC 7519) ends, in ms since the epoch; nothing for any other token. Read, not verified: it is only shown. */
const endOf = (token: string): number | undefined => {
  try {
    const claims: Json = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const ends = isObject(claims) && Object.hasOwn(claims, 'exp') ? claims.exp : undefined;
    return typeof ends === 'number' && Number.isFinite(ends) ? ends * 1000 : undefined;
  } catch {
    return undefined; // an opaque token: it does not say
  }
};
