// What doctor makes of clocks, ends and retention, of the network's own words, and of what never comes back.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { bounded } from '../../src/cli/doctor/bound.ts';
import { diagnosisOf } from '../../src/cli/doctor/finding.ts';
import { lookAtLateness } from '../../src/cli/doctor/lateness.ts';
import type { Answer, Auth, Positions } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { identify } from '../../src/model.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/options.ts';
import type { ReceiverReading } from '../../src/runtime/ledger/ledger.ts';
import { type Api, defineHttpReceiver } from '../../src/source/http.ts';
import { expiry, skew } from '../../src/source/probe.ts';
import { type WindowAsk, type Windows, windows } from '../../src/source/windows.ts';
import { testContext } from '../support/context.ts';

const NOW = Date.UTC(2026, 0, 15, 12);

test.each([
  ['none is told', Number.NaN, []],
  ['the same', NOW - 900, ["ok: our clock and the vendor's differ by 1 s"]],
  ['ahead', NOW - HOUR, ["warning: our clock is 1h ahead of the vendor's"]],
  ['behind', NOW + 90 * SECOND, ["warning: our clock is 90s behind the vendor's"]],
])('clocks: %s', (_, theirs, words) => {
  expect(skew(theirs, NOW).map(({ severity, what }) => `${severity}: ${what}`)).toEqual(words);
});

test.each([
  ['does not say', undefined, []],
  ['in a year', NOW + 365 * DAY, ['ok']],
  ['in a week', NOW + 7 * DAY, ['warning']],
  ['over', NOW, ['problem']],
])('a credential whose end is %s', (_, ends, severities) => {
  expect(expiry(ends, NOW).map(({ severity }) => severity)).toEqual(severities);
});

describe('a vendor that is asked', () => {
  const walk = windows({
    since: now => now - 100 * DAY,
    span: DAY,
    settle: 0,
    overlap: 0,
    behind: Infinity,
    keeps: 90 * DAY,
  });
  const probed = async (more: Partial<Api<Windows, WindowAsk>> = {}, from?: number, answer: Partial<Answer> = {}) => {
    const context = testContext({
      fetch: async () => ({ status: 200, headers: {}, date: NOW, text: '{"items":[{}]}', ...answer }),
    });
    const receiver = defineHttpReceiver({
      type: 'sim',
      options: z.object({}),
      repeats: () => 0,
      page: z.object({ items: z.array(z.unknown()) }),
      items: page => page.items,
      lead: () => ({ next: null }),
      identify: () => ({}),
      ocsf: { describe: () => Object.assign({}), read: () => [] },
      api: () => ({
        base: 'https://sim.example',
        every: MINUTE,
        auth: { credential: '', headers: async () => ({}), refused: () => false },
        walk,
        request: ({ from }) => ({ path: '/events', query: { from } }),
        ...more,
      }),
    })({}).create(context, {});
    if (from !== undefined) {
      const position = { shape: 'windows/1', at: walk.start(from + 100 * DAY), owner: 'acme' };
      context.commit([
        {
          kind: 'move',
          receiver: 'test',
          identity: identify(receiver.origin),
          move: { after: 0, position, low: from, date: NOW },
        },
      ]);
    }
    return receiver.probe!(new AbortController().signal);
  };
  const ending = (auth: Partial<Auth>): Partial<Api<Windows, WindowAsk>> => ({
    auth: { credential: '', headers: async () => ({}), refused: () => false, expires: () => NOW + HOUR, ...auth },
  });
  const owner = async () => 'acme';

  test('a page, and a beginning before what it keeps', async () => {
    expect(await probed()).toEqual([
      { severity: 'ok', what: 'GET /events: answered in 0 ms, with 1 records' },
      {
        severity: 'warning',
        what: 'it would begin at 2025-10-07T12:00:00.000Z, but the vendor keeps 90d: what is older comes as a gap',
        remedy: expect.stringContaining('Set `since`'),
      },
    ]);
  });

  test('one that stands where nothing is kept any more; one that does not', async () => {
    expect((await probed({ owner }, NOW - 91 * DAY)).at(-1)).toMatchObject({
      severity: 'problem',
      what: expect.stringContaining('is lost, or will be'),
    });
    expect((await probed({ owner }, NOW - DAY)).at(-1)).toMatchObject({ severity: 'ok' });
  });

  test('the credential of another account; what the vendor says of the right one', async () => {
    await expect(probed({ owner: async () => 'initech' }, NOW - DAY)).rejects.toMatchObject({ code: 'E_TENANT' });
    const probe = async () => [{ severity: 'ok' as const, what: 'the token has: all' }];
    const said = await probed({ owner, probe }, NOW - DAY);
    expect(said.map(({ what }) => what)).toContain('the credential reads the account acme');
    expect(said.map(({ what }) => what)).toContain('the token has: all');
  });

  test('an end is told, but not of a token that is renewed by itself', async () => {
    const words = (said: readonly { readonly what: string }[]) => said.map(({ what }) => what).join('\n');
    expect(words(await probed(ending({})))).toContain('the credential ends at 2026-01-15T13:00:00.000Z');
    expect(words(await probed(ending({ renews: true })))).not.toContain('the credential ends');
  });

  test('what is no page, and what has nothing due yet', async () => {
    await expect(probed({}, undefined, { text: '<html>' })).rejects.toMatchObject({ code: 'E_PAGE_SYNTAX' });
    expect((await probed({}, NOW))[0]).toMatchObject({ what: expect.stringContaining('answered') });
  });
});

