// A state that keeps as many dead letters as it may: everything holds, and says why.
import { expect, test } from 'vitest';
import { MINUTE } from '../../src/options.ts';
import { sinkOf, start, store, vendor } from '../support/engine.ts';

test('when no more letters are kept, a lane holds, and none of them goes', async () => {
  const origin = { receiver: 'other', type: 'other', site: '', tenant: '', feed: '' };
  const record = { id: 'x', time: [0, 0], observed: [0, 0], origin, raw: {} } as const;
  await store.commit(
    [{ kind: 'dead', place: 'exporter/out', code: 'E_X', reason: 'no', count: 1, records: [record] }],
    1,
  );
  const world = vendor(2);
  const got: string[] = [];
  const exporters = { out: sinkOf(async records => void got.push(...records.map(({ id }) => id))) };
  const engine = await start({ exporters }, world, { once: { patience: MINUTE }, mostLetters: 1 });
  expect(await world.clock.run(engine.ended)).toMatchObject([{ lane: 'sim', fault: { code: 'E_DEAD_FULL' } }]);
  expect(got).toEqual([]);
  expect(await store.letters()).toBe(1);
});
