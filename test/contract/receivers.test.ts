// What the engine may expect of every receiver. Each vendor's folder is found by itself and plays its own conversations,
// `fixtures/conversation.json` and `fixtures/*.conversation.json`, to the end, interrupted, and with everything that can
// go wrong on the way. An own vendor, outside of `receivers/`, is held to the same: the one in `examples/` is.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Answer, Fetch } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { canonical, isObject } from '../../src/json.ts';
import type { AuditRecord, Emission, Json, JsonObject } from '../../src/model.ts';
import { eventsOf } from '../../src/ocsf/normalize.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { HOLD } from '../../src/retry.ts';
import { type Conversation, playConversation } from '../support/conversation.ts';
import { factoryOf, type ReceiverBench, receiverBench } from '../support/receiver-bench.ts';

const root = new URL('../../', import.meta.url);
const folders = ['receivers', 'examples'].flatMap(kind =>
  readdirSync(new URL(kind, root), { withFileTypes: true })
    .filter(entry => entry.isDirectory() && existsSync(new URL(`${kind}/${entry.name}/index.ts`, root)))
    .map(entry => `${kind}/${entry.name}`),
);

interface Script {
  readonly of: string;
  readonly folder: string;
  /** Nothing where the vendor has none. */
  readonly script?: URL;
  readonly expected?: URL;
}

/** Where a vendor's conversations are, and what each reads as in OCSF: `NAME.conversation.json`, `NAME.expected.ndjson`. */
const scripts = folders.flatMap((folder): readonly Script[] => {
  const fixtures = new URL(`${folder}/fixtures/`, root);
  const names = existsSync(fixtures) ? readdirSync(fixtures) : [];
  const found = names.filter(name => /^(.+\.)?conversation\.json$/.test(name));
  return found.length === 0
    ? [{ of: folder, folder }]
    : found.map(name => {
        const prefix = name.slice(0, -'conversation.json'.length);
        const expected = new URL(`${prefix}expected.ndjson`, fixtures);
        return { of: `${folder} ${prefix}`.trim(), folder, script: new URL(name, fixtures), expected };
      });
});

const idsOf = (records: readonly AuditRecord[]) => [...new Set(records.map(r => r.id))].sort();
const firsts = (records: readonly AuditRecord[]) =>
  [...new Map(records.toReversed().map(r => [r.id, r])).values()].toReversed();

test('there are receivers', () => {
  expect(folders.length).toBeGreaterThan(0);
});