describe('lateness', () => {
  const said = (lateness: readonly number[], overlap: number | undefined) =>
    lookAtLateness(
      { receivers: [{ receiver: 'opal', lateness } as ReceiverReading] },
      { receivers: [{ name: 'opal', type: 'opal', routes: [], positions: { overlap } as Positions }] },
    );

  test('seen later than it reads back: a longer overlap', () => {
    expect(said([1900, 0, 0, 0, 100], 5 * MINUTE)).toEqual([
      {
        place: 'receivers.opal',
        severity: 'warning',
        what: 'of 2,000 new records 100 appeared later than the 5m that it reads back: the sweep found them',
        remedy: "Set `overlap: '10m'`, so that they come at once.",
      },
    ]);
  });

  test('within it; too few to say; a receiver that does not read back', () => {
    expect(said([1900, 100], 5 * MINUTE)).toMatchObject([
      { severity: 'ok', what: 'of 2,000 new records 99.9 % appeared within 2m; it reads 5m back' },
    ]);
    expect(said([9], 5 * MINUTE)).toEqual([]);
    expect(said([1900, 100], undefined)).toEqual([]);
  });
});

test.each([
  ['E_NETWORK', 'getaddrinfo ENOTFOUND api.example', 'DNS does not know the name'],
  ['E_NETWORK', 'connect ECONNREFUSED 127.0.0.1:9', 'Nobody listens there'],
  ['E_NETWORK', 'connect ETIMEDOUT', 'There is no way there'],
  ['E_NETWORK', 'Proxy response (407) !== 200 when HTTP Tunneling', 'The proxy does not let this through'],
  ['E_TLS', 'CERT_HAS_EXPIRED', 'out of date'],
  ['E_TLS', 'ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match', 'for another name'],
  ['E_TLS', 'ERR_SSL_WRONG_VERSION_NUMBER', 'does not speak TLS at that port'],
  ['E_TLS', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'set `tls.ca`'],
  ['E_NETWORK', 'something else', 'Check the address, DNS, proxy and firewall'],
  ['E_HTTP_DENIED', '401: the proxy says no', 'Check the credential'],
] as const)('%s: %s', (code, words, remedy) => {
  expect(diagnosisOf(new Fault(code, words))).toEqual({
    severity: 'problem',
    what: `${words} [${code}]`,
    remedy: expect.stringContaining(remedy),
  });
});

test('what never comes back is a finding, and is told to stop; what throws is one, too', {
  timeout: 10_000,
}, async () => {
  let told: AbortSignal | undefined;
  const endless = await bounded(signal => {
    told = signal;
    return new Promise(() => {});
  }, 5);
  expect(endless).toMatchObject([{ severity: 'problem', what: 'no answer within 0.005 s' }]);
  expect(told?.aborted).toBe(true);
  expect(await bounded(async () => Promise.reject(new Error('oh no')))).toMatchObject([
    { severity: 'problem', what: 'oh no [E_DEFECT]' },
  ]);
});
