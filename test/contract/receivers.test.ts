// What the engine may expect of every receiver. Each vendor's folder is found by itself and plays its own fixtures, a
// conversation (`fixtures/conversation.json`) or a drop folder (`fixtures/drop.json`), to the end, interrupted, and with
// everything that can go wrong on the way. An own vendor, outside of `receivers/`, is held to the same: the one in
// `examples/` is.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { canonical } from '../../src/json.ts';
import type { AuditRecord, Emission, JsonObject } from '../../src/model.ts';
import { eventsOf } from '../../src/ocsf/normalize.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { factoryOf } from '../support/receiver-bench.ts';
import { type Playing, type Stage, scriptsOf } from '../support/script.ts';

const root = new URL('../../', import.meta.url);
const folders = ['receivers', 'examples'].flatMap(kind =>
  readdirSync(new URL(kind, root), { withFileTypes: true })
    .filter(entry => entry.isDirectory() && existsSync(new URL(`${kind}/${entry.name}/index.ts`, root)))
    .map(entry => `${kind}/${entry.name}`),
);

const idsOf = (records: readonly AuditRecord[]) => [...new Set(records.map(r => r.id))].sort();
const firsts = (records: readonly AuditRecord[]) =>
  [...new Map(records.toReversed().map(r => [r.id, r])).values()].toReversed();

test('there are receivers, and each has fixtures', () => {
  expect(folders.length).toBeGreaterThan(0);
  for (const folder of folders) expect(scriptsOf(folder, root), folder).not.toEqual([]);
});