describe.each(scripts)('$of', ({ folder, script, expected }) => {
  if (!script || !expected) {
    test.skip('has no fixtures/conversation.json: it does not speak HTTP', () => {});
    return;
  }
  const conversation = JSON.parse(readFileSync(script, 'utf8')) as Conversation; // its format is checked by playing it
  const load = () => import(new URL(`${folder}/index.ts`, root).href) as Promise<Readonly<Record<string, unknown>>>;

  /** The whole conversation, undisturbed. */
  const whole = async () => {
    const player = playConversation(conversation);
    const bench = receiverBench(await load(), conversation, player.fetch);
    await bench.run(() => player.left === 0 && rested(bench));
    return { bench, player };
  };

  test('makes every scripted request and none other', async () => {
    const { player } = await whole();
    expect(player.unexpected).toEqual([]);
    expect(player.left).toBe(0);
  });

  test('gives ids that are unique and stable, times that parse, the vendor’s own words', async () => {
    const [first, second] = [(await whole()).bench.records, (await whole()).bench.records];
    expect(first.length).toBeGreaterThan(0);
    expect(second.map(r => r.id)).toEqual(first.map(r => r.id));
    expect(new Set(first.map(r => canonical(r.raw))).size).toBe(new Set(first.map(r => r.id)).size);
    const words = new Set(conversation.exchanges.flatMap(({ response }) => within(response.body)).map(canonical));
    for (const { raw, time, guessed } of first) {
      expect(words).toContain(canonical(raw));
      expect(time.every(Number.isSafeInteger)).toBe(true);
      expect(guessed === 'time' || guessed === 'both').toBe(false);
    }
  });

  test('reads in OCSF as its expected.ndjson says', async () => {
    const { bench } = await whole();
    const mapping = factoryOf(await load(), {}).ocsf;
    const settings = { fanout: true, now: Date.parse(conversation.clock) };
    const events = firsts(bench.records)
      .flatMap(record => eventsOf(record, mapping, settings))
      .map(r => timeless(r.event!));
    if (!existsSync(expected)) {
      writeFileSync(expected, events.map(event => `${JSON.stringify(event)}\n`).join(''));
      throw new Error(`${expected.pathname} was not there and is written now: read it, then run this again`);
    }
    expect(events).toEqual(
      readFileSync(expected, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line)),
    );
  });

  test('a stalled consumer: one receipt open, no further request', async () => {
    const batches = (await whole()).bench.moves.length;
    for (let stall = 1; stall <= batches; stall++) {
      const player = playConversation(conversation);
      const bench = receiverBench(await load(), conversation, player.fetch);
      const receiver = await bench.create();
      let open = 0;
      let seen = 0;
      const subscription = receiver.emissions.subscribe(({ receipt }: Emission) => {
        open++;
        if (++seen >= stall) return;
        open--;
        receipt.deliver();
      });
      while (seen < stall) await bench.context.clock.advance(SECOND);
      const calls = bench.calls.length;
      await bench.context.clock.advance(2 * HOUR);
      expect({ open, seen, calls: bench.calls.length }).toEqual({ open: 1, seen: stall, calls });
      subscription.unsubscribe();
    }
  });

  test('restarted after every batch but the last: the union is the same', async () => {
    const { bench: undisturbed } = await whole();
    for (let cut = 1; cut < undisturbed.moves.length; cut++) {
      const player = playConversation(conversation, { anyMoment: true, again: true });
      const bench = receiverBench(await load(), conversation, player.fetch);
      await bench.run(() => bench.moves.length >= cut);
      const rests = bench.context.rests;
      await bench.run(() => player.left === 0 && bench.context.rests > rests);
      expect(player.unexpected).toEqual([]);
      expect(idsOf(bench.records)).toEqual(idsOf(undisturbed.records));
    }
  });

  describe.each(Object.entries(troubles))('%s at every request in turn', (_name, { wait, happen }) => {
    test('loses nothing, and asks nothing meanwhile', async () => {
      const { bench: undisturbed } = await whole();
      for (let nth = 1; nth <= conversation.exchanges.length; nth++) {
        const player = playConversation(conversation, { anyMoment: true, again: true });
        let count = 0;
        const fetch: Fetch = (call, signal) => (++count === nth ? happen() : player.fetch(call, signal));
        const bench = receiverBench(await load(), conversation, fetch);
        await bench.run(() => player.left === 0 && rested(bench));
        expect(player.unexpected).toEqual([]);
        expect(idsOf(bench.records)).toEqual(idsOf(undisturbed.records));
        expect(bench.context.faults).toHaveLength(1);
        const pause = bench.calls[nth]!.at - bench.calls[nth - 1]!.at;
        expect(pause).toBeCloseTo(wait ?? bench.context.faults[0]!.wait, 2);
      }
    });
  });

  test('asks a quiet vendor once per interval', async () => {
    const player = playConversation(conversation);
    const last = conversation.exchanges.at(-1)!.response;
    const quiet: Answer = { status: 200, headers: last.headers, date: 0, text: JSON.stringify(last.body) };
    const bench = receiverBench(await load(), conversation, (call, signal) =>
      player.left > 0 ? player.fetch(call, signal) : Promise.resolve({ ...quiet, date: bench.context.clock.now() }),
    );
    let end: { readonly rests: number; readonly calls: number } | undefined;
    await bench.run(() => {
      if (player.left === 0 && rested(bench)) end ??= { rests: bench.context.rests, calls: bench.calls.length };
      return end !== undefined && bench.context.rests >= end.rests + 10;
    });
    expect(bench.calls.length - end!.calls).toBe(10);
    const times = bench.calls.slice(end!.calls).map(c => c.at);
    const pauses = times.slice(1).map((time, i) => time - times[i]!);
    expect(Math.min(...pauses)).toBe(Math.max(...pauses));
    expect(pauses[0]).toBeGreaterThanOrEqual(SECOND);
  });

  test('unsubscribed at every point: requests abort and none follows', async () => {
    const total = (await whole()).bench.calls.length;
    for (let nth = 1; nth <= total; nth++) {
      const player = playConversation(conversation);
      let count = 0;
      let hanging: AbortSignal | undefined;
      const bench = receiverBench(await load(), conversation, (call, signal) => {
        if (++count < nth) return player.fetch(call, signal);
        hanging = signal;
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
        );
      });
      const receiver = await bench.create();
      const subscription = receiver.emissions.subscribe(({ receipt }) => receipt.deliver());
      while (!hanging) await bench.context.clock.advance(MINUTE);
      subscription.unsubscribe();
      await bench.context.clock.advance(0);
      expect(hanging.aborted).toBe(true);
      expect(bench.context.clock.sleepers).toBe(0);
      expect(count).toBe(nth);
    }
  });

  test('unsubscribed while it rests: no timer remains', async () => {
    const player = playConversation(conversation);
    const bench = receiverBench(await load(), conversation, player.fetch);
    const subscription = (await bench.create()).emissions.subscribe(({ receipt }) => receipt.deliver());
    const { clock } = bench.context;
    while (player.left > 0 || clock.sleepers === 0) await clock.advance(SECOND);
    subscription.unsubscribe();
    await clock.advance(0);
    expect(clock.sleepers).toBe(0);
  });

  test('says its secrets in no line, fault or position', async () => {
    const { bench } = await whole();
    const said = JSON.stringify([
      bench.context.lines,
      bench.moves,
      bench.records.map(r => r.origin),
      bench.calls.map(c => c.call.url),
    ]);
    for (const secret of secretsIn(conversation.options)) expect(said).not.toContain(secret);
  });
});

