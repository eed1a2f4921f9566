// An API, described: what is asked, how odd pages and odd records are taken, and what is done about a refused cursor.
import type { Subscription } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Answer, Call, Fetch, Receiver } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { digest, textOf } from '../../src/json.ts';
import type { Batch, Json } from '../../src/model.ts';
import { DAY, MINUTE, SECOND } from '../../src/options.ts';
import { type Api, defineHttpReceiver } from '../../src/source/http.ts';
import { type Asked, cursor, type Place, type Walk } from '../../src/source/walks.ts';
import { type TestContext, testContext } from '../support/context.ts';

type Reply = Json | Fault | { readonly text: string };

/** A receiver whose vendor replies with these, in order; what it asked and emitted. */
const stage = (
  replies: readonly Reply[],
  more: Partial<Api<Place, Asked & { since: number }>> = {},
  context?: TestContext,
) => {
  const asked: Call[] = [];
  const left = [...replies];
  const fetch: Fetch = async (call): Promise<Answer> => {
    asked.push(call);
    const reply = left.shift();
    if (reply === undefined) return new Promise(() => {});
    if (reply instanceof Fault) throw reply;
    const text =
      typeof reply === 'object' && reply !== null && 'text' in reply ? String(reply.text) : JSON.stringify(reply);
    return { status: 200, headers: {}, date: Date.UTC(2026, 0, 15, 12), text };
  };
  const given = context ?? testContext({ fetch });
  const here = context ? { ...given, http: () => fetch } : given;
  const walk: Walk<Place, Asked & { since: number }> = cursor({ since: now => now, onLost: 'hold' });
  const receiver = defineHttpReceiver({
    type: 'sim',
    options: z.object({}),
    repeats: () => 0,
    page: z.object({ items: z.array(z.unknown()), next: z.string().nullish(), more: z.boolean().optional() }),
    items: page => page.items,
    lead: page => ({ next: page.next ?? null, ...(page.more !== undefined && { more: page.more }) }),
    identify: item => ({ id: textOf(item, 'id'), time: textOf(item, 'time') }),
    ocsf: {
      describe: () => ({
        product: { name: 's', vendor_name: 's' },
        provider: 's',
        log: 's',
        format: 'JSON',
        address: 's',
      }),
      read: () => [],
    },
    api: () => ({
      base: 'https://sim.example/v1/',
      every: MINUTE,
      auth: { credential: '', headers: async () => ({}), refused: () => false },
      walk,
      request: ask => ({ path: '/events', query: { cursor: ask.cursor } }),
      ...more,
    }),
  })({}).create(here, {});
  return { asked, context: here, receiver, ...collect(receiver, here) };
};

/** Subscribes, and commits whatever comes. */
const collect = (receiver: Receiver, context: TestContext) => {
  const batches: Batch[] = [];
  const errors: unknown[] = [];
  const subscription: Subscription = receiver.emissions.subscribe({
    next: ({ batch, receipt }) => {
      batches.push(batch);
      if (batch.move)
        context.commit([
          { kind: 'move', receiver: 'test', identity: 'sim https%3A%2F%2Fsim.example  ', move: batch.move },
        ]);
      receipt.deliver();
    },
    error: error => void errors.push(error),
  });
  return { batches, errors, end: () => subscription.unsubscribe() };
};

