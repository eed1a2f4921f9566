// Plays the vendor's part of a conversation: each request is answered when it is the next one, exactly. Nothing is asked of
// anybody.
import { isDeepStrictEqual } from 'node:util';
import type { Answer, Fetch } from '../../component.ts';
import type { Json, JsonObject } from '../../model.ts';
import { dateOf, faultOf } from '../http/status.ts';
import { type Conversation, type Exchange, type Request, requestOf, textOfResponse } from './conversation.ts';
import { differences } from './difference.ts';

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
  /** Requests that were not the next one, each in words. Each ends the receiver. */
  readonly unexpected: readonly string[];
}

/** A request that is not in the conversation: no fault that could be waited out. */
export class NotRecorded extends Error {
  override readonly name = 'NotRecorded';
}

export const playConversation = (
  { exchanges, clock }: Pick<Conversation, 'exchanges' | 'clock'>,
  { anyMoment = false, again = false }: PlayOptions = {},
): Player => {
  let next = 0;
  const unexpected: string[] = [];
  const form = (request: Request): Json => (anyMoment ? withoutMoments(whole(request)) : whole(request));
  const now = Date.parse(clock);
  const fetch: Fetch = async (call, signal) => {
    signal.throwIfAborted();
    const asked = requestOf(call);
    const fits = ({ request }: Exchange) => isDeepStrictEqual(form(asked), form(request));
    const exchange = exchanges[next];
    if (exchange && fits(exchange)) {
      next++;
      return answerOf(exchange, now);
    }
    const before = again ? exchanges.slice(0, next).findLast(fits) : undefined;
    if (before) return answerOf(before, now);
    unexpected.push(complaint(asked, exchange?.request, next + 1));
    throw new NotRecorded(unexpected.at(-1));
  };
  return {
    fetch,
    unexpected,
    get left() {
      return exchanges.length - next;
    },
  };
};

/** What was asked, and how it differs from what was to be asked. */
const complaint = (asked: Request, wanted: Request | undefined, nth: number): string => {
  const said = `request ${nth} was not recorded: ${inWords(asked)}`;
  if (!wanted) return `${said}\n  the conversation ends before it`;
  return [said, `  recorded is ${inWords(wanted)}`, ...differences(whole(wanted), whole(asked))].join('\n');
};

const whole = ({ method, path, query = {}, body }: Request): JsonObject => ({
  method,
  path,
  query,
  ...(body !== undefined && { body }),
});

/** `POST /api/v2/auditevents {"cursor":"…"}` */
export const inWords = ({ method, path, query = {}, body }: Request): string => {
  const search = new URLSearchParams(query).toString();
  return `${method} ${path}${search && `?${search}`}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`;
};

const MOMENT = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?/g;

const withoutMoments = (json: Json): Json => JSON.parse(JSON.stringify(json).replace(MOMENT, 'a moment'));

/** @param now where the vendor does not say its time */
const answerOf = ({ request, response }: Exchange, now: number): Answer => {
  const { status, headers } = response;
  const text = textOfResponse(response);
  const fault = faultOf(status, headers, text, now, { where: `${request.method} ${request.path}` });
  if (fault) throw fault;
  return { status, headers, date: dateOf(headers, now), text };
};
