// The engine's own metrics, driven by hand: what is told comes out under the name and the labels that are documented.
import { afterEach, describe, expect, test } from 'vitest';
import type { Auth, Spec } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import type { AuditRecord } from '../../src/model.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/options.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { MOST_FAILURES } from '../../src/runtime/http/circuit.ts';
import type { Plan } from '../../src/runtime/plan.ts';
import type { Store } from '../../src/runtime/state/state.ts';
import { type Health, openHealth } from '../../src/runtime/telemetry/health.ts';
import { together } from '../../src/runtime/telemetry/observer.ts';
import { type VirtualClock, virtualClock } from '../support/clock.ts';
import { delivery, record, START, step } from '../support/delivery.ts';
import { ever } from '../support/loopback.ts';
import { scrape } from '../support/metrics.ts';

const part = (name: string, more: object = {}) => ({ name, options: {}, spec: more as Spec<never> }); // only `remembers` is read
const planOf = (...processors: ReturnType<typeof part>[]): Plan => ({
  lanes: [
    { receiver: part('r'), routes: [{ pipeline: 'p', processors, exporters: [part('out')] }] },
    { receiver: part('still'), routes: [] },
  ],
  exporters: [part('out')],
});
const dedupe = part('dedupe', { remembers: () => DAY });

const open: Health[] = [];
afterEach(async () => {
  for (const health of open.splice(0)) await health.close();
});

const empty = { queues: async () => new Map() } as unknown as Store; // nothing else of it is asked

/** A meter as the engine meets it, and what Prometheus reads of it. */
const rig = async (
  plan: Plan,
  { clock = virtualClock(START), store = empty }: { clock?: VirtualClock; store?: Store } = {},
) => {
  const quotas = budgets(clock);
  const health = await openHealth({ address: { host: '127.0.0.1', port: 0 }, plan, clock, budgets: quotas, store });
  open.push(health);
  return { clock, quotas, health, tell: together(health.observers), read: () => scrape(health.address) };
};

describe('what is counted of a delivery', () => {
  test('everything begins at 0 for all that the config names', async () => {
    const { read } = await rig(planOf(dedupe));
    const now = await read();
    for (const receiver of ['r', 'still'])
      expect(now.value('otelcol_receiver_accepted_log_records_total', { receiver })).toBe(0);
    expect(now.value('otelcol_processor_incoming_items_total', { processor: 'dedupe' })).toBe(0);
    expect(now.value('otelcol_exporter_sent_log_records_total', { exporter: 'out' })).toBe(0);
    expect(now.value('tributary_records_dead_total', { component: 'exporter/out' })).toBe(0);
    expect(now.value('tributary_unaccounted_records', { receiver: 'r' })).toBe(0);
  });

  test('records by receiver, processor and exporter; the refused, the dead, the repeated, the unmapped, the guessed', async () => {
    const { tell, read } = await rig(planOf(dedupe, part('normalize')));
    const [a, b, c, d] = [record('a'), record('b', START, { guessed: 'id' }), record('c'), record('d')];
    const drift = { kind: 'type', detail: 'new.thing' } as const;
    const events = [
      { ...a, part: 0 },
      { ...a, part: 1, drift },
      { ...b, drift },
    ];
    tell.delivered(
      'r',
      delivery([a, b, c, d], [step('dedupe', [a, b, c, d], [a, b, c]), step('normalize', [a, b, c], events, [c])], {
        refused: 1,
      }),
    );
    const now = await read();
    expect(now.value('otelcol_receiver_accepted_log_records_total', { receiver: 'r' })).toBe(4);
    expect(now.value('otelcol_processor_incoming_items_total', { processor: 'normalize' })).toBe(3);
    expect(now.value('otelcol_processor_outgoing_items_total', { processor: 'dedupe' })).toBe(3);
    expect(now.value('otelcol_exporter_sent_log_records_total', { exporter: 'out' })).toBe(2);
    expect(now.value('otelcol_exporter_send_failed_log_records_total', { exporter: 'out' })).toBe(1);
    expect(now.value('tributary_records_duplicate_total', { component: 'pipeline/p/dedupe' })).toBe(1);
    expect(now.value('tributary_records_dead_total', { component: 'pipeline/p/normalize' })).toBe(1);
    expect(now.value('tributary_records_dead_total', { component: 'exporter/out' })).toBe(1);
    expect(now.value('tributary_records_unmapped_total', { component: 'pipeline/p/normalize' })).toBe(2);
    expect(now.value('tributary_records_guessed_total', { component: 'receiver/r' })).toBe(1);
    expect(now.value('tributary_unaccounted_records', { receiver: 'r' })).toBe(0);
    expect(now.value('tributary_records_duplicate_total', { component: 'pipeline/p/normalize' })).toBeUndefined();
  });

  test('what is dead is not repeated, and what is passed on unmapped is not counted again', async () => {
    const { tell, read } = await rig(planOf(dedupe, part('normalize'), part('filter')));
    const [a, b, c] = [record('a'), record('b'), record('c')];
    const strange = { ...a, drift: { kind: 'type', detail: 'new.thing' } } as const;
    const steps = [step('dedupe', [a, b, c], [a], [b]), step('normalize', [a], [strange]), step('filter', [strange])];
    tell.delivered('r', delivery([a, b, c], steps));
    const now = await read();
    expect(now.value('tributary_records_duplicate_total', { component: 'pipeline/p/dedupe' })).toBe(1);
    expect(now.value('tributary_records_unmapped_total', { component: 'pipeline/p/normalize' })).toBe(1);
    expect(now.value('tributary_records_unmapped_total', { component: 'pipeline/p/filter' })).toBe(0);
  });

  test('a gap, in seconds', async () => {
    const { tell, read } = await rig(planOf());
    tell.delivered('r', delivery([], [], { gap: { from: START - HOUR, to: START } }));
    expect((await read()).value('tributary_receiver_gap_seconds_total', { receiver: 'r' })).toBe(3600);
  });
});

