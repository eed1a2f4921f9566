// The engine goes from one plan to the next: what is new is created before anything stops, what has not changed does not
// notice, what goes finishes what it has in hand, and nothing is lost or repeated on the way.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { queued } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { createTail } from '../../src/runtime/status-page/tail.ts';
import { begin, planOf, world } from '../support/reload.ts';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-reload-'));
  store = openState(folder);
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Everything that was created is closed at the end, and once. */
const allClosed = (story: readonly string[]) => {
  const of = (verb: string) => story.filter(line => line.startsWith(verb)).map(line => line.slice(verb.length + 1));
  expect(of('close').toSorted()).toEqual(of('create').toSorted());
};

describe('what has changed', () => {
  test('is created first, and takes over where the old lane stood; the others do not notice', async () => {
    const w = world();
    const { a, b } = { a: w.sim({ from: 'a' }), b: w.sim({ from: 'b' }) };
    const exporters = { kept: w.out({ to: 'kept' }) };
    w.happen('a', 'a1', 'a2', 'a3');
    w.happen('b', 'b1');
    const engine = await begin(w, store, await planOf({ receivers: { a, b }, exporters }));
    await w.clock.advance(MINUTE);
    w.story.length = 0;

    const next = await planOf({ receivers: { a: w.sim({ from: 'a', size: 1 }), b }, exporters });
    expect(await w.clock.run(engine.reload(next))).toEqual({ keep: ['b'], stop: ['a'], start: ['a'], adopted: [] });
    expect(w.story).toEqual(['create sim a', 'close sim a', 'disconnect https://a.example']);
    w.happen('a', 'a4');
    w.happen('b', 'b2');
    await w.clock.advance(2 * MINUTE);
    expect(w.at('kept').toSorted()).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'b2']); // each once

    engine.stop();
    expect(await w.clock.run(engine.ended)).toEqual([{ lane: 'a' }, { lane: 'b' }]);
  });

  test('comes, and goes; an exporter that nobody uses any more is closed when its last lane is, and no sooner', async () => {
    const w = world();
    const { a, b } = { a: w.sim({ from: 'a' }), b: w.sim({ from: 'b' }) };
    const [one, two] = [w.out({ to: '1' }), w.out({ to: '2' })];
    const engine = await begin(w, store, await planOf({ receivers: { a }, exporters: { one, two } }));
    await w.clock.advance(0);
    await w.clock.run(engine.reload(await planOf({ receivers: { a, b }, exporters: { one: w.out({ to: '1' }) } })));
    expect(w.story.filter(line => / out | sim /.test(line))).toEqual([
      ...['create out one', 'create out two', 'create sim a'],
      ...['create sim a', 'create sim b', 'close sim a', 'close out two'], // `one` is the same instance
    ]);
    await w.clock.run(engine.reload(await planOf({ receivers: { b }, exporters: { one } })));
    expect(engine.busy()).toEqual(['b']);
    w.happen('b', 'b1');
    await w.clock.advance(MINUTE);
    expect(w.at('1')).toEqual(['b1']);
    engine.stop();
    expect(await w.clock.run(engine.ended)).toEqual([{ lane: 'b' }]);
    allClosed(w.story);
  });

  test('an empty difference changes nothing', async () => {
    const w = world();
    const plan = await planOf({ receivers: { a: w.sim({ from: 'a' }) }, exporters: { out: w.out({ to: '1' }) } });
    const engine = await begin(w, store, plan);
    await w.clock.advance(0);
    const before = [...w.story];
    await w.clock.run(engine.reload(plan));
    expect(w.story).toEqual(before);
    engine.stop();
    await w.clock.run(engine.ended);
    allClosed(w.story);
  });
});

test('whoever looks on sees each record once, before and after', async () => {
  const w = world();
  const tail = createTail();
  const [early, exporters] = [tail.open(0)!, { out: w.out({ to: 'out' }) }];
  w.happen('a', 'a1', 'a2');
  const options = { observers: [tail.observer] };
  const engine = await begin(w, store, await planOf({ receivers: { a: w.sim({ from: 'a' }) }, exporters }), options);
  await w.clock.advance(0);
  await w.clock.run(engine.reload(await planOf({ receivers: { a: w.sim({ from: 'a', size: 1 }) }, exporters })));
  const late = tail.open(0)!;
  w.happen('a', 'a3', 'a4');
  await w.clock.advance(2 * MINUTE);
  const seen = (reader: typeof late) => reader.next(100).passed.map(({ record }) => record.id);
  expect([seen(early), seen(late)]).toEqual([
    ['a1', 'a2', 'a3', 'a4'],
    ['a3', 'a4'],
  ]);
  engine.stop();
  await w.clock.run(engine.ended);
});

