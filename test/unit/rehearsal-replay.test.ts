// A conversation is replayed to its end, whatever is in it, without a moment of real time; and what is wrong with it is said.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { dedupe } from '../../processors/dedupe/index.ts';
import { normalize } from '../../processors/normalize/index.ts';
import { optionsOf } from '../../src/cli/dev/made-up.ts';
import { eventsIn, replay } from '../../src/cli/dev/rehearse.ts';
import { type Subject, subjectIn } from '../../src/cli/dev/subject.ts';
import type { Call, Spec } from '../../src/component.ts';
import type { JsonObject } from '../../src/model.ts';
import { validate } from '../../src/ocsf/validate.ts';
import {
  type Conversation,
  type Exchange,
  readConversation,
  textOfResponse,
  writeConversation,
} from '../../src/runtime/rehearsal/conversation.ts';
import { conversationOf } from '../../src/runtime/rehearsal/record.ts';
import { factoryOf } from '../support/receiver-bench.ts';
import { scriptsOf } from '../support/script.ts';

const root = new URL('../../', import.meta.url);

const subjectFor = (receiver: Spec<'receiver'>): Promise<Subject> =>
  subjectIn(
    {
      receivers: { it: receiver },
      processors: { dedupe: dedupe(), normalize: normalize() },
      exporters: {},
      pipelines: { all: { receivers: ['it'], processors: ['dedupe', 'normalize'], exporters: ['rehearsal'] } },
    },
    { receiver: 'it', file: 'a test', folder: '/' },
  );

const conversations = ['receivers/opal', 'receivers/onepassword', 'receivers/endor-labs', 'examples/acme'].flatMap(
  folder =>
    scriptsOf(folder, root).map(({ of, expected, load }) => ({
      of,
      expected,
      subject: async (conversation: Conversation) => subjectFor(factoryOf(await load(), optionsOf(conversation))),
      conversation: readConversation(
        readFileSync(new URL(expected.href.replace('expected.ndjson', 'conversation.json')), 'utf8'),
      ),
    })),
);

const byUid = (events: readonly JsonObject[]) => new Map(events.map(event => [uidsIn([event])[0], event]));
const uidsIn = (events: readonly JsonObject[]) => events.map(({ metadata }) => (metadata as JsonObject).uid);

describe.each(conversations)('$of', ({ expected, subject, conversation }) => {
  const played = async (changed: Conversation) => replay(await subject(changed), changed);

  test('reads as its fixtures say', async () => {
    const { handed, wrong, fault } = await played(conversation);
    expect([wrong, fault]).toEqual([[], undefined]);
    const lines = readFileSync(expected, 'utf8').trim().split('\n');
    expect(byUid(eventsIn(handed))).toEqual(byUid(lines.map(line => JSON.parse(line))));
  });

  test('with made-up people it reads as the same events, by their uids; each is valid, and nobody real is in it', async () => {
    const made = readConversation(
      writeConversation(
        conversationOf({
          ...conversation,
          heard: conversation.exchanges.map(({ request: { path, ...request }, response }) => ({
            call: { ...request, url: `https://vendor.example${path}`, query: request.query ?? {} } as Call, // as it was
            reply: { ...response, text: textOfResponse(response) },
            secrets: [],
          })),
          secrets: [],
          people: true,
        }),
      ),
    );
    const [real, other] = [eventsIn((await played(conversation)).handed), eventsIn((await played(made)).handed)];
    expect(uidsIn(other)).toEqual(uidsIn(real));
    expect(other.map(({ class_uid }) => class_uid)).toEqual(real.map(({ class_uid }) => class_uid));
    for (const event of other) expect(validate(event)).toEqual([]);

    const [before, after] = [conversation, made].map(({ exchanges }) => JSON.stringify(exchanges).toLowerCase());
    const people = new Set(before!.match(/[\w.+-]+@[\w-]+\.[\w.-]*\w/g));
    expect(people.size).toBeGreaterThan(0);
    for (const mail of people) expect(after).not.toContain(mail);
  });
});

describe('a replay', () => {
  const { conversation, subject } = conversations.find(({ of }) => of === 'examples/acme')!;
  const { exchanges } = conversation;
  const played = async (changed: Partial<Conversation>) => {
    const whole = { ...conversation, ...changed };
    return replay(await subject(whole), whole);
  };

  test('of one that was cut ends where it was cut', async () => {
    const { wrong, records } = await played({ exchanges: exchanges.slice(0, 1), cut: true });
    expect([wrong, records.length]).toEqual([[], 3]);
  });

  test('of one that ends too early says what would have been asked', async () => {
    const { wrong } = await played({ exchanges: exchanges.slice(0, 1) });
    expect(wrong).toEqual([
      expect.stringMatching(/^request 2 was not recorded: GET .*after=.*\n {2}the conversation ends/),
    ]);
  });

  test('of one that goes on too long says how much of it was left', async () => {
    const { wrong } = await played({ exchanges: [...exchanges, exchanges.at(-1)!] });
    expect(wrong[0]).toMatch(/^request \d+ was not recorded|1 recorded requests were not made/);
  });

  test('waits out what its vendor asked to wait out, in no time', async () => {
    const [first] = exchanges as readonly [Exchange, ...Exchange[]];
    const headers = { ...first.response.headers, 'retry-after': '7' };
    const refused: Exchange = { ...first, response: { status: 429, headers, body: { error: 'slow down' } } };
    const { handed, wrong } = await played({ exchanges: [refused, first], cut: true });
    expect([wrong, handed.length]).toEqual([[], 3]);
  });

  test('of one that breaks off with a fault ends with that fault', async () => {
    const [first] = exchanges as readonly [Exchange, ...Exchange[]];
    const refused: Exchange = { ...first, response: { status: 401, headers: first.response.headers, text: '<no>' } };
    const { fault, wrong } = await played({ exchanges: [refused], cut: true });
    expect([fault?.code, wrong]).toEqual(['E_HTTP_DENIED', []]);
  });

  test('begins at the position of the recording', async () => {
    const whole = await played({});
    const [position] = whole.positions;
    const rest = await played({ position, exchanges: exchanges.slice(1) });
    expect(rest.wrong).toEqual([]);
    expect(rest.positions).toEqual(whole.positions.slice(1));
  });
});
