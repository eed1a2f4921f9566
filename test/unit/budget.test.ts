// A vendor's quota holds whatever the clients do: restarts, idle hours, several rates, many waiting at once.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rate } from '../../src/component.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { persist } from '../../src/retry.ts';
import { empty, filled, taken, waitFor } from '../../src/runtime/http/bucket.ts';
import { type Budget, budgets } from '../../src/runtime/http/budget.ts';
import { virtualClock } from '../support/clock.ts';
import { ever } from '../support/loopback.ts';

const MINUTELY: Rate = { requests: 600, per: MINUTE };
const HOURLY: Rate = { requests: 30_000, per: HOUR };

const takeMany = async (budget: Budget, count: number, now: () => number): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, () => budget.take(ever()).then(now)));

describe('one rate', () => {
  it('begins empty, and lets the first request wait for no more than its share', () => {
    expect(waitFor(empty(MINUTELY, 0), 0)).toBeGreaterThanOrEqual(100);
    expect(waitFor(empty(MINUTELY, 0), 0)).toBeLessThan(103);
    expect(waitFor(empty(HOURLY, 0), 0)).toBeGreaterThanOrEqual(120);
    expect(waitFor(empty(HOURLY, 0), 0)).toBeLessThan(125);
  });

  it('does not save up over an idle hour', () => {
    expect(filled(empty(HOURLY, 0), 5 * HOUR)).toBe(500);
    expect(filled(empty(MINUTELY, 0), 5 * HOUR)).toBe(10);
  });

  it('stays within the rate in every window, after any idle time', () => {
    const rates = fc.record({ requests: fc.integer({ min: 1, max: 400 }), per: fc.constantFrom(SECOND, MINUTE, HOUR) });
    const idle = fc.array(fc.integer({ min: 0, max: 3 * MINUTE }), { maxLength: 8 });
    fc.assert(
      fc.property(rates, idle, (rate, pauses) => {
        let bucket = empty(rate, 0);
        let now = 0;
        const sent: number[] = [];
        for (let i = 0; i < rate.requests * 3; i++) {
          now += pauses[i] ?? 0;
          now += waitFor(bucket, now);
          bucket = taken(bucket, now);
          sent.push(now);
        }
        for (const [i, at] of sent.entries()) {
          const beyond = sent[i + rate.requests];
          if (beyond !== undefined) expect(beyond - at).toBeGreaterThanOrEqual(rate.per - 1);
        }
      }),
    );
  });

  it('does not give more when the clock steps back', () => {
    const bucket = taken(empty(MINUTELY, 10_000), 20_000);
    expect(filled(bucket, 0)).toBe(filled(bucket, 20_000));
  });
});

