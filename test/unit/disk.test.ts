// A disk that is full or read-only while we run: said with what to do, waited out in place, and nothing is lost or sent
// twice when it is mended.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { file } from '../../exporters/file/index.ts';
import { defineExporter } from '../../src/component.ts';
import { queued } from '../../src/config.ts';
import type { Fault } from '../../src/fault.ts';
import { HOUR } from '../../src/options.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { none, start, vendor } from '../support/engine.ts';
import { linesIn } from '../support/program.ts';
import { disks, realDisk, type SmallDisk } from '../support/small-disk.ts';

const PAGES = 60;
const ALL = Array.from({ length: PAGES }, (_, n) => [`${n}a`, `${n}b`]).flat();

let disk: SmallDisk;
let store: Store;
const on = (make: () => SmallDisk) => {
  disk = make();
  store = openState(join(disk.folder, 'state'));
};
afterEach(async () => {
  await store.close();
  disk.remove();
});

/** Runs until it is in trouble on the third page, and then until the trouble is over. */
const through = async (misfortune: { strikes(): void; ends(): void }, behindQueue: boolean) => {
  const world = vendor(PAGES);
  const got: string[] = [];
  const lines: { code?: string; message?: string; remedy?: string }[] = [];
  /** Each batch makes the state grow. */
  const sink = defineExporter({
    type: 'sink',
    options: none,
    create: ({ state }) => ({
      export: async records => {
        got.push(...records.map(({ id }) => id));
        if (got.length === 6) misfortune.strikes();
        return { writes: records.map(({ id }) => state.set(id, 'x'.repeat(10_000))) };
      },
    }),
  })({});
  const exporters = { out: behindQueue ? queued(sink, { limit: '1GiB' }) : sink };
  const engine = await start({ exporters }, world, {}, lines, { store, folder: disk.folder });
  await world.clock.advance(HOUR);
  const held = { asked: world.asked.length, got: [...got] };
  await world.clock.advance(HOUR);
  expect({ asked: world.asked.length, got }).toEqual(held); // it waits, and sends nothing again
  misfortune.ends();
  for (let hours = 0; hours < 100 && got.length < ALL.length; hours++) await world.clock.advance(HOUR);
  engine.stop();
  await world.clock.run(engine.ended);
  expect(got).toEqual(ALL);
  expect((await store.queues()).size).toBe(0);
  return lines;
};

describe.each(disks)('a disk that is full (%s)', (_, make) => {
  beforeEach(() => on(make));

  test.each([false, true])('while we run, behind a queue: %s', async behindQueue => {
    const lines = await through({ strikes: disk.fill, ends: disk.free }, behindQueue);
    const said = lines.filter(({ code }) => code === 'E_STATE_FULL' || code === 'E_STATE_WRITE');
    expect(said).toContainEqual(
      expect.objectContaining({
        code: 'E_STATE_FULL',
        message: expect.stringContaining(disk.folder),
        remedy: expect.stringContaining('Free space'),
      }),
    );
    expect(said.length).toBeLessThanOrEqual(2); // once for the lane, once for the queue
    expect(lines.at(-1)).toMatchObject({ message: 'works again' });
  });
});

test.each(disks.slice(0, 1))('a disk that turns read-only while we run (%s)', async (_, make) => {
  on(make);
  const lines = await through({ strikes: () => disk.protect(true), ends: () => disk.protect(false) }, false);
  expect(lines).toContainEqual(
    expect.objectContaining({ code: 'E_STATE_WRITE', remedy: expect.stringContaining('Mend the disk') }),
  );
});

describe.runIf(realDisk)('a real disk', () => {
  beforeEach(() => on(realDisk!));

  test('is full for files as well: each event is in them once', async () => {
    const world = vendor(PAGES);
    const met = Promise.withResolvers<Fault>();
    const options = { path: join(disk.folder, 'audit/{receiver}-{seq}.ndjson') };
    const engine = await start(
      { exporters: { out: file(options) } },
      world,
      { once: { patience: HOUR }, observers: [{ faulted: (_, fault) => met.resolve(fault) }] },
      [],
      { store, folder: disk.folder },
    );
    disk.fill();
    expect(['E_FILE', 'E_STATE_FULL']).toContain((await world.clock.run(met.promise)).code);
    disk.free();
    expect(await world.clock.run(engine.ended)).toEqual([{ lane: 'sim' }]);
    expect(linesIn(join(disk.folder, 'audit')).map(line => JSON.parse(line).id)).toEqual(ALL);
  });

  test('that is read-only at the start is said to be, and nothing is made of it', async () => {
    await store.close();
    disk.protect(true);
    const opening = expect.objectContaining({ code: 'E_STATE_OPEN', message: expect.stringContaining('read-only') });
    expect(() => openState(join(disk.folder, 'state'))).toThrow(opening);
    expect(() => openState(join(disk.folder, 'other'))).toThrow(opening);
    disk.protect(false);
    store = openState(join(disk.folder, 'state'));
  });
});