describe('time', () => {
  test('lag is since the vendor was last done with, not since something came; a lane that is done has none', async () => {
    const { tell, clock, read } = await rig(planOf());
    await clock.advance(HOUR);
    tell.delivered('r', delivery([record('a')]));
    expect((await read()).value('tributary_receiver_lag_seconds', { receiver: 'r' })).toBe(3600);
    tell.rested('r');
    await clock.advance(90 * SECOND);
    const later = await read();
    expect(later.value('tributary_receiver_lag_seconds', { receiver: 'r' })).toBe(90);
    expect(later.value('tributary_receiver_lag_seconds', { receiver: 'still' })).toBe(3690);
    tell.ended('r');
    expect((await read()).value('tributary_receiver_lag_seconds', { receiver: 'r' })).toBe(0);
  });

  test('silence is since the newest event, whatever is read after it; a guessed time does not break it', async () => {
    const { tell, clock, read } = await rig(planOf());
    const silence = async () => (await read()).value('tributary_receiver_silence_seconds', { receiver: 'r' });
    await clock.advance(MINUTE);
    expect(await silence()).toBe(60);
    tell.delivered('r', delivery([record('a', START - DAY)]));
    expect(await silence()).toBe(86_460);
    tell.delivered('r', delivery([record('b', START), record('c', START - HOUR)]));
    expect(await silence()).toBe(60);
    tell.delivered('r', delivery([record('d', START + MINUTE, { guessed: 'time' })]));
    expect(await silence()).toBe(60);
  });

  test('how far back anything may be read again moves with the position, and with time; where all may be, nothing is said', async () => {
    const { tell, clock, read } = await rig(planOf());
    const behind = async () => (await read()).value('tributary_receiver_sweep_lag_seconds', { receiver: 'r' });
    tell.delivered('r', delivery([]));
    expect(await behind()).toBeUndefined();
    tell.delivered('r', delivery([], [], { low: START - DAY }));
    await clock.advance(HOUR);
    expect(await behind()).toBe(90_000);
  });

  test('late is what happened over a minute before the end was reached, and is new', async () => {
    const { tell, read } = await rig(planOf(dedupe));
    const all = (records: readonly AuditRecord[], date: number, fresh = records) =>
      tell.delivered('r', delivery(records, [step('dedupe', records, fresh)], { date }));
    const late = async () => (await read()).value('tributary_receiver_late_records_total', { receiver: 'r' });
    all([record('history', START - DAY)], START);
    expect(await late()).toBe(0); // the end was not reached yet
    tell.rested('r');
    const again = record('history', START - DAY);
    all([again, record('usual', START - 59 * SECOND)], START + MINUTE, [record('usual', START - 59 * SECOND)]);
    expect(await late()).toBe(0); // read again, and just now
    all([record('late', START - 10 * MINUTE), record('unsure', 0, { guessed: 'both' })], START + MINUTE);
    expect(await late()).toBe(1);
    const now = await read();
    expect(now.value('tributary_receiver_lateness_seconds_sum', { receiver: 'r' })).toBe(660);
    expect(now.value('tributary_receiver_lateness_seconds_count', { receiver: 'r' })).toBe(1);
  });
});