describe('a pool', () => {
  it('keeps several rates at once: the hour binds where the minute would not', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const both = budgets(clock).open('k', [MINUTELY, { requests: 60, per: HOUR }]);
    const times = await clock.run(takeMany(both, 3, clock.now));
    expect(times.map(time => time - start)).toEqual([MINUTE, 2 * MINUTE, 3 * MINUTE]);
  });

  it('holds over a crash loop: a new process begins empty again', async () => {
    const clock = virtualClock();
    const start = clock.now();
    for (let i = 0; i < 20; i++) await clock.run(budgets(clock).open('k', [MINUTELY]).take(ever()));
    expect(clock.now() - start).toBeGreaterThanOrEqual(20 * 100);
  });

  it('is shared by all of one key, and by no other', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const pools = budgets(clock);
    const slow: Rate = { requests: 1, per: MINUTE };
    const [a, b, other] = [pools.open('k', [slow]), pools.open('k', [slow]), pools.open('l', [slow])];
    const [first, second, third] = await clock.run(
      Promise.all([a, b, other].map(budget => budget.take(ever()).then(() => clock.now() - start))),
    );
    expect([first, second, third]).toEqual([MINUTE, 2 * MINUTE, MINUTE]);
  });

  it('keeps the stricter rate of two clients until that one closes', async () => {
    const clock = virtualClock();
    const pools = budgets(clock);
    const strict = pools.open('k', [{ requests: 1, per: HOUR }]);
    const loose = pools.open('k', [MINUTELY]);
    const start = clock.now();
    await clock.run(loose.take(ever()));
    expect(clock.now() - start).toBe(HOUR);
    strict.close();
    await clock.run(loose.take(ever()));
    expect(clock.now() - start).toBeLessThan(HOUR + SECOND);
  });

  it('serves in the order of asking', async () => {
    const clock = virtualClock();
    const budget = budgets(clock).open('k', [MINUTELY]);
    const order: number[] = [];
    await clock.run(Promise.all([1, 2, 3, 4].map(n => budget.take(ever()).then(() => order.push(n)))));
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('lets nobody overtake one who waits, even when the rate that held it up is gone', async () => {
    const clock = virtualClock();
    const pools = budgets(clock);
    const strict = pools.open('k', [{ requests: 1, per: HOUR }]);
    const loose = pools.open('k', []);
    const order: string[] = [];
    const first = loose.take(ever()).then(() => order.push('first'));
    await clock.advance(SECOND);
    strict.close();
    const second = loose.take(ever()).then(() => order.push('second'));
    await clock.run(Promise.all([first, second]));
    expect(order).toEqual(['first', 'second']);
  });

  it('lets an aborted one go at once, first or in the middle, and costs the others nothing', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const pools = budgets(clock);
    const budget = pools.open('k', [{ requests: 1, per: MINUTE }]);
    const [head, middle] = [new AbortController(), new AbortController()];
    const waits = [budget.take(head.signal), budget.take(middle.signal), budget.take(ever())];
    const outcomes = Promise.allSettled(waits);
    middle.abort(new Error('middle'));
    await expect(waits[1]).rejects.toThrow('middle');
    head.abort(new Error('head'));
    await expect(waits[0]).rejects.toThrow('head');
    await clock.run(outcomes);
    expect(clock.now() - start).toBe(MINUTE);
    expect(clock.sleepers).toBe(0);
    expect(pools.standings()[0]?.waiting).toBe(0);
  });

  it('is no wait at all without rates', async () => {
    const clock = virtualClock();
    await budgets(clock).open('k', []).take(ever());
    expect(clock.sleepers).toBe(0);
  });
});

describe('what the vendor says', () => {
  const waitAfter = async (status: number, headers: Record<string, string>): Promise<number> => {
    const clock = virtualClock();
    const start = clock.now();
    const pools = budgets(clock);
    pools.open('k', []).heed(status, headers);
    await clock.run(persist(() => pools.open('k', []).take(ever()), { clock, signal: ever() })); // another client of the same key
    return clock.now() - start;
  };

  it('Retry-After of a 429 or 503 holds for everybody of that key', async () => {
    expect(await waitAfter(429, { 'retry-after': '30' })).toBe(30 * SECOND);
    expect(await waitAfter(503, { 'retry-after': '7' })).toBe(7 * SECOND);
    expect(await waitAfter(200, { 'retry-after': '30' })).toBe(0);
  });

  it('nothing remaining means to wait until the reset', async () => {
    expect(await waitAfter(200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '20' })).toBe(20 * SECOND);
    expect(await waitAfter(200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '5' })).toBe(5 * SECOND);
    expect(await waitAfter(200, { 'ratelimit-remaining': '1', 'ratelimit-reset': '20' })).toBe(0);
    expect(await waitAfter(200, { 'ratelimit-remaining': '0' })).toBe(0);
  });

  it('a reset that is misread costs an hour at most', async () => {
    expect(await waitAfter(200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '3600000' })).toBe(HOUR);
  });

  it('a Retry-After that comes while others wait holds for them too', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const budget = budgets(clock).open('k', [{ requests: 60, per: MINUTE }]);
    const waiting = budget.take(ever());
    budget.heed(429, { 'retry-after': '60' });
    await clock.run(waiting);
    expect(clock.now() - start).toBe(MINUTE);
  });

  it('a shorter word does not take back a longer one', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const budget = budgets(clock).open('k', []);
    budget.heed(429, { 'retry-after': '60' });
    budget.heed(429, { 'retry-after': '1' });
    await clock.run(budget.take(ever()));
    expect(clock.now() - start).toBe(MINUTE);
  });

  it('can be read, for metrics', async () => {
    const clock = virtualClock();
    const pools = budgets(clock);
    const budget = pools.open('k', [MINUTELY]);
    budget.heed(200, { 'ratelimit-remaining': '17' });
    await clock.advance(MINUTE);
    expect(pools.standings()).toEqual([{ key: 'k', remaining: 10, told: 17, until: 0, waiting: 0, open: false }]);
  });
});
