// A drop folder that is read once more to compare: the delivered files and no others, and nothing in it is touched.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DAY, HOUR } from '../../src/options.ts';
import { testContext } from '../support/context.ts';
import { csv, rows, signed } from '../support/opaque.ts';
import { create, drop, ids, idsOf, names, play, put, run, warnings } from '../support/opaque-drop.ts';

test('reads the files that were delivered since then, and neither moves nor removes one', async () => {
  const context = testContext();
  await put('old.zip', signed(csv(rows(0, 10))));
  await run(context);
  await context.clock.advance(2 * DAY);
  await put('young.zip', signed(csv(rows(10, 10))));
  await put('spoilt.zip', signed(csv(rows(20, 10))));
  await run(context);
  await put('next.zip', signed(csv(rows(30, 10)))); // the receiver has yet to read it
  const before = await names();

  const receiver = create(context, { keep: false });
  const { value } = (await context.position(receiver.origin))!;
  expect(receiver.positions?.review?.(value, context.clock.now() + 1)).toBeUndefined();
  const position = receiver.positions!.review!(value, context.clock.now() - HOUR)!;
  expect(receiver.positions!.restore(position)).toEqual(position);
  expect(receiver.positions!.reached!(position)).toBe(Number.POSITIVE_INFINITY);
  const standing = {
    ...testContext({ clock: context.clock }),
    position: async () => ({ value: position, count: 0 }) as never,
  };
  const read = await play(standing, create(standing, { keep: false }));
  expect(ids(read).toSorted()).toEqual(idsOf(10, 20));
  expect(await names()).toEqual(before);
});

test('a file that cannot be used any more is said, and stays where it lies', async () => {
  const context = testContext();
  await put('a.zip', signed(csv(rows(0, 10))));
  await run(context);
  const receiver = create(context);
  const { value } = (await context.position(receiver.origin))!;
  await receiver.close?.();
  const [digest] = Object.keys((value as { done: object }).done);
  await put('b.zip', 'bad');
  const bytes = await readFile(join(drop(), 'b.zip'));
  const bad = { ...(value as object), done: {}, only: [digest!, await digestOf(bytes)] };
  const look = testContext({ clock: context.clock });
  const standing = { ...look, position: async () => ({ value: bad, count: 0 }) as never };
  const read = await play(standing, create(standing));
  expect(ids(read)).toEqual(idsOf(0, 10));
  expect(warnings(look)).toEqual([expect.stringContaining('a file cannot be compared')]);
  expect(await names()).toEqual(['a.zip', 'b.zip']);
});

const digestOf = async (bytes: Uint8Array): Promise<string> =>
  Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
