// Killed at any batch and started again, the receiver gives each row of a drop folder once, and leaves no copy behind.
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testContext } from '../support/context.ts';
import { csv, rows, signed } from '../support/opaque.ts';
import { create, drop, ids, idsOf, place, play, put, run, scratch, warnings } from '../support/opaque-drop.ts';

describe('killed and started again', () => {
  const sizes = [2500, 1, 1000, 1001];
  const fill = async () => {
    let from = 0;
    for (const [i, size] of sizes.entries()) {
      await put(`${i}.zip`, i === 1 ? 'bad' : signed(csv(rows(from, size))));
      from += size;
    }
  };
  const expected = [...idsOf(0, 2500), ...idsOf(2501, 2001)];

  test('at every batch: what was committed is the same, and nothing twice', async () => {
    await fill();
    const total = (await run(testContext())).batches;
    expect(total).toBeGreaterThan(8);
    for (let kill = 0; kill < total; kill++) {
      await rm(join(drop(), 'quarantine'), { recursive: true, force: true });
      await put('1.zip', 'bad');
      const context = testContext();
      const before = await play(context, create(context), kill);
      const after = await run(context);
      const all = [...ids(before), ...ids(after)];
      expect(all).toHaveLength(expected.length);
      expect(new Set(all)).toEqual(new Set(expected));
    }
  });

  test('in the same object, as a lane restarts: an abandoned batch comes again', async () => {
    await put('a.zip', signed(csv(rows(0, 2500))));
    const context = testContext();
    const receiver = { ...create(context), close: async () => {} };
    const first = await play(context, receiver, 2);
    const second = await play(context, receiver);
    expect([...ids(first), ...ids(second)]).toEqual(idsOf(0, 2500));
  });

  test('rows without an id keep theirs across a restart in the middle', async () => {
    const same = Array.from({ length: 2500 }, (_, i) => [
      'ada',
      'Log in',
      `2026-01-15T08:00:${String(i % 3).padStart(2, '0')}Z`,
    ]);
    await put('a.zip', signed(csv(same, ['actor', 'action', 'time'])));
    const whole = ids(await run(testContext()));
    const context = testContext();
    const parts = [...ids(await play(context, create(context), 2)), ...ids(await run(context))];
    expect(parts).toEqual(whole);
    expect(new Set(parts).size).toBe(2500);
  });

  test('a file that was taken away in the middle is said, blocks nothing, and is read when it comes back', async () => {
    await put('a.zip', signed(csv(rows(0, 2500))));
    await put('b.zip', signed(csv(rows(3000, 5))));
    const context = testContext();
    await play(context, create(context), 2);
    await rename(join(drop(), 'a.zip'), join(place, 'a.zip'));
    expect(ids(await run(context))).toEqual(idsOf(3000, 5));
    expect(warnings(context)).toEqual([expect.stringMatching(/taken away or changed before all of it/)]);
    await rename(join(place, 'a.zip'), join(drop(), 'a.zip'));
    expect(ids(await run(context))).toEqual(idsOf(0, 2500));
  });

  test('no private copy is left, nor seen by name while it is open', async () => {
    await put('a.zip', signed(csv(rows(0, 2500))));
    const context = testContext();
    await play(context, create(context), 2, async () => expect(await readdir(scratch)).toEqual([]));
    expect(await readdir(scratch)).toEqual([]);
  });
});
