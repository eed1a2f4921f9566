// A sick vendor is left alone by everybody who shares its origin and credential: one request a minute, said once.
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/fault.ts';
import type { Code } from '../../src/faults.ts';
import { HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { persist } from '../../src/retry.ts';
import { budgets, type WaitNote } from '../../src/runtime/http/budget.ts';
import { MOST_FAILURES } from '../../src/runtime/http/circuit.ts';
import { createTrouble } from '../../src/runtime/trouble.ts';
import { virtualClock } from '../support/clock.ts';
import { ever, faultFrom } from '../support/loopback.ts';

const KEY = 'https://api.acme.example env:KEY';
const sick = new Fault('E_HTTP_SERVER', 'GET https://api.acme.example/events: 503');

const rig = () => {
  const clock = virtualClock();
  const lines: object[] = [];
  const noted: WaitNote[] = [];
  const tell = (fields: object, message: string) => void lines.push({ ...fields, message });
  const log = { info: tell, warn: tell, error: tell };
  const pools = budgets(clock, { log, keep: async note => void noted.push(note) });
  const budget = pools.open(KEY, []);
  /** One request that ends so. */
  const ask = async (outcome?: Fault | 'given up') => (await budget.take(ever()))(outcome);
  const fail = async (times: number, fault = sick) => {
    for (let i = 0; i < times; i++) await ask(fault);
  };
  const isOpen = () => pools.standings()[0]!.open;
  return { clock, pools, budget, ask, fail, isOpen, lines, noted };
};

describe('the circuit', () => {
  it('opens after so many failures in a row, is said once, and lets one request a minute through', async () => {
    const { clock, ask, fail, isOpen, lines } = rig();
    await fail(MOST_FAILURES - 1);
    expect(isOpen()).toBe(false);
    await fail(1);
    expect(isOpen()).toBe(true);
    expect(lines).toEqual([
      expect.objectContaining({ origin: 'https://api.acme.example', code: 'E_PAUSED', last: 'E_HTTP_SERVER' }),
    ]);
    for (let probes = 0; probes < 3; probes++) {
      expect(await faultFrom(ask())).toMatchObject({ code: 'E_PAUSED', kind: 'transient', retryAfter: MINUTE });
      await clock.advance(MINUTE - 1);
      expect(await faultFrom(ask())).toMatchObject({ retryAfter: 1 });
      await clock.advance(1);
      await ask(sick);
    }
    expect(lines).toHaveLength(1);
  });

  it('closes with the first request that works, and says for how long it was open', async () => {
    const { clock, ask, fail, isOpen, lines } = rig();
    await fail(MOST_FAILURES);
    await clock.advance(MINUTE);
    await ask();
    expect(isOpen()).toBe(false);
    expect(lines.at(-1)).toMatchObject({ origin: 'https://api.acme.example', seconds: 60 });
    await fail(MOST_FAILURES - 1); // counted anew
    expect(isOpen()).toBe(false);
  });

  it('half open: whoever else asks waits for how the one request ends', async () => {
    const { clock, budget, fail } = rig();
    await fail(MOST_FAILURES);
    await clock.advance(MINUTE);
    const probe = await budget.take(ever());
    const others = [1, 2, 3].map(() => budget.take(ever()));
    const outcomes = Promise.allSettled(others);
    await clock.advance(30 * SECOND);
    await probe(sick);
    for (const { status } of await outcomes) expect(status).toBe('rejected');
    await clock.advance(MINUTE);
    const again = await budget.take(ever());
    const after = Promise.all([1, 2, 3].map(() => budget.take(ever())));
    await again(undefined);
    expect(await after).toHaveLength(3);
  });

  it('a request that was given up decides nothing, and holds up nobody', async () => {
    const { clock, ask, fail, isOpen } = rig();
    await fail(MOST_FAILURES);
    await clock.advance(MINUTE);
    await ask('given up');
    expect(isOpen()).toBe(true);
    const next = ask();
    await clock.advance(0);
    expect(isOpen()).toBe(false);
    await next;
  });

  it('goes by failures alone: who refuses, or asks us to wait, is well', async () => {
    const opens = async (code: Code) => {
      const { fail, isOpen } = rig();
      await fail(MOST_FAILURES, new Fault(code));
      return isOpen();
    };
    for (const code of ['E_HTTP_SERVER', 'E_NETWORK', 'E_TIMEOUT', 'E_BODY_BROKEN'] as const)
      expect(await opens(code), code).toBe(true);
    for (const code of ['E_HTTP_LIMIT', 'E_HTTP_DENIED', 'E_HTTP_REQUEST', 'E_BODY_LIMIT', 'E_TLS'] as const)
      expect(await opens(code), code).toBe(false);
  });

  it('one feed that fails among others that work does not open it', async () => {
    const { ask, fail, isOpen } = rig();
    for (let i = 0; i < 5; i++) {
      await fail(MOST_FAILURES - 1);
      await ask();
    }
    expect(isOpen()).toBe(false);
  });

  it('ten receivers that keep trying at a vendor that is down for an hour: no more than it takes to open, and one a minute', async () => {
    const { clock, pools, isOpen } = rig();
    const stop = new AbortController();
    let asked = 0;
    const receivers = Array.from({ length: 10 }, () => {
      const budget = pools.open(KEY, []);
      const ask = async () => {
        const settle = await budget.take(stop.signal);
        asked++;
        await settle(sick);
        throw sick;
      };
      return persist(ask, { clock, signal: stop.signal }).catch(() => {});
    });
    await clock.advance(HOUR);
    expect(isOpen()).toBe(true);
    expect(asked).toBeGreaterThanOrEqual(MOST_FAILURES + 55); // it is looked after all the same
    expect(asked).toBeLessThanOrEqual(MOST_FAILURES + 60);
    stop.abort();
    await Promise.all(receivers);
  });

  it('is of one credential: another one is asked as usual', async () => {
    const { pools, fail } = rig();
    await fail(MOST_FAILURES);
    await pools.open('https://api.acme.example env:OTHER', []).take(ever());
  });

  it('a clock that steps back does not make the rest longer', async () => {
    let back = 0;
    const clock = virtualClock();
    const stepping = { ...clock, now: () => clock.now() - back };
    const budget = budgets(stepping).open(KEY, []);
    for (let i = 0; i < MOST_FAILURES; i++) await (await budget.take(ever()))(sick);
    back = 60 * MINUTE;
    expect(await faultFrom(budget.take(ever()))).toMatchObject({ retryAfter: MINUTE });
    await clock.advance(MINUTE);
    await budget.take(ever());
  });

  it('is an echo in a lane that has said its fault: it is not said again', async () => {
    const clock = virtualClock();
    const said: object[] = [];
    const tell = (fields: object) => void said.push(fields);
    const trouble = createTrouble(clock, { info: tell, warn: tell, error: tell });
    const meet = (fault: Fault) => trouble.meet(fault, SECOND, Number.POSITIVE_INFINITY);
    for (const fault of [sick, new Fault('E_PAUSED'), sick, new Fault('E_PAUSED')]) meet(fault);
    expect(said).toHaveLength(1);
    expect(trouble.last).toBe(sick);
  });
});

describe('what the vendor asked for', () => {
  it('a long wait is told to everybody else who would ask, and not sat out in silence', async () => {
    const { budget } = rig();
    budget.heed(429, { 'retry-after': '600' });
    expect(await faultFrom(budget.take(ever()))).toMatchObject({ code: 'E_PAUSED', retryAfter: 10 * MINUTE });
  });

  it('is noted before the request is over, and only when there is something new', async () => {
    const { clock, budget, noted } = rig();
    const settle = await budget.take(ever());
    budget.heed(429, { 'retry-after': '90' });
    await settle(new Fault('E_HTTP_LIMIT'));
    await settle(undefined);
    expect(noted).toEqual([{ key: KEY, noted: clock.now(), until: clock.now() + 90 * SECOND }]);
  });
});
