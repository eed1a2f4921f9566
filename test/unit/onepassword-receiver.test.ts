// What 1Password's receiver asks and in which order, and what it does when its cursor is refused.
import { describe, expect, it } from 'vitest';
import { onepassword } from '../../receivers/onepassword/index.ts';
import { DAY } from '../../src/options.ts';
import { testSecret } from '../support/conversation.ts';
import { own, page, type Reply, START, scripted } from '../support/onepassword.ts';

describe('what is asked', () => {
  it('begins with a limit and a start, goes on with the cursor alone, and keeps the last one for ever', async () => {
    const vendor = scripted([
      own(),
      page('c1', true, 'A', 'B'),
      page('c2', true),
      page('c3', false, 'C'),
      page('c3', false),
    ]);
    const { records } = await vendor.run({}, 2);
    expect(vendor.paths()).toEqual(['/api/v2/auth/introspect', ...Array(4).fill('/api/v2/auditevents')]);
    expect(vendor.bodies()).toEqual([
      undefined,
      { limit: 1000, start_time: new Date(START - 119 * DAY).toISOString() },
      { cursor: 'c1' },
      { cursor: 'c2' }, // the page before was empty
      { cursor: 'c3' }, // after a rest
    ]);
    expect(vendor.calls.slice(1).every(call => call.method === 'POST')).toBe(true);
    expect(records.map(r => r.id)).toEqual(['A', 'B', 'C']);
    expect(records[0]!.time[1]).toBe(123_456_789);

    vendor.add(own(), page('c3', false)); // another start of the program
    await vendor.run();
    expect(vendor.bodies().at(-1)).toEqual({ cursor: 'c3' });
  });

  it('takes what the options say', async () => {
    const vendor = scripted([own(['itemusages']), page('c1', false)]);
    await vendor.run({
      feed: 'itemusages',
      pageSize: 5,
      since: '2026-01-10T00:00:00Z',
      apiVersion: 'v1',
      baseUrl: 'https://events.1password.ca',
    });
    expect(vendor.calls[1]).toMatchObject({
      url: 'https://events.1password.ca/api/v1/itemusages',
      body: { limit: 5, start_time: '2026-01-10T00:00:00.000Z' },
    });
    expect(vendor.settings[0]).toMatchObject({
      origin: 'https://events.1password.ca',
      rates: [
        { requests: 600, per: 60_000 },
        { requests: 30_000, per: 3_600_000 },
      ],
    });
  });

  it.each([
    [{ feed: 'logins' }, 'feed'],
    [{ pageSize: 1001 }, 'pageSize'],
    [{ pageSize: 0 }, 'pageSize'],
    [{ baseUrl: 'http://events.1password.com' }, 'https'],
    [{ sinse: '1d' }, 'sinse'],
    [{ token: 'eyJ...' }, 'secret.env'],
  ])('refuses %j', async (options, words) => {
    const spec = onepassword({ token: testSecret('plain'), feed: 'auditevents', ...(options as object) });
    const { issues } = await spec.schema['~standard'].validate(spec.options);
    expect(JSON.stringify(issues)).toContain(words);
  });

  it('never lets an empty cursor begin the stream anew', async () => {
    const later = scripted([own(), page('c1', false, 'A'), page('', false), page('c1', false)]);
    await later.run({}, 3);
    expect(later.bodies().slice(-2)).toEqual([{ cursor: 'c1' }, { cursor: 'c1' }]);

    const stuck = scripted([own(), page('c1', true, 'A'), page('', true, 'B')]);
    expect((await stuck.run()).records.map(r => r.id)).toEqual(['A']); // B is asked for again, not lost
    expect(stuck.context.faults[0]!.fault.code).toBe('E_WALK_STUCK');

    const first = scripted([own(), page('', false, 'A')]);
    expect((await first.run()).records).toEqual([]);
    expect(first.context.faults[0]!.fault).toMatchObject({ code: 'E_PAGE_SHAPE', kind: 'denied' });
  });

  it('says which span the vendor no longer keeps', async () => {
    const vendor = scripted([own(), page('c1', true, 'A'), page('c2', false, 'B')]);
    const { batches } = await vendor.run({ since: '200d' });
    expect(batches.map(batch => batch.gap)).toEqual([
      undefined,
      { from: START - 200 * DAY, to: START - 120 * DAY },
      undefined,
    ]);
  });
});

describe('a refused cursor', () => {
  const refused: Reply = { status: 400, body: { status: 400, message: 'Invalid cursor' } };
  const lost = [own(), page('c1', false, 'A'), refused];

  it('holds, and says what the vendor said', async () => {
    const vendor = scripted(lost);
    await vendor.run({}, 2);
    expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_CURSOR_LOST', kind: 'denied' });
    expect(vendor.context.faults[0]!.fault.message).toContain('Invalid cursor');
  });

  it('where that is wanted, reads again from a day before the last time all was read, and promises no less', async () => {
    const vendor = scripted([...lost, page('d1', false, 'A', 'B')]);
    const { batches } = await vendor.run({ onCursorLost: 'reseed' }, 2);
    const end = batches[1]!.move!.date; // the first rest
    expect(vendor.bodies().at(-1)).toEqual({ limit: 1000, start_time: new Date(end - DAY).toISOString() });
    expect(batches.every((batch, i) => i === 0 || batch.move!.low <= end - DAY || batch.move!.date > end)).toBe(true);
    expect(onepassword({ token: testSecret('x'), feed: 'auditevents' }).repeats?.({ onCursorLost: 'reseed' })).toBe(
      DAY,
    );
  });

  it('holds when the cursor that came of reading again is refused at the same place', async () => {
    const vendor = scripted([...lost, page('d1', true, 'A'), refused]);
    await vendor.run({ onCursorLost: 'reseed' }, 2);
    expect(vendor.context.faults[0]!.fault.code).toBe('E_CURSOR_LOST');
  });
});
