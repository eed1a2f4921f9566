// What becomes of a file in the drop folder that was delivered: kept, removed after the commit, known, and forgotten.
import { hash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identify } from '../../src/index.ts';
import { testContext } from '../support/context.ts';
import { csv, rows, signed } from '../support/opaque.ts';
import { create, drop, ids, idsOf, names, play, put, run } from '../support/opaque-drop.ts';

describe('what was delivered', () => {
  test('stays, unless asked otherwise', async () => {
    await put('a.zip', signed(csv(rows(0, 3))));
    await run(testContext());
    expect(await names()).toEqual(['a.zip']);
  });

  test('is removed after the commit, and not before', async () => {
    await put('a.zip', signed(csv(rows(0, 1500))));
    const context = testContext();
    await play(context, create(context, { keep: false }), 2, async () => expect(await names()).toEqual(['a.zip']));
    const rest = await play(context, create(context, { keep: false }), Infinity, async () =>
      expect(await names()).toEqual(['a.zip']),
    );
    expect(rest.records).toHaveLength(500);
    expect(await names()).toEqual([]);
  });

  test('is removed after a while', async () => {
    await put('a.zip', signed(csv(rows(0, 3))));
    const context = testContext();
    await run(context, { keep: '1h' });
    expect(await names()).toEqual(['a.zip']);
    await context.clock.advance(3_600_000);
    await run(context, { keep: '1h' });
    expect(await names()).toEqual([]);
  });

  test('is forgotten when it is gone, so that the position stays small', async () => {
    const context = testContext();
    for (let i = 0; i < 5; i++) {
      await put(`${i}.zip`, signed(csv(rows(i, 1))));
      await run(context, { keep: false });
    }
    const position = await context.position<{ done: Readonly<Record<string, number>> }>(create(context).origin);
    expect(Object.keys(position!.value.done)).toHaveLength(1);
  });

  test('is known of 5,000 files that lie there; beyond, it is said, and waited for', async () => {
    const context = testContext();
    const { origin } = create(context);
    const contents = Array.from({ length: 5000 }, (_, i) => `delivered ${i}`);
    for (const [i, content] of contents.entries()) writeFileSync(join(drop(), `${i}.zip`), content);
    const done = Object.fromEntries([...contents, 'gone', 'gone too'].map(content => [hash('sha256', content), 1]));
    const position = { shape: 'files/1', done, bad: {}, reading: null, read: 1 };
    context.commit([
      {
        kind: 'move',
        receiver: 'test',
        identity: identify(origin),
        move: { after: 0, position, low: 0, date: 1 },
      },
    ]);
    await put('new.zip', signed(csv(rows(0, 2))));
    context.report = (fault, wait) => {
      context.faults.push({ fault, wait });
      for (let i = 0; i < 3; i++) rmSync(join(drop(), `${i}.zip`));
    };
    expect(ids(await run(context))).toEqual(idsOf(0, 2));
    expect(context.faults.map(f => f.fault.code)).toEqual(['E_FOLDER_FULL']);
    const stored = await context.position<{ done: Readonly<Record<string, number>> }>(origin);
    expect(Object.keys(stored!.value.done)).toHaveLength(4998);
  });

  test('its low-water time never moves, or trails by what exports may reach back', async () => {
    await put('a.zip', signed(csv(rows(0, 3))));
    const low = async (options: object) => {
      const context = testContext();
      const moves: number[] = [];
      const commit = context.commit;
      context.commit = writes => {
        for (const write of writes) if (write.kind === 'move') moves.push(write.move.low);
        commit(writes);
      };
      await run(context, options);
      return { lows: moves, now: context.clock.now() };
    };
    expect((await low({})).lows.every(l => l === 0)).toBe(true);
    const { lows: moved, now } = await low({ reach: '400d' });
    expect(moved.at(-1)).toBeLessThanOrEqual(now - 400 * 86_400_000);
    expect(moved.at(-1)).toBeGreaterThan(0);
  });
});