/** What can go wrong with a request, and how long to wait then; what the receiver was told to, where it is chance. */
const troubles: Readonly<Record<string, { readonly wait?: number; happen(): Promise<Answer> }>> = {
  '429 with Retry-After': {
    wait: 37 * SECOND,
    happen: async () => fail(new Fault('E_HTTP_LIMIT', 'slow down', { status: 429, retryAfter: 37 * SECOND })),
  },
  '500': { happen: async () => fail(new Fault('E_HTTP_SERVER', 'oh no', { status: 500 })) },
  'a timeout': { happen: async () => fail(new Fault('E_TIMEOUT')) },
  'a reset connection': { happen: async () => fail(new Fault('E_NETWORK')) },
  'truncated JSON': {
    happen: async () => ({ status: 200, headers: {}, date: 0, text: '{"results": [{"id": "1", "na' }),
  },
  '401': { wait: HOLD, happen: async () => fail(new Fault('E_HTTP_DENIED', 'who are you', { status: 401 })) },
};

const fail = (fault: Fault): never => {
  throw fault;
};

/** Whether it says that there is no more, after all that was asked. */
const rested = ({ context, calls }: ReceiverBench): boolean => {
  const seen = restCounts.get(context) ?? { calls: 0, rests: 0 };
  if (calls.length > seen.calls) restCounts.set(context, { calls: calls.length, rests: context.rests });
  return context.rests > (restCounts.get(context)?.rests ?? 0);
};
const restCounts = new WeakMap<object, { calls: number; rests: number }>();

const within = (json: Json): readonly Json[] =>
  typeof json === 'object' && json !== null ? [json, ...Object.values(json as JsonObject).flatMap(within)] : [];

const secretsIn = (json: Json): readonly string[] => {
  if (Array.isArray(json)) return json.flatMap(secretsIn);
  if (!isObject(json)) return [];
  return typeof json.secret === 'string' ? [json.secret] : Object.values(json).flatMap(secretsIn);
};

/** Without what differs from run to run. */
const timeless = (event: JsonObject): JsonObject => {
  const { logged_time: _, processed_time: __, ...metadata } = event.metadata as JsonObject; // every event has it
  return { ...event, metadata };
};
