// A receiver gets another name while the engine runs, and somebody says so: it goes on where it stood, when everything that
// has its old name is done. Nothing is read again, and nothing is sent under two names.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { queued } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord } from '../../src/model.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { listen } from '../../src/point.ts';
import { readLedger } from '../../src/runtime/ledger/ledger-read.ts';
import { readHistory } from '../../src/runtime/state/history-sqlite.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { begin, planOf, world } from '../support/reload.ts';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-adopt-'));
  store = openState(folder);
});
afterEach(async () => {
  listen(undefined);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const toZ = { from: 'a', to: 'z', reason: 'a test' };

/** A world whose sink waits for `go`, each time that it is called for `slow`. */
const stalled = () => {
  const { promise, resolve: go } = Promise.withResolvers<void>();
  const names: string[] = [];
  const w = world(async (to, records: readonly AuditRecord[], signal) => {
    if (to === 'slow')
      await Promise.race([
        promise,
        new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason))),
      ]);
    names.push(...records.map(record => `${record.origin.receiver} ${record.id}`));
  });
  /** By which name each record was sent. */
  return { ...w, go, names };
};

describe('a receiver of another name', () => {
  test('goes on where it stood, when the old one has delivered what it had in hand; the history and the ledger say so', async () => {
    const w = stalled();
    w.happen('a', 'a1', 'a2', 'a3');
    const exporters = { out: w.out({ to: 'slow' }) };
    const engine = await begin(w, store, await planOf({ receivers: { a: w.sim({ from: 'a' }) }, exporters }));
    await w.clock.advance(0);
    const first = store.commit([{ kind: 'set', space: 'receiver/a', key: 'k', value: 1 }], w.clock.now());
    const reload = engine.reload(await planOf({ receivers: { z: w.sim({ from: 'a' }) }, exporters }), {}, [toZ]);
    await first;
    await w.clock.advance(20 * SECOND);
    expect([w.names, await store.position('z', 'sim s a ')]).toEqual([[], undefined]); // it waits
    w.go();
    expect(await w.clock.run(reload)).toMatchObject({ stop: ['a'], start: ['z'], adopted: [toZ] });
    await w.clock.advance(MINUTE);
    expect(w.names).toEqual(['a a1', 'a a2', 'z a3']);
    const positions = await store.positions();
    expect(positions.map(({ receiver, count }) => [receiver, count])).toEqual([['z', expect.any(Number)]]);
    expect(await store.get('receiver/z', 'k')).toBe(1);
    expect(readHistory(folder).changes).toMatchObject([
      { command: 'state adopt', receiver: 'z', reason: 'a test; from a' },
    ]);
    expect(readLedger(folder).accounts).toMatchObject([{ receiver: 'z', fetched: 3, delivered: 3 }]);
    engine.stop();
    expect(await w.clock.run(engine.ended)).toEqual([{ lane: 'z' }]);
  });

  test('waits, too, for what lies in queues: one batch is in hand and sent once, the others go out under the new name', async () => {
    const w = stalled();
    w.happen('a', 'a1', 'a2', 'a3', 'a4');
    w.happen('b', 'b1');
    const exporters = { out: queued(w.out({ to: 'slow' }), { limit: '1MiB' }) };
    const [a, b] = [w.sim({ from: 'a' }), w.sim({ from: 'b' })];
    const engine = await begin(w, store, await planOf({ receivers: { a, b }, exporters }));
    await w.clock.advance(0);
    const reload = engine.reload(await planOf({ receivers: { b, z: w.sim({ from: 'a' }) }, exporters }), {}, [toZ]);
    w.happen('b', 'b2');
    await w.clock.advance(10 * SECOND);
    w.go();
    await w.clock.run(reload);
    w.happen('a', 'a5');
    await w.clock.advance(2 * MINUTE);
    const [old, others] = [
      w.names.filter(name => name.startsWith('a ')),
      w.names.filter(name => name.startsWith('z ')),
    ];
    expect([...w.names].map(name => name.slice(2)).toSorted()).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'b1', 'b2']);
    expect(old.length).toBeGreaterThan(0); // in hand
    expect(others).toContain('z a5');
    expect(await store.queues()).toEqual(new Map()); // counted as they are
    expect(readLedger(folder).accounts.map(({ receiver, pending }) => [receiver, pending])).toEqual([
      ['b', 0],
      ['z', 0],
    ]);
    engine.stop();
    await w.clock.run(engine.ended);
  });

  test('a queue whose sink is down does not hold it up; what it had in hand goes out under the new name', async () => {
    let isDown = true;
    const names: string[] = [];
    const w = world((_, records) => {
      if (isDown) throw new Fault('E_NETWORK', 'down');
      names.push(...records.map(record => `${record.origin.receiver} ${record.id}`));
    });
    w.happen('a', 'a1');
    const exporters = { out: queued(w.out({ to: 'o' }), { limit: '1MiB' }) };
    const engine = await begin(w, store, await planOf({ receivers: { a: w.sim({ from: 'a' }) }, exporters }));
    await w.clock.advance(MINUTE);
    const began = w.clock.now();
    const next = await planOf({ receivers: { z: w.sim({ from: 'a' }) }, exporters });
    await w.clock.run(engine.reload(next, {}, [toZ]));
    expect(w.clock.now() - began).toBeLessThan(SECOND);
    isDown = false;
    await w.clock.advance(HOUR);
    expect(names).toEqual(['z a1']);
    engine.stop();
    await w.clock.run(engine.ended);
  });

  test('that cannot be is refused, and everything goes on as before', async () => {
    const w = world();
    w.happen('a', 'a1');
    w.happen('b', 'b1');
    const exporters = { out: w.out({ to: 'o' }) };
    const [a, b] = [w.sim({ from: 'a' }), w.sim({ from: 'b' })];
    const engine = await begin(w, store, await planOf({ receivers: { a, b }, exporters }));
    await w.clock.advance(0);
    const renamed = await planOf({ receivers: { z: a, y: b }, exporters });
    const refused = async (plan: typeof renamed, why: string, ...adoptions: (typeof toZ)[]) =>
      expect(w.clock.run(engine.reload(plan, {}, adoptions))).rejects.toThrow(why);
    await refused(renamed, "'z' reads another log than 'b' did", { ...toZ, from: 'b' });
    await refused(renamed, "there is no position of 'c'", { ...toZ, from: 'c' });
    await refused(renamed, "'x' does not run", { ...toZ, to: 'x' });
    await refused(renamed, 'tributary state adopt b y', toZ); // the other one, too
    await refused(await planOf({ receivers: { a, z: a, b }, exporters }), "'a' still runs", toZ);
    expect(engine.busy()).toEqual(['a', 'b']);
    const both = [toZ, { from: 'b', to: 'y', reason: '' }];
    expect((await w.clock.run(engine.reload(renamed, {}, both))).adopted).toMatchObject(both);
    w.happen('a', 'a2');
    w.happen('b', 'b2');
    await w.clock.advance(MINUTE);
    expect(w.at('o').toSorted()).toEqual(['a1', 'a2', 'b1', 'b2']);
    engine.stop();
    await w.clock.run(engine.ended);
  });

  test('does not begin before it is true: a full disk is waited out, and an end in between leaves all as it was', async () => {
    const w = world();
    w.happen('a', 'a1');
    const exporters = { out: w.out({ to: 'o' }) };
    const lines: string[] = [];
    const engine = await begin(
      w,
      store,
      await planOf({ receivers: { a: w.sim({ from: 'a' }) }, exporters }),
      {},
      lines,
    );
    await w.clock.advance(0);
    listen(point => {
      if (point === 'after writes') throw new Fault('E_STATE_FULL');
    });
    const reload = engine.reload(await planOf({ receivers: { z: w.sim({ from: 'a' }) }, exporters }), {}, [toZ]);
    await w.clock.advance(10 * MINUTE);
    expect(lines.some(line => line.startsWith('an adoption waits'))).toBe(true);
    engine.abort();
    expect((await w.clock.run(reload)).adopted).toEqual([]);
    expect(await w.clock.run(engine.ended)).toMatchObject([{ lane: 'z', fault: { code: 'E_ABANDONED' } }]);
    expect(w.at('o')).toEqual(['a1']);
    expect((await store.positions()).map(({ receiver }) => receiver)).toEqual(['a']);
  });

  test('that the state cannot give its name does not begin, and says why', async () => {
    const w = world();
    w.happen('a', 'a1');
    const exporters = { out: w.out({ to: 'o' }) };
    const lines: string[] = [];
    const engine = await begin(
      w,
      store,
      await planOf({ receivers: { a: w.sim({ from: 'a' }) }, exporters }),
      {},
      lines,
    );
    await w.clock.advance(0);
    listen(point => {
      if (point === 'after writes') throw new Error('a letter is damaged');
    });
    const next = await planOf({ receivers: { z: w.sim({ from: 'a' }) }, exporters });
    expect((await w.clock.run(engine.reload(next, {}, [toZ]))).adopted).toEqual([]);
    listen(undefined);
    await w.clock.advance(MINUTE);
    expect(lines).toContainEqual('it does not begin: a letter is damaged {"lane":"z"}');
    expect(w.at('o')).toEqual(['a1']);
    engine.stop();
    expect(await w.clock.run(engine.ended)).toMatchObject([{ lane: 'z', fault: { code: 'E_ABANDONED' } }]);
  });
});
