// What was heard becomes a conversation: no credential is in it, ours or anybody's, and it can still be played.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writePrivate } from '../../src/cli/new-file.ts';
import type { Json, JsonObject } from '../../src/model.ts';
import { secret } from '../../src/options.ts';
import type { Heard } from '../../src/runtime/http/fetch.ts';
import {
  bodyOf,
  type Conversation,
  readConversation,
  textOfResponse,
  writeConversation,
} from '../../src/runtime/rehearsal/conversation.ts';
import { conversationOf } from '../../src/runtime/rehearsal/record.ts';
import { faultFrom } from '../support/loopback.ts';

const KEY = 'sk-live-0123456789abcdef';
const TOKEN = 'short-lived-token-fedcba';
const jwt = (n: number) => `eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify({ n })).toString('base64url')}.c2ln`;

const heard = (
  body: Json | string,
  more: Partial<Heard['call']> & { headers?: Record<string, string> } = {},
): Heard => ({
  call: { url: 'https://api.vendor.example/events', ...more },
  reply: {
    status: 200,
    headers: { date: 'Thu, 15 Jan 2026 12:00:00 GMT', ...more.headers },
    text: typeof body === 'string' ? body : JSON.stringify(body),
  },
  secrets: [`Bearer ${TOKEN}`, TOKEN],
});

const recorded = (...all: readonly Heard[]): Conversation =>
  conversationOf({
    about: 'a test',
    clock: '2026-01-15T12:00:00Z',
    options: {
      apiKey: secret.env('KEY'),
      baseUrl: 'https://me:pass-word@api.vendor.example',
      proxy: 'http://u:p@h',
      page: 3,
    },
    heard: all,
    secrets: [KEY],
    people: false,
  });

const answers = ({ exchanges }: Conversation) => exchanges.map(({ response }) => response.body as JsonObject);

describe('a recording', () => {
  test('has no secret of ours in any part of it, in any form', () => {
    const base64 = Buffer.from(`user:${KEY}`).toString('base64');
    const text = writeConversation(
      recorded(
        heard(
          { echo: KEY, [KEY]: 1, deep: [{ url: `https://x/?k=${encodeURIComponent(KEY)}`, basic: base64 }] },
          { url: `https://api.vendor.example/${KEY}/events?key=${KEY}`, query: { t: TOKEN }, body: { token: TOKEN } },
        ),
        heard(`<html>${KEY} ${TOKEN}</html>`, { headers: { link: `<https://x/?t=${TOKEN}>; rel=next` } }),
      ),
    );
    for (const part of [KEY, TOKEN, KEY.slice(4, 16), base64.slice(8, 24), 'pass-word'])
      expect(text).not.toContain(part);
  });

  test('keeps of the headers those that a receiver looks at', () => {
    const { exchanges } = recorded(
      heard(
        {},
        {
          headers: { 'set-cookie': 'session=1', 'x-ratelimit-remaining': '9', 'x-request-id': '1', 'retry-after': '3' },
        },
      ),
    );
    expect(Object.keys(exchanges[0]!.response.headers)).toEqual(['date', 'x-ratelimit-remaining', 'retry-after']);
  });

  test('has no credential of a stranger; two that differ stay different, and one stays itself', () => {
    const conversation = recorded(
      heard({
        next: jwt(1),
        said: 'Authorization: Bearer abcdefgh12345678',
        password: 'hunter2',
        kept: 'bearer of news',
      }),
      heard(
        { next: jwt(2), pem: '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----' },
        { query: { after: jwt(1) } },
      ),
      heard({ next: null }, { query: { after: jwt(2) } }),
    );
    const [first, second] = answers(conversation);
    expect(first).toEqual({
      next: '[secret 1]',
      said: 'Authorization: Bearer [secret 2]',
      password: '[secret 3]',
      kept: 'bearer of news',
    });
    expect(second).toMatchObject({ next: '[secret 4]', pem: '[secret 5]' });
    expect(conversation.exchanges.map(({ request }) => request.query?.after)).toEqual([
      undefined,
      '[secret 1]',
      '[secret 4]',
    ]);
  });

  test('names the options, its secrets by what they reveal in a replay, and not how the vendor is reached', () => {
    expect(recorded().options).toEqual({
      apiKey: { secret: '[secret]' },
      baseUrl: 'https://api.vendor.example',
      page: 3,
    });
  });

  test('has every number as the vendor wrote it, through the file and back', () => {
    const body = '{"big":9007199254740993,"small":1.0,"list":[1e3,-0.10],"plain":7}';
    const conversation = readConversation(writeConversation(recorded(heard(body))));
    expect(textOfResponse(conversation.exchanges[0]!.response)).toBe(body);
  });

  test('has what is no JSON as it came', () => {
    const { response } = recorded(heard('{"cut": ')).exchanges[0]!;
    expect([response.body, response.text, bodyOf('{"cut": ')]).toEqual([undefined, '{"cut": ', undefined]);
  });

  test('that is none is refused with all that is wrong with it', async () => {
    const fault = await faultFrom(
      (async () =>
        readConversation('{"clock":"soon","options":{},"exchanges":[{"request":{"method":"PUT","path":"/"}}]}'))(),
    );
    expect(fault.message).toMatch(/clock: must be a date.*exchanges\.0\.request\.method.*exchanges\.0\.response/s);
  });

  test('is a file for its owner only, and never takes the place of another', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tributary-record-'));
    const file = join(folder, 'conversation.json');
    writePrivate(file, 'first');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(() => writePrivate(file, 'second')).toThrow('is there already, and was left as it is');
    expect(readFileSync(file, 'utf8')).toBe('first');
    rmSync(folder, { recursive: true, force: true });
  });
});
