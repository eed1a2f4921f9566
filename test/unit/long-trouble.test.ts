// Trouble that lasts for days, in virtual time: a sink that is down for a month, a token that is dead for ten days, clocks
// that step by an hour. What can still be had is delivered, each event once; what cannot is named.
import { expect, test } from 'vitest';
import { dedupe } from '../../processors/dedupe/index.ts';
import { queued } from '../../src/config.ts';
import { Fault } from '../../src/fault.ts';
import { identify } from '../../src/model.ts';
import { DAY, HOUR, MINUTE } from '../../src/options.ts';
import { sinkOf, start, store } from '../support/engine.ts';
import { TOKEN, timedVendor } from '../support/timed-vendor.ts';

const origin = { type: 'timed', site: 'https://timed.example', tenant: '', feed: '' };
const processors = { dedupe: dedupe() };

test('a sink that is down for a month: the queue fills, the vendor keeps the rest, and all of it is delivered once', {
  timeout: 300_000,
}, async () => {
  const world = timedVendor({ between: 10 * MINUTE });
  const got: string[] = [];
  const lines: { code?: string }[] = [];
  let isUp = false;
  const sink = sinkOf(async records => {
    if (!isUp) throw new Fault('E_NETWORK', 'connection refused');
    got.push(...records.map(({ id }) => id));
  });
  const exporters = { out: queued(sink, { limit: '16KiB' }) };
  const receivers = { sim: world.receiver };
  const engine = await start({ receivers, processors, exporters }, world, {}, lines);
  const standing = () => store.position('sim', identify(origin));
  await world.clock.advance(3 * DAY);
  const [full, held, asked] = [(await store.queues()).get('out')!.bytes, await standing(), world.asked()];
  await world.clock.advance(DAY);
  expect(await standing()).toEqual(held);
  await world.clock.advance(26 * DAY);
  expect((await store.queues()).get('out')!.bytes).toBe(full); // bounded
  expect(full).toBeLessThan(32 * 1024);
  expect(await standing()).toEqual(held); // the place at the vendor is kept
  expect(world.asked()).toBe(asked); // and it is left alone
  const said = lines.map(({ code }) => code).filter(code => code !== undefined);
  expect(new Set(said)).toEqual(new Set(['E_NETWORK', 'E_QUEUE_FULL']));
  expect(said.length).toBeLessThan(20); // in a month
  isUp = true;
  await world.clock.advance(6 * HOUR);
  engine.stop();
  await world.clock.run(engine.ended);
  const due = world
    .events()
    .slice(0, -2)
    .map(({ id }) => id); // the last may not have settled
  expect(got.slice(0, due.length)).toEqual(due);
  expect(new Set(got).size).toBe(got.length);
});

test('a token that is dead for ten days: asked slowly, mended without a restart, and what is gone by then is a gap', {
  timeout: 300_000,
}, async () => {
  const world = timedVendor({ between: HOUR, keeps: 7 * DAY });
  const got: string[] = [];
  const lines: { code?: string; message?: string; remedy?: string; gap?: { from: number; to: number } }[] = [];
  const receivers = { sim: world.receiver };
  const exporters = { out: sinkOf(async records => void got.push(...records.map(({ id }) => id))) };
  const engine = await start({ receivers, processors, exporters }, world, {}, lines);
  await world.clock.advance(DAY);
  world.token = 'the second';
  const asked = world.asked();
  await world.clock.advance(10 * DAY);
  expect(world.asked() - asked).toBeLessThanOrEqual(10 * 24 * 12 + 1); // once in five minutes
  expect(lines.filter(({ code }) => code !== undefined)).toEqual([
    expect.objectContaining({ code: 'E_HTTP_DENIED', remedy: expect.stringContaining('Check the credential') }),
  ]);
  process.env[TOKEN] = 'the second'; // as a mounted secret that is replaced
  await world.clock.advance(6 * HOUR);
  engine.stop();
  await world.clock.run(engine.ended);

  expect(lines).toContainEqual(expect.objectContaining({ message: 'works again' }));
  const { gap } = lines.find(line => line.gap)!;
  const missing = world
    .events()
    .slice(0, -2)
    .filter(({ id }) => !got.includes(id));
  expect(missing.length).toBeGreaterThan(2 * 24);
  for (const { at } of missing) expect(at >= gap!.from && at <= gap!.to).toBe(true); // nothing is missing that is not named
  expect(gap!.to - gap!.from).toBeLessThan(3 * DAY + HOUR);
  expect(new Set(got).size).toBe(got.length);
});

test.each([
  ['ours steps an hour ahead', { ours: (since: number) => (since < 2 * HOUR ? 0 : HOUR) }],
  ['ours steps an hour back', { ours: (since: number) => (since < 2 * HOUR ? 0 : -HOUR) }],
  ["the vendor's steps an hour ahead", { theirs: (since: number) => (since < 2 * HOUR ? 0 : HOUR) }],
  ["the vendor's steps an hour back", { theirs: (since: number) => (since < 2 * HOUR ? 0 : -HOUR) }],
  [
    "the vendor's is an hour ahead for two hours",
    { theirs: (since: number) => (since > 2 * HOUR && since < 4 * HOUR ? HOUR : 0) },
  ],
])('a clock is wrong, %s: each event is delivered once', async (_, clocks) => {
  const world = timedVendor({ between: 7 * MINUTE, ...clocks });
  const got: string[] = [];
  const receivers = { sim: world.receiver };
  const exporters = { out: sinkOf(async records => void got.push(...records.map(({ id }) => id))) };
  const engine = await start({ receivers, processors, exporters }, world);
  await world.clock.advance(12 * HOUR);
  engine.stop();
  await world.clock.run(engine.ended);
  const due = world
    .events()
    .slice(0, -10) // where our clock is behind, the last hour is yet to come
    .map(({ id }) => id);
  expect(due.filter(id => !got.includes(id))).toEqual([]);
  expect(new Set(got).size).toBe(got.length);
});
