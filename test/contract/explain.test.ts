// What `tributary explain` may be trusted with: at every position that each vendor's fixtures lead to, its receiver says
// just what it then asks; and asking it touches nothing. Vendors are found by their folders.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Call, Explanation } from '../../src/component.ts';
import { isObject } from '../../src/json.ts';
import type { Json } from '../../src/model.ts';
import { readConversation } from '../../src/runtime/rehearsal/conversation.ts';
import { playConversation } from '../../src/runtime/rehearsal/play.ts';
import { optionsOf } from '../support/conversation.ts';
import { type ReceiverBench, receiverBench } from '../support/receiver-bench.ts';
import { type Found, scriptsOf } from '../support/script.ts';

const root = new URL('../../', import.meta.url);
const scripts = ['receivers', 'examples'].flatMap(kind =>
  readdirSync(new URL(kind, root)).flatMap(name => scriptsOf(`${kind}/${name}`, root)),
);
const fixture = ({ expected }: Found, ending: string) => new URL(expected.href.replace('expected.ndjson', ending));
const conversations = scripts.filter(found => existsSync(fixture(found, 'conversation.json')));

/** One that did not run: what `tributary explain` asks. */
const explainer = async ({ create }: Pick<ReceiverBench, 'create'>) => {
  const { positions } = await create();
  if (!positions?.explain) throw new Error('it does not explain itself');
  return positions.explain;
};

const asAsked = ({ method = 'GET', url, query = {}, body }: Pick<Call, 'method' | 'url' | 'query' | 'body'>) => ({
  method,
  url,
  query: Object.entries(query).flatMap(([key, value]) => (value == null ? [] : [`${key}=${value}`])),
  body: JSON.stringify(body),
});

const expectWords = ({ next, why, after }: Explanation) => {
  for (const line of [...next, ...why, ...after]) expect(line).toMatch(/^\S.*\S$/);
  expect(why.length).toBeGreaterThan(0);
};

test.each(conversations)('$of: says what it asks next, wherever it stands', async found => {
  const conversation = readConversation(readFileSync(fixture(found, 'conversation.json'), 'utf8'));
  const calls: { readonly call: Call; readonly moves: number; readonly now: number }[] = [];
  const player = playConversation(conversation);
  const { clock } = conversation;
  let restsBefore = 0;
  const bench = receiverBench(await found.load(), {
    clock,
    options: optionsOf(conversation),
    fetch: (call, signal) => {
      restsBefore = bench.context.rests;
      calls.push({ call, moves: bench.moves.length, now: bench.context.clock.now() });
      return player.fetch(call, signal);
    },
  });
  await bench.run(() => player.left === 0 && bench.context.rests > restsBefore);
  const asked = calls.length;
  const explain = await explainer(bench);

  for (const [i, { position }] of bench.moves.slice(0, -1).entries()) {
    const here = calls.filter(({ moves }) => moves === i + 1);
    if (here.length === 0) continue; // it rested there
    const said = await explain(position, here[0]!.now);
    expectWords(said);
    expect(here.map(({ call }) => asAsked(call))).toContainEqual(asAsked(said.request!));
    expect(said.after).toHaveLength(2);
  }
  const first = await explain(undefined, Date.parse(clock));
  expect(first.why[0]).toContain('it has not begun');
  expect(asAsked(first.request!)).toEqual(
    asAsked((await explain(bench.moves[0]!.position, Date.parse(clock))).request!),
  );
  expect(calls).toHaveLength(asked); // nothing was asked for an explanation
});

describe.each(scripts.filter(found => !conversations.includes(found)))('$of', found => {
  test('says which file it goes on with, and touches none', async () => {
    const stage = await found.read().open();
    try {
      await stage.run(stage.finished);
      const before = stage.untouched();
      const explain = await explainer(stage);
      for (const { position } of stage.moves) {
        const said = await explain(position, stage.context.clock.now());
        expectWords(said);
        const reading = isObject(position) ? (position.reading as Json) : null;
        if (isObject(reading))
          expect(said.next[0]).toContain(`goes on in ${reading.name} at record ${Number(reading.records) + 1}`);
        else expect(said.next[0]).toContain('looks into');
      }
      expectWords(await explain(undefined, stage.context.clock.now()));
      expect(stage.untouched()).toEqual(before);
    } finally {
      await stage.end();
    }
  });
});
