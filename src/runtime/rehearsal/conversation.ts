// A conversation with a vendor's API, written down: what is asked, in order, and what is answered. `dev record` writes it
// from a real vendor; the fixtures of the receivers, `dev replay` and config tests are the same format.
import { z } from 'zod';
import type { Call } from '../../component.ts';
import { Fault } from '../../fault.ts';
import type { Json, JsonObject } from '../../model.ts';
import type { Headers } from '../http/status.ts';

export interface Conversation {
  /** What it shows, in a sentence. */
  readonly about: string;
  /** Of the receiver: `opal`. What needs no config to be replayed says it. */
  readonly type?: string | undefined;
  /** What the receiver's clock shows at the start, ISO. It moves only when the receiver sleeps, by just that. */
  readonly clock: string;
  /** Where the receiver stood at the start; at its beginning when absent. */
  readonly position?: Json | undefined;
  /** Where its beginning was, if the recording said so in place of the config. */
  readonly since?: string | undefined;
  /** It breaks off: the receiver would have asked on. */
  readonly cut?: true | undefined;
  /** The receiver's options; a secret is written as `{ "secret": "what it reveals" }`. */
  readonly options: JsonObject;
  /** In the order in which they are made. Unless it breaks off, the receiver rests after the last one. */
  readonly exchanges: readonly Exchange[];
}

export interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

export interface Request {
  readonly method: 'GET' | 'POST';
  /** Of the whole URL, without the query. */
  readonly path: string;
  /** As texts, sorted or not; none when absent. */
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly body?: Json | undefined;
}

export interface Response {
  readonly status: number;
  /** Lower-case names; `date` is the vendor's clock. */
  readonly headers: Headers;
  /** Of an answer in JSON. */
  readonly body?: Json | undefined;
  /** Of any other, as it came. */
  readonly text?: string | undefined;
}

const json = z.custom<Json>(value => value !== undefined);
const texts = z.record(z.string(), z.string());
const schema = z.object({
  about: z.string().default(''),
  type: z.string().optional(),
  clock: z.string().refine(text => Number.isFinite(Date.parse(text)), 'must be a date like 2026-01-15T12:00:00Z'),
  position: json.optional(),
  since: z.string().optional(),
  cut: z.literal(true).optional(),
  options: z.custom<JsonObject>(value => typeof value === 'object' && value !== null, 'must be an object'),
  exchanges: z.array(
    z.object({
      request: z.object({
        method: z.enum(['GET', 'POST']),
        path: z.string(),
        query: texts.optional(),
        body: json.optional(),
      }),
      response: z.object({ status: z.int(), headers: texts, body: json.optional(), text: z.string().optional() }),
    }),
  ),
});

/**
 * A conversation from its file, with each number as it is written there. Throws E_CONVERSATION, which says everything that
 * is wrong with it.
 */
export const readConversation = (text: string): Conversation => {
  let read: unknown;
  try {
    read = JSON.parse(text, asWritten);
  } catch (cause) {
    throw new Fault('E_CONVERSATION', 'it is not JSON', { cause });
  }
  const { data, error } = schema.safeParse(read);
  if (data) return data;
  const problems = error.issues.map(issue => `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
  throw new Fault('E_CONVERSATION', problems.join('; '));
};

/** As its file has it. */
export const writeConversation = (conversation: Conversation): string => `${JSON.stringify(conversation, null, 2)}\n`;

/** The body of an answer as a conversation has it, each number as the vendor wrote it; nothing where it is no JSON. */
export const bodyOf = (text: string): Json | undefined => {
  try {
    return JSON.parse(text, asWritten);
  } catch {
    return undefined;
  }
};

/** The body of an answer, as it travels. */
export const textOfResponse = ({ body, text }: Response): string => text ?? JSON.stringify(body) ?? '';

/** A call as a conversation has it. */
export const requestOf = ({ method = 'GET', url: address, query = {}, body }: Call): Request => {
  const url = new URL(address);
  const given = Object.entries(query).flatMap(([key, value]) => (value == null ? [] : [[key, String(value)] as const]));
  return {
    method,
    path: url.pathname,
    query: Object.fromEntries([...url.searchParams, ...given]),
    ...(body !== undefined && { body }),
  };
};

/** Keeps a number that JavaScript would write otherwise. */
const asWritten = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === 'number' && context?.source !== undefined && context.source !== String(value)
    ? rawJson(context.source)
    : value;

/** A number that JSON.stringify writes with just these digits. The compiler does not know it yet. */
const { rawJSON: rawJson } = JSON as typeof JSON & { rawJSON(digits: string): Json };
