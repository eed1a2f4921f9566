// What `tributary doctor` may ask of every receiver: it asks as its fixtures begin, finds no fault, and takes and moves
// nothing. Vendors are found by their folders.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import { readConversation } from '../../src/runtime/rehearsal/conversation.ts';
import { playConversation } from '../../src/runtime/rehearsal/play.ts';
import { optionsOf } from '../support/conversation.ts';
import { receiverBench } from '../support/receiver-bench.ts';
import { type Found, scriptsOf } from '../support/script.ts';

const root = new URL('../../', import.meta.url);
const scripts = ['receivers', 'examples'].flatMap(kind =>
  readdirSync(new URL(kind, root)).flatMap(name => scriptsOf(`${kind}/${name}`, root)),
);
const fixture = ({ expected }: Found, ending: string) => new URL(expected.href.replace('expected.ndjson', ending));
const conversations = scripts.filter(found => existsSync(fixture(found, 'conversation.json')));

describe.each(conversations)('$of', found => {
  const conversation = readConversation(readFileSync(fixture(found, 'conversation.json'), 'utf8'));
  const bench = async (fails?: Fault) => {
    const player = playConversation(conversation, { again: true });
    const { clock } = conversation;
    const asked: string[] = [];
    const made = receiverBench(await found.load(), {
      clock,
      options: optionsOf(conversation),
      fetch: async (call, signal) => {
        asked.push(call.url);
        if (fails) throw fails;
        return player.fetch(call, signal);
      },
    });
    return { ...made, player, asked };
  };

  test('is asked as it begins, and answers; nothing is emitted or stored', async () => {
    const { create, context, player, moves, records } = await bench();
    const receiver = await create();
    const said = await receiver.probe!(new AbortController().signal);
    expect(player.unexpected).toEqual([]);
    expect(said[0]).toMatchObject({
      severity: 'ok',
      what: expect.stringMatching(/answered in \d+ ms, with \d+ records/),
    });
    expect(said.filter(({ severity }) => severity === 'problem')).toEqual([]);
    expect([moves, records]).toEqual([[], []]);
    expect(await context.position(receiver.origin)).toBeUndefined();
  });

  test('what it cannot do is thrown, as it would be to the engine, and asked once', async () => {
    const { create, asked } = await bench(new Fault('E_HTTP_DENIED', 'who are you', { status: 401 }));
    await expect((await create()).probe!(new AbortController().signal)).rejects.toMatchObject({
      code: 'E_HTTP_DENIED',
    });
    expect(asked).toHaveLength(1);
  });
});

describe.each(scripts.filter(found => !conversations.includes(found)))('$of', found => {
  test('is looked at, and left as it is', async () => {
    const stage = await found.read().open();
    try {
      const before = stage.untouched();
      const said = await (await stage.create()).probe!(new AbortController().signal);
      expect(said[0]).toMatchObject({ severity: 'ok', what: expect.stringContaining('can be read') });
      expect(stage.untouched()).toEqual(before);
      expect(stage.moves).toEqual([]);
    } finally {
      await stage.end();
    }
  });
});
