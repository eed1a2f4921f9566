// A conversation as a script of the receiver contract: the vendor answers over HTTP.
import { readFileSync } from 'node:fs';
import type { Answer, Fetch } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { canonical, isObject } from '../../src/json.ts';
import type { Json, JsonObject } from '../../src/model.ts';
import { SECOND } from '../../src/options.ts';
import { HOLD } from '../../src/retry.ts';
import { readConversation, textOfResponse } from '../../src/runtime/rehearsal/conversation.ts';
import { playConversation } from '../../src/runtime/rehearsal/play.ts';
import { asTexts, optionsOf } from './conversation.ts';
import { type Module, receiverBench } from './receiver-bench.ts';
import type { Script, Stage, Trouble } from './script.ts';

export const conversationScript = (file: URL, load: () => Promise<Module>): Script => {
  const conversation = readConversation(readFileSync(file, 'utf8'));
  const { clock, options, exchanges } = conversation;
  const words = new Set(exchanges.flatMap(({ response }) => within(asTexts(response.body ?? null))).map(canonical));

  return {
    clock,
    timeless: 0,
    secrets: secretsIn(options),
    troubles,
    own: ({ raw }) => (words.has(canonical(raw)) ? raw : undefined),
    open: async ({ disturbed = false, quiet = false } = {}) => {
      const player = playConversation(conversation, disturbed ? { anyMoment: true, again: true } : {});
      const addresses: string[] = [];
      let restsBefore = 0;
      let underWay = 0;
      const answer: Fetch = (call, signal) => {
        if (!quiet || player.left > 0) return player.fetch(call, signal);
        const { response } = exchanges.at(-1)!;
        const [date, text] = [stage.context.clock.now(), textOfResponse(response)];
        return Promise.resolve({ status: 200, headers: response.headers, date, text });
      };
      const fetch: Fetch = async (call, signal) => {
        stage.touches.push(stage.context.clock.now());
        addresses.push(JSON.stringify([call.url, call.query]));
        restsBefore = stage.context.rests;
        underWay++;
        try {
          return (await stage.before(stage.touches.length, signal)) ?? (await answer(call, signal));
        } finally {
          underWay--;
        }
      };
      const bench = receiverBench(await load(), { clock, options: optionsOf(conversation), fetch });
      const stage: Stage = {
        ...bench,
        asked: bench.touches,
        get wrong() {
          const aloud = addresses.filter(url => secretsIn(options).some(secret => url.includes(secret)));
          return [...player.unexpected, ...aloud.map(url => `a secret in ${url}`)];
        },
        finished: () => player.left === 0 && stage.context.rests > restsBefore,
        before: async () => undefined,
        held: () => Array.from({ length: underWay }, () => 'a request is under way'),
        untouched: () => undefined,
        end: async () => {},
      };
      return stage;
    },
  };
};

/** What can go wrong with a request. */
const troubles: Readonly<Record<string, Trouble>> = {
  '429 with Retry-After': {
    wait: 37 * SECOND,
    happen: async () => fail(new Fault('E_HTTP_LIMIT', 'slow down', { status: 429, retryAfter: 37 * SECOND })),
  },
  '500': { happen: async () => fail(new Fault('E_HTTP_SERVER', 'oh no', { status: 500 })) },
  'a timeout': { happen: async () => fail(new Fault('E_TIMEOUT')) },
  'a reset connection': { happen: async () => fail(new Fault('E_NETWORK')) },
  'truncated JSON': {
    happen: async (): Promise<Answer> => ({
      status: 200,
      headers: {},
      date: 0,
      text: '{"results": [{"id": "1", "na',
    }),
  },
  '401': { wait: HOLD, happen: async () => fail(new Fault('E_HTTP_DENIED', 'who are you', { status: 401 })) },
};

const fail = (fault: Fault): never => {
  throw fault;
};

const within = (json: Json): readonly Json[] =>
  typeof json === 'object' && json !== null ? [json, ...Object.values(json as JsonObject).flatMap(within)] : [];

export const secretsIn = (json: Json): readonly string[] => {
  if (Array.isArray(json)) return json.flatMap(secretsIn);
  if (!isObject(json)) return [];
  return typeof json.secret === 'string' ? [json.secret] : Object.values(json).flatMap(secretsIn);
};
