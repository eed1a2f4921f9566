// A conversation with a vendor's API, written down: what is asked, in order, and what is answered. Each receiver keeps
// one in `fixtures/conversation.json`, with made-up people; the receiver contract plays it.
import { isDeepStrictEqual } from 'node:util';
import type { Answer, Call, Fetch } from '../../src/component.ts';
import { isObject } from '../../src/json.ts';
import type { Json, JsonObject } from '../../src/model.ts';
import { type Secret, secret } from '../../src/options.ts';
import { faultOf } from '../../src/runtime/status.ts';

export interface Conversation {
  /** What it shows, in a sentence. */
  readonly about: string;
  /** What the receiver's clock shows at the start. It moves only when the receiver sleeps, by just that. */
  readonly clock: string;
  /** The receiver's options; a secret is written as `{ "secret": "what it reveals" }`. */
  readonly options: JsonObject;
  /** In the order in which they are made. The conversation ends when the receiver rests after the last one. */
  readonly exchanges: readonly Exchange[];
}

export interface Exchange {
  readonly request: {
    readonly method: 'GET' | 'POST';
    /** Of the whole URL, without the query. */
    readonly path: string;
    /** As texts, sorted or not; none when absent. */
    readonly query?: Readonly<Record<string, string>>;
    readonly body?: Json;
  };
  readonly response: {
    readonly status: number;
    /** Lower-case names; `date` is the vendor's clock. */
    readonly headers: Readonly<Record<string, string>> & { readonly date: string };
    readonly body: Json;
  };
}

export interface PlayOptions {
  /** Takes any moment for any other: for tests that move the clock between two requests. */
  readonly anyMoment?: boolean;
  /** Answers once more what was asked before: a receiver that is started again may look at its credential again. */
  readonly again?: boolean;
}

/** Plays one conversation once. */
export interface Player {
  readonly fetch: Fetch;
  /** How many exchanges are still to come. */
  readonly left: number;
  /** Requests that were not the next one of the script, each in words. Each is a defect: it ends the receiver. */
  readonly unexpected: readonly string[];
}

/** Exchange after exchange, each answered when it is asked for exactly. */
export const playConversation = (
  { exchanges }: Conversation,
  { anyMoment = false, again = false }: PlayOptions = {},
): Player => {
  let next = 0;
  const unexpected: string[] = [];
  const form = (request: JsonObject): Json => (anyMoment ? withoutMoments(request) : request);
  const fetch: Fetch = async (call, signal) => {
    signal.throwIfAborted();
    const asked = requestOf(call);
    const fits = ({ request }: Exchange) => isDeepStrictEqual(form(asked), form(plain(request)));
    const exchange = exchanges[next];
    if (exchange && fits(exchange)) {
      next++;
      return answerOf(exchange);
    }
    const before = again ? exchanges.slice(0, next).findLast(fits) : undefined;
    if (before) return answerOf(before);
    const wanted = exchange ? JSON.stringify(plain(exchange.request)) : 'the end';
    unexpected.push(`${JSON.stringify(asked)} in place of ${wanted}`);
    throw new Error(`this request is not in the script: ${unexpected.at(-1)}`);
  };
  return {
    fetch,
    unexpected,
    get left() {
      return exchanges.length - next;
    },
  };
};

/** A conversation from its file, with each number as it is written there: more digits than a double holds stay. */
export const readConversation = (text: string): Conversation =>
  JSON.parse(text, (_key, value, context?: { readonly source?: string }) =>
    isLong(value) ? rawJson(context?.source ?? '') : value,
  );

/** The body of an answer, as it travels. */
export const textOfBody = (body: Json): string => JSON.stringify(body);

/** The same with each number that a double cannot hold as the text of its digits. */
export const asTexts = (body: Json): Json =>
  JSON.parse(textOfBody(body), (_key, value, context?: { readonly source?: string }) =>
    isLong(value) ? context?.source : value,
  );

const isLong = (value: unknown): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);

/** A number that JSON.stringify writes with just these digits. The compiler does not know it yet. */
const { rawJSON: rawJson } = JSON as typeof JSON & { rawJSON(digits: string): Json };

/** The options as a receiver's factory takes them: secrets revealed from variables of this process. */
export const optionsOf = ({ options }: Pick<Conversation, 'options'>): unknown => withSecrets(options);

/** A reference to a secret whose value is known: made up, for tests only. */
export const testSecret = (value: string): Secret => {
  const name = `TRIBUTARY_TEST_SECRET_${Buffer.from(value).toString('hex').toUpperCase()}`;
  process.env[name] = value;
  return secret.env(name);
};

const withSecrets = (json: Json): unknown => {
  if (Array.isArray(json)) return json.map(withSecrets);
  if (!isObject(json)) return json;
  if (typeof json.secret === 'string' && Object.keys(json).length === 1) return testSecret(json.secret);
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withSecrets(value)]));
};

const requestOf = ({ method = 'GET', url: text, query = {}, body }: Call): JsonObject => {
  const url = new URL(text);
  const given = Object.entries(query).flatMap(([key, value]) => (value == null ? [] : [[key, String(value)] as const]));
  return plain({
    method,
    path: url.pathname,
    query: Object.fromEntries([...url.searchParams, ...given]),
    ...(body !== undefined && { body }),
  });
};

const plain = ({ method, path, query = {}, body }: Exchange['request']): JsonObject => ({
  method,
  path,
  query,
  ...(body !== undefined && { body }),
});

const MOMENT = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?/g;

const withoutMoments = (json: Json): Json => JSON.parse(JSON.stringify(json).replace(MOMENT, 'a moment'));

const answerOf = ({ response: { status, headers, body } }: Exchange): Answer => {
  const [text, date] = [textOfBody(body), Date.parse(headers.date)];
  const fault = faultOf(status, headers, text, date);
  if (fault) throw fault;
  return { status, headers, date, text };
};