describe('what an old lane has in hand', () => {
  const stalled = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const w = world((to, _, signal) =>
      to === 'slow'
        ? Promise.race([promise, new Promise((_, fail) => signal.addEventListener('abort', fail))])
        : undefined,
    );
    w.happen('a', 'a1', 'a2', 'a3');
    return { ...w, go: resolve };
  };

  test('is delivered, within the grace, before the new one asks: nothing twice', async () => {
    const w = stalled();
    const receivers = { a: w.sim({ from: 'a' }) };
    const engine = await begin(w, store, await planOf({ receivers, exporters: { out: w.out({ to: 'slow' }) } }));
    await w.clock.advance(0);
    const reload = engine.reload(await planOf({ receivers, exporters: { out: w.out({ to: 'quick' }) } }));
    await w.clock.advance(20 * SECOND);
    expect(w.at('quick')).toEqual([]); // it waits
    w.go();
    await w.clock.run(reload);
    await w.clock.advance(0);
    expect([w.at('slow'), w.at('quick')]).toEqual([['a1', 'a2'], ['a3']]);
    engine.stop();
    await w.clock.run(engine.ended);
    allClosed(w.story);
  });

  test('is given up after the grace, said, and read again by the new one: nothing lost', async () => {
    const w = stalled();
    const receivers = { a: w.sim({ from: 'a' }) };
    const lines: string[] = [];
    const out = { out: w.out({ to: 'slow' }) };
    const engine = await begin(w, store, await planOf({ receivers, exporters: out }), { grace: 10 * SECOND }, lines);
    await w.clock.advance(0);
    let isDone = false;
    void engine.reload(await planOf({ receivers, exporters: { out: w.out({ to: 'quick' }) } })).then(() => {
      isDone = true;
    });
    await w.clock.advance(10 * SECOND - 1);
    expect(isDone).toBe(false);
    await w.clock.advance(1);
    expect(isDone).toBe(true);
    expect([w.at('slow'), w.at('quick')]).toEqual([[], ['a1', 'a2', 'a3']]);
    expect(lines).toContainEqual('it was not ready in time: what it had in hand is read again {"lane":"a"}');
    engine.stop();
    expect(await w.clock.run(engine.ended)).toEqual([{ lane: 'a' }]);
  });

  test('of a queue that goes does not hold up the lane that filled it, and is sent', async () => {
    const w = stalled();
    const [receivers, quick] = [{ a: w.sim({ from: 'a' }) }, w.out({ to: 'quick' })];
    const slow = queued(w.out({ to: 'slow' }), { limit: '1MiB' });
    const engine = await begin(w, store, await planOf({ receivers, exporters: { quick, slow } }));
    await w.clock.advance(0);
    let isDone = false;
    const reload = engine.reload(await planOf({ receivers, exporters: { quick } })).then(() => {
      isDone = true;
    });
    w.happen('a', 'a4');
    await w.clock.advance(SECOND);
    expect([w.at('quick'), w.at('slow'), isDone]).toEqual([['a1', 'a2', 'a3', 'a4'], [], false]);
    w.go();
    await w.clock.run(reload);
    expect(w.at('slow').length).toBeGreaterThan(0);
    expect(w.story).toContain('close out slow');
    engine.stop();
    await w.clock.run(engine.ended);
    allClosed(w.story);
  });

  test('does not hold up a lane that has nothing to do with it', async () => {
    const w = stalled();
    const { a, b } = { a: w.sim({ from: 'a' }), b: w.sim({ from: 'b' }) };
    const ways = (to: string) => ({ exporters: { slow: w.out({ to }), quick: w.out({ to: 'quick' }) } });
    const pipelines = {
      p: { receivers: ['a'], exporters: ['slow'] },
      q: { receivers: ['b'], exporters: ['quick'] },
    } as const;
    const engine = await begin(w, store, await planOf({ receivers: { a, b }, ...ways('slow'), pipelines }));
    await w.clock.advance(0);
    const receivers = { a, b: w.sim({ from: 'b', size: 9 }) };
    const reload = engine.reload(await planOf({ receivers, ...ways('other'), pipelines }));
    w.happen('b', 'b1');
    await w.clock.advance(SECOND);
    expect(w.at('quick')).toEqual(['b1']);
    w.go();
    await w.clock.run(reload);
    engine.stop();
    await w.clock.run(engine.ended);
    allClosed(w.story);
  });
});

