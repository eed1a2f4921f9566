// A process that dies again and again, whenever it likes, asks no vendor more often than its quota allows, in whatever
// window one counts; and never while the vendor has asked it to wait.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { persist } from '../../src/retry.ts';
import { empty, settled, taken, waitFor } from '../../src/runtime/http/bucket.ts';
import { budgets, type WaitNote } from '../../src/runtime/http/budget.ts';
import { virtualClock } from '../support/clock.ts';

const KEY = 'https://api.acme.example env:KEY';

const rate = fc.record({
  requests: fc.integer({ min: 1, max: 40 }),
  per: fc.constantFrom(SECOND, 10 * SECOND, MINUTE),
});
const life = fc.record({
  lasts: fc.integer({ min: 0, max: 90 * SECOND }),
  gone: fc.integer({ min: 0, max: 5 * SECOND }),
});
const loop = fc.record({
  rates: fc.array(rate, { minLength: 1, maxLength: 2 }),
  lanes: fc.integer({ min: 1, max: 3 }),
  lives: fc.array(life, { minLength: 1, maxLength: 8 }),
  /** Every so manieth request is answered with a 429, to wait for so long. */
  limits: fc.record({ every: fc.integer({ min: 3, max: 30 }), wait: fc.integer({ min: 1, max: 120 }) }),
});

test('a crash loop with any crash times never sends more than the quota in any window, nor before it was told to', async () => {
  await fc.assert(
    fc.asyncProperty(loop, async ({ rates, lanes, lives, limits }) => {
      const clock = virtualClock();
      const sent: number[] = [];
      const notes = new Map<string, WaitNote>(); // what survives
      let told = 0;
      for (const { lasts, gone } of lives) {
        const crash = new AbortController();
        const { signal } = crash;
        const keep = async (note: WaitNote) => void notes.set(note.key, note);
        const budget = budgets(clock, { kept: [...notes.values()], keep }).open(KEY, rates);
        const ask = async () => {
          const settle = await budget.take(signal);
          expect(clock.now()).toBeGreaterThanOrEqual(told);
          sent.push(clock.now());
          const refused = sent.length % limits.every === 0;
          if (refused) {
            told = clock.now() + limits.wait * SECOND;
            budget.heed(429, { 'retry-after': String(limits.wait) });
          }
          await settle(refused ? new Fault('E_HTTP_LIMIT') : undefined);
        };
        const lane = async () => {
          while (sent.length < 600) await persist(ask, { clock, signal });
        };
        const all = Promise.allSettled(Array.from({ length: lanes }, lane));
        await clock.advance(lasts);
        crash.abort();
        for (const outcome of await all)
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'AbortError' });
        await clock.advance(gone);
      }
      for (const { requests, per } of rates)
        for (const [i, at] of sent.entries()) {
          const beyond = sent[i + requests];
          if (beyond !== undefined) expect(beyond - at).toBeGreaterThanOrEqual(per - 1);
        }
    }),
    { numRuns: 40 },
  );
});

test('1Password: one that dies every second, for two hours, stays below 600 a minute and 30,000 an hour', () => {
  const rates = [
    { requests: 600, per: MINUTE },
    { requests: 30_000, per: HOUR },
  ];
  const sent: number[] = [];
  for (let born = 0; born < 2 * HOUR; born += SECOND) {
    let buckets = rates.map(rate => empty(rate, born));
    for (let now = born; ; ) {
      buckets = buckets.map(bucket => settled(bucket, now));
      const wait = Math.max(...buckets.map(bucket => waitFor(bucket, now)));
      now += wait;
      if (now >= born + SECOND) break;
      buckets = buckets.map(bucket => taken(bucket, now));
      sent.push(now);
    }
  }
  expect(sent.length).toBeGreaterThan(40_000); // it gets on all the same
  for (const { requests, per } of rates)
    for (const [i, at] of sent.entries()) {
      const beyond = sent[i + requests];
      if (beyond !== undefined && beyond - at < per) throw new Error(`${requests} in ${beyond - at} ms`);
    }
});
