// What was heard becomes a conversation that can be kept and passed on: credentials are out of it in every form, always, and
// of the headers only those that a receiver looks at are in it.
import type { Json, JsonObject } from '../../model.ts';
import { isSecret } from '../../options.ts';
import { HIDDEN, hider } from '../../secrets.ts';
import type { Heard } from '../http/fetch.ts';
import { bodyOf, type Conversation, type Exchange, requestOf } from './conversation.ts';
import { madeUpPeople } from './people.ts';
import { mapTexts } from './texts.ts';

export interface Recording extends Omit<Conversation, 'options' | 'exchanges'> {
  /** As the config has them. */
  readonly options: unknown;
  readonly heard: readonly Heard[];
  /** What the secrets of the config reveal. */
  readonly secrets: readonly string[];
  /** Whether people are replaced by made-up ones. */
  readonly people: boolean;
}

export const conversationOf = ({ options, heard, secrets, people, ...rest }: Recording): Conversation => {
  const clean = cleaner([...secrets, ...heard.flatMap(each => each.secrets)]);
  const whole: Conversation = {
    ...rest,
    ...(rest.position !== undefined && { position: clean(rest.position) }),
    options: clean(writtenOptions(options) as JsonObject), // options are an object
    exchanges: heard.map(each => exchangeOf(each, clean)),
  };
  return people ? withMadeUpPeople(whole) : whole;
};

const exchangeOf = ({ call, reply }: Heard, clean: Clean): Exchange => {
  const { method, path, query = {}, body: asked } = requestOf(call);
  const body = bodyOf(reply.text);
  const kept = Object.entries(reply.headers).filter(([name]) => HEADERS.test(name));
  return {
    request: {
      method,
      path: clean(path),
      ...(Object.keys(query).length > 0 && { query: clean(query) }),
      ...(asked !== undefined && { body: clean(asked) }),
    },
    response: {
      status: reply.status,
      headers: clean(Object.fromEntries(kept)),
      ...(body === undefined ? { text: clean(reply.text) } : { body: clean(body) }),
    },
  };
};

/** Those that a receiver or the client looks at. No other is written down: a cookie is a credential, too. */
const HEADERS = /^(date|content-type|link|retry-after|(x-)?ratelimit-.+)$/;

const withMadeUpPeople = (conversation: Conversation): Conversation => {
  const { options, position, exchanges } = conversation;
  const parts = exchanges.flatMap(({ request, response }) => [
    request.body ?? null,
    { ...request.query },
    response.body ?? null,
  ]);
  const replace = madeUpPeople([options, position ?? null, ...parts]);
  return {
    ...conversation,
    options: replace(options),
    ...(position !== undefined && { position: replace(position) }),
    exchanges: exchanges.map(({ request, response }) => ({
      request: {
        ...request,
        path: replace(request.path),
        ...(request.query && { query: replace(request.query) }),
        ...(request.body !== undefined && { body: replace(request.body) }),
      },
      response: {
        ...response,
        headers: {
          ...response.headers,
          ...(response.headers.link !== undefined && { link: replace(response.headers.link) }),
        },
        ...(response.body !== undefined && { body: replace(response.body) }),
        ...(response.text !== undefined && { text: replace(response.text) }),
      },
    })),
  };
};

// ---- Credentials ----

type Clean = <T extends Json>(part: T) => T;

/**
 * Takes our own secrets out of every text, and whatever looks like somebody's: a JWT, an `Authorization`, a private key, the
 * user of an address, and fields that are called so. Two that differ stay different: one may be a cursor.
 */
const cleaner = (secrets: readonly string[]): Clean => {
  const hide = hider(secrets);
  const strangers = new Map<string, string>();
  const numbered = (text: string): string => {
    const before = strangers.get(text) ?? `[secret ${strangers.size + 1}]`;
    strangers.set(text, before);
    return before;
  };
  const change = (text: string, key = ''): string => {
    const hidden = hide(text)
      .replace(JWT, numbered)
      .replace(AUTHORIZATION, (_, scheme: string, token: string) => `${scheme} ${numbered(token)}`)
      .replace(PRIVATE_KEY, numbered)
      .replace(USER_OF_ADDRESS, '$1');
    return CREDENTIAL.test(key) && hidden !== '' && !hidden.startsWith('[secret') ? numbered(hidden) : hidden;
  };
  return part => mapTexts(part, change, true);
};

const JWT = /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g;
const AUTHORIZATION = /\b(Bearer|Basic) ([\w.~+/=-]{8,})/g;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g;
const USER_OF_ADDRESS = /\b(https?:\/\/)[^\s/?#@"]+@/g;
const CREDENTIAL =
  /^(authorization|password|passwd|passphrase|secret|client_?secret|api_?key|api_?secret|access_?token|refresh_?token|id_?token|session_?token|private_?key|set-cookie|cookie)$/i;

/** As a conversation has them; without what only says how to reach the vendor. */
const writtenOptions = (options: unknown): Json => {
  if (isSecret(options)) return { secret: HIDDEN };
  if (Array.isArray(options)) return options.map(writtenOptions);
  if (typeof options !== 'object' || options === null) return (options ?? null) as Json; // a scalar of the config
  return Object.fromEntries(
    Object.entries(options)
      .filter(([key, value]) => !HOW_TO_REACH.has(key) && value !== undefined && typeof value !== 'function')
      .map(([key, value]) => [key, writtenOptions(value)]),
  );
};

const HOW_TO_REACH = new Set(['proxy', 'tls']);
