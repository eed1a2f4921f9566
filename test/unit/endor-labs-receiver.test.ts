// The Endor Labs receiver over loopback: it reads all that the vendor has, and says what it cannot read and why.
import { afterEach, describe, expect, it } from 'vitest';
import { endorLabs } from '../../receivers/endor-labs/index.ts';
import { type Moods, moody } from '../../receivers/endor-labs/simulator.ts';
import type { Batch } from '../../src/model.ts';
import { DAY, MINUTE, SECOND, secret } from '../../src/options.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { httpClients } from '../../src/runtime/http/fetch.ts';
import type { FaultScript } from '../../src/simulation/faults.ts';
import { type VirtualClock, virtualClock } from '../support/clock.ts';
import { testContext } from '../support/context.ts';
import { drain } from '../support/endor-labs.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const idsOf = (batches: readonly Batch[]): readonly string[] =>
  [...new Set(batches.flatMap(b => b.records.map(r => r.id)))].sort();

/** The vendor over loopback, and a context whose HTTP client is the engine's own. */
const vendor = async (
  moods: Moods & { events?: number; live?: number; faults?: FaultScript; clock?: VirtualClock } = {},
) => {
  const clock = moods.clock ?? virtualClock();
  const simulation = await moody(moods).start({
    events: moods.events ?? 400,
    live: moods.live,
    seed: 7,
    now: clock.now,
    faults: moods.faults,
  });
  const clients = httpClients({ clock, budgets: budgets(clock), folder: '/' });
  ends.push(clients.close, simulation.close);
  const context = { ...testContext({ clock }), http: clients.open };
  const { apiKey, apiSecret } = simulation.credentials;
  process.env.ENDOR_KEY = apiKey;
  process.env.ENDOR_SECRET = apiSecret;
  const usual = {
    apiKey: secret.env('ENDOR_KEY'),
    apiSecret: secret.env('ENDOR_SECRET'),
    namespace: 'acme',
    baseUrl: simulation.url,
    since: '35d',
    traverse: true,
    settle: '1s',
  } as const;
  return { clock, simulation, context, usual };
};

describe('all that the vendor has', () => {
  it.each([
    ['page ids', {}],
    ['page tokens', { paging: 'token' }],
  ] as const)('is read from both logs, live and archived, by %s', async (_, moods) => {
    const { simulation, context, usual } = await vendor(moods);
    const audit = await drain(endorLabs({ ...usual, log: 'audit-logs', pageSize: 7 }), context);
    const logins = await drain(endorLabs({ ...usual, log: 'authentication-logs' }), context);
    const { endorAudit, endorLogins } = simulation.ids();
    expect(idsOf(audit)).toEqual([...endorAudit!].sort());
    expect(idsOf(logins)).toEqual([...endorLogins!].sort());
    expect(endorLogins!.length).toBeGreaterThan(50);
    expect(context.faults).toEqual([]);
  });

  it.each([{ archiveForm: 'path' }, { sort: 'none' }] as const)('is read with %o, too', async form => {
    const { simulation, context, usual } = await vendor();
    const batches = await drain(endorLabs({ ...usual, ...form, log: 'audit-logs', pageSize: 20 }), context);
    expect(idsOf(batches)).toEqual([...simulation.ids().endorAudit!].sort());
  });

  it('is what the simulator offers to the demo', async () => {
    const { simulation, context } = await vendor();
    const specs = simulation.receivers(option => secret.env(option === 'apiKey' ? 'ENDOR_KEY' : 'ENDOR_SECRET'));
    for (const [name, spec] of Object.entries(specs))
      expect(idsOf(await drain(spec, context)), name).toEqual([...simulation.ids()[name]!].sort());
  });

  it('is read while more of it comes, late and out of order', async () => {
    const { simulation, context, usual } = await vendor({ events: 40, live: 0.5 });
    const batches = await drain(endorLabs({ ...usual, since: '36d', log: 'audit-logs' }), context, 12);
    const [read, there] = [new Set(idsOf(batches)), simulation.ids().endorAudit!];
    const unread = there.filter(id => !read.has(id));
    expect(read.size).toBeGreaterThan(150); // 40 of history, and most of half a one a second for eleven minutes
    expect([...read].filter(id => !there.includes(id))).toEqual([]);
    expect(unread.filter(id => !there.slice(-40).includes(id))).toEqual([]); // only what the last poll was too early for
  });

  it('comes with its own id, time and words', async () => {
    const { context, usual } = await vendor({ events: 20 });
    const [record] = (await drain(endorLabs({ ...usual, log: 'audit-logs' }), context)).flatMap(b => b.records);
    const raw = record!.raw as { uuid: string; meta: { create_time: string } };
    expect(record).toMatchObject({ id: raw.uuid, origin: { type: 'endor-labs', tenant: 'acme', feed: 'audit-logs' } });
    expect(record!.time[1]).toBe(Number(`${raw.meta.create_time.slice(20, 26)}000`));
    expect(record!.guessed).toBeUndefined();
  });
});

