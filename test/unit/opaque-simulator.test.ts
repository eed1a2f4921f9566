// The simulator's exports are what the receiver is meant for: all of its events come out, overlaps and forgeries or not.
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { simulator } from '../../receivers/opaque/simulator.ts';
import { verifyArchive } from '../../receivers/opaque/verify.ts';
import type { AuditRecord, Receiver } from '../../src/index.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type TestContext, testContext } from '../support/context.ts';

const NOW = Date.UTC(2026, 0, 15, 12);

let simulation: Simulation | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await simulation?.close();
});

const receiverOf = (context: TestContext): Receiver => {
  const spec = simulation!.receivers(() => {
    throw new Error('there are no secrets');
  }).opaque!;
  const checked = spec.schema['~standard'].validate(spec.options) as { readonly value: unknown };
  return spec.create(context, checked.value);
};

/** What comes until the folder has no more. */
const drained = async (): Promise<readonly AuditRecord[]> => {
  const context = testContext();
  const receiver = receiverOf(context);
  const records: AuditRecord[] = [];
  await context.clock.run(
    new Promise<void>((resolve, reject) => {
      context.rest = resolve;
      receiver.emissions.subscribe({
        error: reject,
        next: ({ batch, receipt }) => {
          records.push(...batch.records);
          receipt.deliver();
        },
      });
    }),
  );
  await receiver.close?.();
  return records;
};

test('all of its events come out, though exports overlap', async () => {
  simulation = await simulator.start({ events: 12_000, seed: 7, now: () => NOW });
  const records = await drained();
  const ids = new Set(records.map(r => r.id));
  expect(simulation.ids().opaque).toHaveLength(12_000);
  expect(ids).toEqual(new Set(simulation.ids().opaque));
  expect(records.length).toBe(12_000 + 2 * 500);
  expect(simulation.requests()).toEqual({ good: 3 });
});

test('forged, unsigned and cut archives are set aside, and cost nothing', async () => {
  const faults = [
    { rate: 1, do: { status: 500 } },
    { rate: 0.5, do: { truncate: true } },
  ] as const;
  simulation = await simulator.start({ events: 12_000, seed: 7, faults, now: () => NOW });
  expect(new Set((await drained()).map(r => r.id))).toEqual(new Set(simulation.ids().opaque));
  const aside = await readdir(join(simulation.url, 'quarantine'));
  expect(aside.filter(name => name.endsWith('.zip'))).toHaveLength(simulation.requests().bad ?? 0);
  expect(simulation.requests().bad).toBeGreaterThan(2);
});

test('equal seeds give equal events', async () => {
  simulation = await simulator.start({ events: 100, seed: 7, now: () => NOW });
  const first = simulation.ids();
  await simulation.close();
  simulation = await simulator.start({ events: 100, seed: 7, now: () => NOW });
  expect(simulation.ids()).toEqual(first);
});

test('live, it exports more and more', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  let now = NOW;
  simulation = await simulator.start({ events: 10, seed: 7, live: 5, now: () => now });
  now += 3000;
  await vi.advanceTimersByTimeAsync(1000);
  while (simulation.ids().opaque!.length < 25) await new Promise(setImmediate);
  expect(new Set((await drained()).map(r => r.id))).toEqual(new Set(simulation.ids().opaque));
});

test('its archives verify, and nothing of it is left behind', async () => {
  simulation = await simulator.start({ events: 10, seed: 7, now: () => NOW });
  const [name] = await readdir(simulation.url);
  await expect(
    verifyArchive(join(simulation.url, name!), [join(simulation.url, '..', 'opaque.pem')]),
  ).resolves.toMatchObject({ verified: true });
  await simulation.close();
  expect(existsSync(join(simulation.url, '..'))).toBe(false);
});