describe.each(folders.flatMap(folder => scriptsOf(folder, root)))('$of', ({ expected, load, read }) => {
  const script = read();

  const playing = async <T>(how: Playing, act: (stage: Stage) => Promise<T>): Promise<T> => {
    const stage = await script.open(how);
    try {
      return await act(stage);
    } finally {
      await stage.end();
    }
  };

  /** All of it, undisturbed. */
  const whole = () =>
    playing({}, async stage => {
      await stage.run(stage.finished);
      return stage;
    });

  test('asks for all that there is and for nothing else, and changes nothing', () =>
    playing({}, async stage => {
      const before = stage.untouched();
      await stage.run(stage.finished);
      expect(stage.wrong).toEqual([]);
      expect(stage.untouched()).toEqual(before);
      expect(stage.held()).toEqual([]);
    }));

  test('gives ids that are unique and stable, times that parse, the vendor’s own words', async () => {
    const [first, second] = [(await whole()).records, (await whole()).records];
    expect(first.length).toBeGreaterThan(0);
    expect(second.map(r => r.id)).toEqual(first.map(r => r.id));
    expect(new Set(first.map(r => canonical(r.raw))).size).toBe(new Set(first.map(r => r.id)).size);
    for (const record of first) {
      expect(script.own(record), canonical(record.raw)).toBeDefined();
      expect(record.time.every(Number.isSafeInteger)).toBe(true);
    }
    const timeless = firsts(first).filter(({ guessed }) => guessed === 'time' || guessed === 'both');
    expect(timeless).toHaveLength(script.timeless);
  });

  test('reads in OCSF as its expected.ndjson says', async () => {
    const { records } = await whole();
    const mapping = factoryOf(await load(), {}).ocsf;
    const settings = { fanout: true, now: Date.parse(script.clock) };
    const events = firsts(records)
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

  test('a stalled consumer: one receipt open, and nothing further is touched', async () => {
    const batches = (await whole()).moves.length;
    expect(batches).toBeGreaterThan(3);
    for (let stall = 1; stall <= batches; stall++)
      await playing({}, async ({ create, context: { clock }, touches }) => {
        const receiver = await create();
        let open = 0;
        let seen = 0;
        const subscription = receiver.emissions.subscribe(({ receipt }: Emission) => {
          open++;
          if (++seen >= stall) return;
          open--;
          receipt.deliver();
        });
        while (seen < stall) await clock.advance(SECOND);
        const before = touches.length;
        await clock.advance(2 * HOUR);
        expect({ open, seen, touches: touches.length }).toEqual({ open: 1, seen: stall, touches: before });
        subscription.unsubscribe();
        await receiver.close?.();
      });
  });

  test('restarted after every batch but the last: the same records, as often', async () => {
    const undisturbed = await whole();
    for (let cut = 1; cut < undisturbed.moves.length; cut++)
      await playing({ disturbed: true }, async stage => {
        await stage.run(() => stage.moves.length >= cut);
        const { rests } = stage.context;
        await stage.run(() => stage.finished() && stage.context.rests > rests);
        expect(stage.wrong).toEqual([]);
        expect(idsOf(stage.records)).toEqual(idsOf(undisturbed.records));
        expect(stage.records).toHaveLength(undisturbed.records.length);
        expect(stage.held()).toEqual([]);
      });
  });

  describe.each(Object.entries(script.troubles))('%s, at every touch in turn', (_name, { wait, silent, happen }) => {
    test('loses nothing, and touches nothing meanwhile', async () => {
      const undisturbed = await whole();
      for (let nth = 1; nth <= undisturbed.touches.length; nth++)
        await playing({ disturbed: true }, async stage => {
          stage.before = async count => (count === nth ? happen(stage) : undefined);
          await stage.run(stage.finished);
          expect(stage.wrong).toEqual([]);
          expect(idsOf(stage.records), `touch ${nth}`).toEqual(idsOf(undisturbed.records));
          if (!silent) expect(stage.waits).toHaveLength(1);
          for (const told of stage.waits) {
            if (!silent) expect(told.at).toBe(stage.touches[nth - 1]);
            expect(stage.touches[told.touches]! - told.at).toBeCloseTo(wait ?? told.wait, 2);
          }
          expect(stage.held(), `touch ${nth}`).toEqual([]);
        });
    });
  });

  test('asks a quiet vendor once per interval', () =>
    playing({ quiet: true }, async stage => {
      let end: { readonly rests: number; readonly asked: number } | undefined;
      await stage.run(() => {
        if (stage.finished()) end ??= { rests: stage.context.rests, asked: stage.asked.length };
        return end !== undefined && stage.context.rests >= end.rests + 10;
      });
      const times = stage.asked.slice(end!.asked);
      expect(times).toHaveLength(10);
      const pauses = times.slice(1).map((time, i) => time - times[i]!);
      expect(Math.min(...pauses)).toBe(Math.max(...pauses));
      expect(pauses[0]).toBeGreaterThanOrEqual(SECOND);
    }));

  test('unsubscribed at every touch: it ends at once, and nothing of it remains', async () => {
    const total = (await whole()).touches.length;
    for (let nth = 1; nth <= total; nth++)
      await playing({}, async stage => {
        const receiver = await stage.create();
        let asked: number | undefined;
        stage.before = async (count, signal) => {
          if (count !== nth) return undefined;
          subscription.unsubscribe();
          asked = stage.asked.length;
          if (signal && !signal.aborted) await new Promise(() => {}); // a request that nobody calls back
          signal?.throwIfAborted();
          return undefined;
        };
        const subscription = receiver.emissions.subscribe(({ receipt }) => receipt.deliver());
        while (asked === undefined) await stage.context.clock.advance(MINUTE);
        await receiver.close?.();
        await letGo(stage);
        expect(stage.held(), `touch ${nth}`).toEqual([]);
        expect(stage.context.clock.sleepers).toBe(0);
        await stage.context.clock.advance(2 * HOUR);
        expect(stage.asked).toHaveLength(asked);
      });
  });

  test('unsubscribed while it rests: no timer remains', () =>
    playing({}, async stage => {
      const receiver = await stage.create();
      const subscription = receiver.emissions.subscribe(({ receipt }) => receipt.deliver());
      const { clock } = stage.context;
      while (!stage.finished() || clock.sleepers === 0) await clock.advance(SECOND);
      subscription.unsubscribe();
      await receiver.close?.();
      await clock.advance(0);
      expect(clock.sleepers).toBe(0);
      expect(stage.held()).toEqual([]);
    }));

  test('says its secrets in no line, fault or position', async () => {
    const { context, moves, records } = await whole();
    expect(context.lines.length + moves.length).toBeGreaterThan(0);
    const said = JSON.stringify([context.lines, moves, records.map(r => r.origin)]);
    expect(script.secrets).not.toEqual([]);
    for (const secret of script.secrets) expect(said).not.toContain(secret);
  });
});

/** Waits until nothing is held any more, but not for ever: what is under way on a disk cannot be called back. */
const letGo = async (stage: Stage): Promise<void> => {
  for (let turn = 0; turn < 300 && (turn < 20 || stage.held().length > 0); turn++)
    await new Promise(resolve => (turn < 20 ? setImmediate(resolve) : setTimeout(resolve, 1)));
};

/** Without what differs from run to run. */
const timeless = (event: JsonObject): JsonObject => {
  const { logged_time: _, processed_time: __, ...metadata } = event.metadata as JsonObject; // every event has it
  return { ...event, metadata };
};