describe('asking', () => {
  test('below the base, from the resolved start, which is emitted first and without records', async () => {
    const { asked, batches, context, end } = stage([
      { items: [], next: 'c1', more: true },
      { items: [], next: 'c2', more: false },
    ]);
    await context.clock.advance(0);
    expect(batches[0]).toMatchObject({
      records: [],
      move: { after: 0, position: { shape: 'cursor/1', at: { cursor: null } }, date: 0 },
    });
    expect(asked.map(call => [call.url, call.query?.cursor])).toEqual([
      ['https://sim.example/v1/events', null],
      ['https://sim.example/v1/events', 'c1'],
    ]);
    expect(batches.map(b => b.move?.after)).toEqual([0, 1, 2]);
    expect(context.rests).toBe(1);
    end();
    expect(context.clock.sleepers).toBe(0);
  });

  test('from the start that was committed first, however long the credential is wrong', async () => {
    const asks = { request: (ask: Asked & { since: number }) => ({ path: '/events', query: { since: ask.since } }) };
    const wrong = stage(new Array(9).fill(new Fault('E_HTTP_DENIED', 'status 401')), asks);
    const began = wrong.context.clock.now();
    await wrong.context.clock.advance(40 * MINUTE);
    expect(wrong.asked).toHaveLength(9);
    expect(wrong.batches.map(b => b.records)).toEqual([[]]);
    wrong.end();
    await wrong.context.clock.advance(7 * DAY); // the program was stopped meanwhile
    const right = stage([{ items: [], next: 'c1', more: false }], asks, wrong.context);
    await right.context.clock.advance(0);
    expect(right.asked.map(call => call.query?.since)).toEqual([began]);
    right.end();
  });

  test('goes on where it stood', async () => {
    const first = stage([{ items: [], next: 'c1', more: false }]);
    await first.context.clock.advance(0);
    first.end();
    const second = stage([{ items: [], next: 'c2', more: false }], {}, first.context);
    await second.context.clock.advance(0);
    expect(second.asked.map(c => c.query?.cursor)).toEqual(['c1']);
    expect(second.batches.map(b => b.move?.after)).toEqual([2]);
    second.end();
  });

  test('a position of another shape is refused, and not used', async () => {
    const first = stage([]);
    await first.context.clock.advance(0);
    first.end();
    const other = { ...cursor({ since: now => now, onLost: 'hold' }), shape: 'cursor/2' };
    const second = stage([{ items: [] }], { walk: other }, first.context);
    await second.context.clock.advance(0);
    expect(second.errors).toEqual([expect.objectContaining({ code: 'E_POSITION' })]);
    expect(second.asked).toEqual([]);
  });

  test('a link that is a whole address is asked as it is', async () => {
    const { asked, context, end } = stage([{ items: [], more: false }], {
      request: () => ({ path: 'https://sim.example/other?page=2' }),
    });
    await context.clock.advance(0);
    expect(asked[0]!.url).toBe('https://sim.example/other?page=2');
    end();
  });

  test('the check comes before the first page, once; a fault of it is waited out', async () => {
    const checks: number[] = [];
    const { asked, context, end } = stage(
      [{ ok: true }, { items: [], next: 'c1', more: true }, { items: [], next: 'c2', more: false }],
      {
        check: async send => {
          checks.push(1);
          if (checks.length === 1) throw new Fault('E_TENANT', 'lacks the feed');
          await send({ path: '/introspect' });
        },
      },
    );
    await context.clock.advance(5 * MINUTE + SECOND);
    expect(context.faults.map(f => f.fault.code)).toEqual(['E_TENANT']);
    expect(asked.map(c => c.url.split('/').at(-1))).toEqual(['introspect', 'events', 'events']);
    end();
  });
});

describe('records', () => {
  test("are the vendor's to the last digit and key; what it does not say is guessed, and flagged", async () => {
    const odd =
      '{"items":[{"id":"a","time":"2026-01-15T09:56:07.123456789Z","n":12345678901234567890,"__proto__":{"x":1}},{"id":"b","time":"yesterday"},{"time":"2026-01-15T09:56:07Z"},"just a text",null],"next":null,"more":false}';
    const { batches, context, end } = stage([{ text: odd }]);
    await context.clock.advance(0);
    const { records } = batches[1]!;
    expect(records[0]).toMatchObject({
      id: 'a',
      time: [1768470967, 123_456_789],
      origin: { receiver: 'test', type: 'sim', site: 'https://sim.example' },
    });
    expect(Object.keys(records[0]!.raw as object)).toEqual(['id', 'time', 'n', '__proto__']);
    expect((records[0]!.raw as { n: unknown }).n).toBe('12345678901234567890');
    expect(records.map(r => r.guessed)).toEqual([undefined, 'time', 'id', 'both', 'both']);
    expect(records[1]!.time).toEqual(records[1]!.observed);
    expect(records[2]!.id).toBe(digest({ time: '2026-01-15T09:56:07Z' }));
    end();
  });
});