describe('a plan that cannot be', () => {
  test('a component that cannot be created: the old plan goes on, and nothing of the new one is left', async () => {
    const w = world();
    const { a, b } = { a: w.sim({ from: 'a' }), b: w.sim({ from: 'b', fail: true }) };
    const exporters = { out: w.out({ to: '1' }) };
    const engine = await begin(w, store, await planOf({ receivers: { a }, exporters }));
    await w.clock.advance(0);
    w.story.length = 0;
    const changed = { a: w.sim({ from: 'a', size: 1 }), b };
    const bad = await planOf({ receivers: changed, exporters: { out: w.out({ to: '2' }) } });
    await expect(w.clock.run(engine.reload(bad))).rejects.toThrow('no b today');
    expect(w.story).toEqual([
      'create out out',
      'create sim a',
      'close sim a',
      'disconnect https://a.example',
      'close out out',
    ]);
    w.happen('a', 'a1');
    await w.clock.advance(MINUTE);
    expect([w.at('1'), w.at('2')]).toEqual([['a1'], []]);
    engine.stop();
    expect(await w.clock.run(engine.ended)).toEqual([{ lane: 'a' }]);
  });

  test('a receiver of another name: the old plan goes on, and the remedy is said', async () => {
    const w = world();
    w.happen('a', 'a1');
    const exporters = { out: w.out({ to: '1' }) };
    const engine = await begin(w, store, await planOf({ receivers: { a: w.sim({ from: 'a' }) }, exporters }));
    await w.clock.advance(0);
    const renamed = await planOf({ receivers: { z: w.sim({ from: 'a' }) }, exporters });
    await expect(w.clock.run(engine.reload(renamed))).rejects.toThrow('tributary state adopt a z');
    expect(engine.busy()).toEqual(['a']);
    engine.stop();
    await w.clock.run(engine.ended);
    allClosed(w.story);
  });

  test('after the engine was told to stop nothing new is begun, and everything ends', async () => {
    const w = world();
    const exporters = { out: w.out({ to: '1' }) };
    const engine = await begin(w, store, await planOf({ receivers: { a: w.sim({ from: 'a' }) }, exporters }));
    await w.clock.advance(0);
    const next = await planOf({ receivers: { a: w.sim({ from: 'a', size: 1 }) }, exporters });
    const reload = engine.reload(next);
    engine.stop();
    await expect(w.clock.run(reload)).rejects.toThrow(Fault);
    expect(await w.clock.run(engine.ended)).toEqual([{ lane: 'a' }]);
    allClosed(w.story);
  });
});

test('a queue of the same name: the old reader sends what it has in hand, then the new one reads; each row once', async () => {
  const { promise: first, resolve: go } = Promise.withResolvers<void>();
  const w = world(to => (to === 'old' ? first : undefined));
  w.happen('a', 'a1', 'a2', 'a3');
  const receivers = { a: w.sim({ from: 'a' }) };
  const queue = { limit: '1MiB' } as const;
  const engine = await begin(
    w,
    store,
    await planOf({ receivers, exporters: { out: queued(w.out({ to: 'old' }), queue) } }),
  );
  await w.clock.advance(0);
  const reload = engine.reload(await planOf({ receivers, exporters: { out: queued(w.out({ to: 'new' }), queue) } }));
  w.happen('a', 'a4');
  await w.clock.advance(2 * SECOND);
  expect(w.at('new')).toEqual([]); // the old loop has not returned
  go();
  await w.clock.run(reload);
  await w.clock.advance(MINUTE);
  expect([...w.at('old'), ...w.at('new')]).toEqual(['a1', 'a2', 'a3', 'a4']);
  expect(w.at('new').length).toBeGreaterThan(0);
  engine.stop();
  await w.clock.run(engine.ended);
  allClosed(w.story);
});

test('limits that a new config has hold for lanes that are kept, too', async () => {
  const { promise: never } = Promise.withResolvers<void>();
  const w = world((_, __, signal) =>
    Promise.race([never, new Promise((_, fail) => signal.addEventListener('abort', fail))]),
  );
  w.happen('a', 'a1');
  const plan = await planOf({ receivers: { a: w.sim({ from: 'a' }) }, exporters: { out: w.out({ to: '1' }) } });
  const engine = await begin(w, store, plan, { grace: HOUR });
  await w.clock.advance(0);
  await w.clock.run(engine.reload(plan, { grace: SECOND }));
  const began = w.clock.now();
  engine.stop();
  await w.clock.run(engine.ended);
  expect(w.clock.now() - began).toBe(SECOND);
});