describe('the vendor', () => {
  test('requests by status, how long they took, and how its clock differs', async () => {
    const { tell, read } = await rig(planOf());
    tell.asked('r', { status: 200, sent: START + 5000, took: 2000, date: START });
    tell.asked('r', { status: undefined, sent: START + 9000, took: 30_000, date: undefined });
    const now = await read();
    expect(now.value('tributary_receiver_requests_total', { receiver: 'r', status: '200' })).toBe(1);
    expect(now.value('tributary_receiver_requests_total', { receiver: 'r', status: 'none' })).toBe(1);
    expect(
      now.value('tributary_receiver_request_duration_seconds_bucket', { receiver: 'r', status: '200', le: '2.5' }),
    ).toBe(1);
    expect(now.value('tributary_receiver_clock_skew_seconds', { receiver: 'r' })).toBe(5.5); // an answer without a date says nothing
    expect(now.value('tributary_receiver_clock_skew_seconds', { receiver: 'still' })).toBeUndefined();
  });

  test('what is left of its quota, by its own word before our count; that it is ill; and until the token ends', async () => {
    const { tell, clock, quotas, read } = await rig(planOf());
    let ends: number | undefined = START + DAY;
    const auth: Auth = {
      credential: 'env KEY',
      headers: async () => ({}),
      refused: () => false,
      expires: () => ends,
    };
    const settings = { origin: 'https://api.example.com', auth, rates: [{ requests: 600, per: MINUTE }] };
    const left = async () => (await read()).value('tributary_receiver_budget_remaining', { receiver: 'r' });
    expect(await left()).toBeUndefined();
    tell.opened('r', settings);
    const budget = quotas.open('https://api.example.com env KEY', settings.rates);
    await clock.advance(MINUTE);
    expect(await left()).toBe(10);
    budget.heed(200, { 'x-ratelimit-remaining': '417' });
    expect(await left()).toBe(417);
    expect((await read()).value('tributary_receiver_circuit_open', { receiver: 'r' })).toBe(0);
    for (let i = 0; i < MOST_FAILURES; i++) await (await budget.take(ever()))(new Fault('E_NETWORK'));
    const now = await read();
    expect(now.value('tributary_receiver_circuit_open', { receiver: 'r' })).toBe(1);
    expect(now.value('tributary_receiver_credential_expiry_seconds', { receiver: 'r' })).toBe(86_340);
    expect(JSON.stringify([...now.families])).not.toContain('env KEY');
    ends = undefined; // another token, which does not say
    expect((await read()).value('tributary_receiver_credential_expiry_seconds', { receiver: 'r' })).toBeNaN();
  });

  test('each fault that is waited out, by where, kind and code', async () => {
    const { tell, read } = await rig(planOf());
    for (const place of ['exporter/out', 'exporter/out', 'receiver/r'])
      tell.faulted('r', new Fault('E_NETWORK'), place);
    const now = await read();
    const labels = { kind: 'transient', code: 'E_NETWORK' };
    expect(now.value('tributary_faults_total', { component: 'exporter/out', ...labels })).toBe(2);
    expect(now.value('tributary_faults_total', { component: 'receiver/r', ...labels })).toBe(1);
  });
});

test('commits are timed when they work, and are the same commits', async () => {
  const committed: unknown[] = [];
  let full = true;
  const commit = async (...given: unknown[]) => {
    if (full) throw new Fault('E_STATE_FULL');
    committed.push(given);
  };
  const { health, read } = await rig(planOf(), { store: { ...empty, commit } });
  await expect(health.store.commit([], 1)).rejects.toThrow(Fault);
  full = false;
  await health.store.commit([], 2);
  expect(committed).toEqual([[[], 2]]);
  expect((await read()).value('tributary_commit_duration_seconds_count')).toBe(1);
});

test('what a queue holds, and what it can hold, in bytes; empty is 0, and no queue is no series', async () => {
  const holdings = new Map([['kept', { rows: 2, records: 30, bytes: 4096 }]]);
  const plan: Plan = { ...planOf(), exporters: [part('out'), { ...part('kept'), queue: { limit: 10_000 } }] };
  const { read } = await rig(plan, { store: { ...empty, queues: async () => holdings } });
  const now = await read();
  expect(now.value('otelcol_exporter_queue_size', { exporter: 'kept' })).toBe(4096);
  expect(now.value('otelcol_exporter_queue_capacity', { exporter: 'kept' })).toBe(10_000);
  expect(now.value('otelcol_exporter_queue_size', { exporter: 'out' })).toBeUndefined();
  holdings.clear();
  expect((await read()).value('otelcol_exporter_queue_size', { exporter: 'kept' })).toBe(0);
});