describe('what is not read', () => {
  it('are kinds that are excluded, at the source', async () => {
    const { simulation, context, usual } = await vendor();
    const all = await drain(endorLabs({ ...usual, log: 'audit-logs' }), context);
    const { context: other, usual: again } = await vendor();
    const quiet = await drain(
      endorLabs({ ...again, log: 'audit-logs', exclude: ['UITelemetry', 'internal.endor.ai.endor.v1.UserTelemetry'] }),
      other,
    );
    const noise = (b: readonly Batch[]) =>
      b.flatMap(x => x.records).filter(r => /Telemetry/.test(JSON.stringify(r.raw))).length;
    expect(noise(all)).toBeGreaterThan(20);
    expect(noise(quiet)).toBe(0);
    expect(idsOf(quiet).length).toBeLessThan(simulation.ids().endorAudit!.length);
  });

  it('are child namespaces, unless asked for', async () => {
    const { context, usual } = await vendor();
    const batches = await drain(endorLabs({ ...usual, traverse: false, log: 'audit-logs' }), context);
    const namespaces = new Set(
      batches.flatMap(b => b.records.map(r => (r.raw as { tenant_meta: { namespace: string } }).tenant_meta.namespace)),
    );
    expect([...namespaces]).toEqual(['acme']);
  });

  it('is history that is gone: a gap with a name, told once', async () => {
    const { context, usual } = await vendor();
    const batches = await drain(endorLabs({ ...usual, log: 'audit-logs', archive: false }), context);
    const gaps = batches.flatMap(b => b.gap ?? []);
    expect(gaps).toHaveLength(1);
    expect(Math.round((gaps[0]!.to - gaps[0]!.from) / DAY)).toBe(5);
    expect(context.lines.filter(l => l.level === 'warn').map(l => l.message)).toEqual([
      expect.stringMatching(/^gap: /),
    ]);
    const oldest = Math.min(...batches.flatMap(b => b.records.map(r => r.time[0] * SECOND)));
    expect(oldest).toBeGreaterThanOrEqual(gaps[0]!.to - SECOND);
  });
});

describe('a deadline', () => {
  it('shrinks the window until the vendor keeps it, and nothing is missed', async () => {
    const { simulation, context, usual } = await vendor({ patience: 3 * 60 * MINUTE, days: 3, events: 200 });
    const batches = await drain(endorLabs({ ...usual, since: '4d', log: 'audit-logs', pageSize: 9 }), context);
    expect(idsOf(batches)).toEqual([...simulation.ids().endorAudit!].sort());
    expect(context.faults.map(f => f.fault.status)).toContain(504);
    expect(context.faults[0]!.fault.message).toContain('context deadline exceeded');
  });

  it('that comes once is taken for a mood: the same is asked again', async () => {
    const faults: FaultScript = [{ rate: 1, path: 'audit-logs', after: 1, times: 1, do: { status: 504 } }];
    const { context, usual } = await vendor({ faults });
    const batches = await drain(endorLabs({ ...usual, log: 'audit-logs' }), context);
    expect(context.faults).toHaveLength(1);
    expect(JSON.stringify(batches.map(b => b.move?.position))).not.toContain('slice');
  });

  it('is never answered with a window below a minute', async () => {
    const { context, usual } = await vendor({ patience: 1, days: 1, events: 5 });
    await expect(drain(endorLabs({ ...usual, since: '1h', log: 'audit-logs' }), context)).rejects.toMatchObject({
      status: 504,
    });
    const asked = context.lines.map(l => l.fields).filter(f => 'ask' in f) as { ask: { from: number; to: number } }[];
    expect(asked.length).toBeGreaterThan(3);
    for (const { ask } of asked) expect(ask.to - ask.from).toBeGreaterThan(MINUTE);
  });
});

describe('the credential', () => {
  it('is replaced before it ends: the vendor never has to refuse it', async () => {
    const { simulation, context, usual } = await vendor({ tokenLife: 12 * MINUTE });
    await drain(endorLabs({ ...usual, log: 'audit-logs' }), context, 60);
    expect(simulation.requests()['401']).toBeUndefined();
    expect(context.faults).toEqual([]);
  });

  it('is exchanged once more when it is refused', async () => {
    const faults: FaultScript = [{ rate: 1, path: 'audit-logs', after: 3, times: 1, do: { status: 401 } }];
    const { simulation, context, usual } = await vendor({ faults });
    const batches = await drain(endorLabs({ ...usual, log: 'audit-logs' }), context);
    expect(idsOf(batches)).toEqual([...simulation.ids().endorAudit!].sort());
    expect(simulation.requests()['401']).toBe(1);
    expect(context.faults).toEqual([]);
  });

  it('that is wrong is held and said, without the secret', async () => {
    const { context, usual } = await vendor();
    process.env.ENDOR_SECRET = 'endr+wrong-secret';
    const held = drain(endorLabs({ ...usual, log: 'audit-logs' }), context);
    await expect(held).rejects.toMatchObject({ code: 'E_HTTP_DENIED', kind: 'denied', status: 401 });
    const said = JSON.stringify([context.lines, context.faults.map(f => f.fault.message)]);
    expect(said).toContain('invalid API key or secret');
    expect(said).not.toContain('wrong-secret');
    expect(said).not.toContain(process.env.ENDOR_KEY);
  });

  it('for another namespace is denied in the words of the vendor', async () => {
    const { context, usual } = await vendor();
    const held = drain(endorLabs({ ...usual, namespace: 'other', log: 'audit-logs' }), context);
    await expect(held).rejects.toMatchObject({
      code: 'E_HTTP_DENIED',
      status: 403,
      message: expect.stringContaining('permission denied'),
    });
  });
});