describe('pages', () => {
  test.each([
    ['HTML', '<!doctype html><title>Sign in</title>', 'E_PAGE_SYNTAX', 'denied', 'begins with <!doctype html>'],
    ['nothing', '', 'E_PAGE_SYNTAX', 'denied', 'is not JSON'],
    ['JSON that breaks off', '{"items":[{"id":"a"', 'E_BODY_BROKEN', 'transient', 'breaks off'],
    ['another envelope', '{"events":[]}', 'E_PAGE_SHAPE', 'denied', 'items'],
  ])('%s is a fault, and the lane goes on when it is gone', async (_, text, code, kind, told) => {
    const { batches, context, end } = stage([{ text }, { items: [{ id: 'a' }], next: 'c1', more: false }]);
    await context.clock.advance(6 * MINUTE);
    expect(context.faults.map(f => [f.fault.code, f.fault.kind])).toEqual([[code, kind]]);
    expect(context.faults[0]!.fault.message).toContain(told);
    expect(batches[1]!.records.map(r => r.id)).toEqual(['a']);
    end();
  });

  test('a cursor that does not move, with more to come, is a hold', async () => {
    const { context, batches, end } = stage([
      { items: [], next: 'c1', more: true },
      { items: [{ id: 'a' }], next: 'c1', more: true },
    ]);
    await context.clock.advance(0);
    expect(context.faults.map(f => [f.fault.code, f.wait])).toEqual([['E_WALK_STUCK', 5 * MINUTE]]);
    expect(batches).toHaveLength(2); // nothing of that page was taken
    end();
  });
});

describe('a refusal', () => {
  const refused = () => new Fault('E_HTTP_REQUEST', 'status 400: no such cursor');

  test('of a cursor holds where the walk knows no way back', async () => {
    const { context, batches, end } = stage([{ items: [], next: 'c1', more: true }, refused(), refused()]);
    await context.clock.advance(5 * MINUTE);
    expect(context.faults.map(f => [f.fault.code, f.fault.kind, f.wait])).toEqual([
      ['E_CURSOR_LOST', 'denied', 5 * MINUTE],
      ['E_CURSOR_LOST', 'denied', 5 * MINUTE],
    ]);
    expect(batches.at(-1)!.move!.position).toMatchObject({ at: { cursor: 'c1' } });
    end();
  });

  test('of a cursor leads back once, and is a hold when it comes again at the same place', async () => {
    const walk = cursor({ since: now => now, onLost: 'reseed' });
    const { asked, context, batches, end } = stage(
      [{ items: [], next: 'c1', more: true }, refused(), { items: [], next: 'c2', more: true }, refused()],
      { walk },
    );
    await context.clock.advance(SECOND);
    expect(asked.map(c => c.query?.cursor)).toEqual([null, 'c1', null, 'c2']);
    expect(batches.map(b => (b.move!.position as { at: Place }).at.cursor)).toEqual([null, 'c1', null, 'c2']);
    expect(context.faults.map(f => f.fault.code)).toEqual(['E_CURSOR_LOST']);
    expect(context.lines.map(l => l.message).join()).toContain('reading again from');
    end();
  });

  test('of a request without a cursor holds: there is no record to blame', async () => {
    const { context, end } = stage([refused()]);
    await context.clock.advance(0);
    expect(context.faults.map(f => [f.fault.code, f.fault.kind])).toEqual([['E_HTTP_REQUEST', 'denied']]);
    end();
  });
});

test('a credential of another account never moves a position', async () => {
  let account = 'one';
  const { asked, batches, context, end } = stage(
    [
      { items: [], next: 'c1', more: false },
      { items: [], next: 'c2', more: false },
    ],
    { owner: async () => account },
  );
  await context.clock.advance(0);
  account = 'two';
  await context.clock.advance(MINUTE);
  expect(context.faults.map(f => f.fault.code)).toEqual(['E_TENANT']);
  expect(asked).toHaveLength(1);
  expect(batches.at(-1)!.move!.position).toMatchObject({ owner: 'one' });
  end();
});
