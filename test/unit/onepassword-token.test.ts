// A token of 1Password is asked what it may read and whose it is before a cursor is used, and leads to its host alone.
import { describe, expect, it } from 'vitest';
import { onepassword } from '../../receivers/onepassword/index.ts';
import { claimsOf, hostOf } from '../../receivers/onepassword/token.ts';
import type { Fetch, HttpSettings } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import type { Json } from '../../src/model.ts';
import { SECOND, type Secret, secret } from '../../src/options.ts';
import { testSecret } from '../support/conversation.ts';
import { ACCOUNT, collect, jwt, own, page, type Reply, START, scripted } from '../support/onepassword.ts';

describe('the token', () => {
  it('must have the feed: says what it has', async () => {
    const vendor = scripted([own(['signinattempts', 'itemusages'])]);
    await vendor.run();
    expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_TENANT', kind: 'denied' });
    expect(vendor.context.faults[0]!.fault.message).toContain('auditevents: it has only signinattempts, itemusages');
    expect(vendor.calls).toHaveLength(1); // nothing was asked of the feed
  });

  it('is read in the older shape, where the newer address is not there', async () => {
    const missing: Reply = { status: 404, body: { Error: { Message: 'not found' } } };
    const vendor = scripted([missing, { body: { UUID: 'X', IssuedAt: 'y', Features: ['itemusages'] } }]);
    await vendor.run();
    expect(vendor.paths()).toEqual(['/api/v2/auth/introspect', '/api/auth/introspect']);
    expect(vendor.context.faults[0]!.fault.message).toContain('only itemusages');
  });

  it('need not be introspected: two times 404 is no reason not to read', async () => {
    const missing: Reply = { status: 404, body: 'nothing here' };
    const vendor = scripted([missing, missing, page('c1', false, 'A'), page('c1', false)]);
    const { records } = await vendor.run({}, 2);
    expect(records).toHaveLength(1);
    expect(vendor.calls).toHaveLength(4); // asked once

    const claims = scripted([missing, missing]);
    await claims.run({ token: testSecret(jwt({ '1password.com/fts': ['itemusages'] })) });
    expect(claims.context.faults[0]!.fault.code).toBe('E_TENANT'); // its own claims say so
  });

  it.each([{ status: 401, message: 'Unauthorized access' }, { Error: { Message: 'Unauthorized access' } }])(
    'that is refused holds with the words of %j',
    async body => {
      const vendor = scripted([{ status: 401, body }]);
      await vendor.run();
      expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_HTTP_DENIED', status: 401 });
      expect(vendor.context.faults[0]!.fault.message).toContain('Unauthorized access');
    },
  );

  it('of another account never uses the cursor of the first, also when it is exchanged while we run', async () => {
    const name = 'TRIBUTARY_TEST_ROTATED';
    process.env[name] = 'first';
    const token: Secret = secret.env(name);
    const vendor = scripted([own(), page('c1', false, 'A')]);
    await vendor.run({ token });

    process.env[name] = 'second';
    vendor.add(own(['auditevents'], 'OTHER'));
    const { records } = await vendor.run({ token });
    expect(records).toEqual([]);
    expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_TENANT', kind: 'denied' });
    expect(vendor.context.faults[0]!.fault.message).toContain(ACCOUNT);
    expect(vendor.calls).toHaveLength(3); // the cursor was not sent

    process.env[name] = 'third'; // of the first account again
    vendor.add(own(), page('c2', false, 'B'));
    expect((await vendor.run({ token })).records.map(r => r.id)).toEqual(['B']);
    expect(vendor.bodies().at(-1)).toEqual({ cursor: 'c1' });
  });

  it('is asked about again when it was exchanged, and only then', async () => {
    const name = 'TRIBUTARY_TEST_ROTATED';
    process.env[name] = 'first';
    const vendor = scripted([own(), page('c1', true, 'A'), page('c2', true, 'B')]);
    const http = (settings: HttpSettings): Fetch => {
      const fetch = vendor.http(settings);
      return async (call, signal) => {
        const answer = await fetch(call, signal);
        if (JSON.stringify(call.body)?.includes('c1')) process.env[name] = 'second';
        return answer;
      };
    };
    vendor.add(own(['auditevents'], 'OTHER'));
    await collect(onepassword({ token: secret.env(name), feed: 'auditevents' }), vendor.context, http);
    expect(vendor.context.faults[0]!.fault.code).toBe('E_TENANT');
    expect(vendor.paths().filter(path => path.includes('introspect'))).toHaveLength(2);
  });

  it('must be of the account that the options name', async () => {
    const vendor = scripted([own(['auditevents'], 'OTHER')]);
    await vendor.run({ account: ACCOUNT });
    expect(vendor.context.faults[0]!.fault).toMatchObject({ code: 'E_TENANT' });
  });

  it('names its host, of the four that are documented', async () => {
    const host = (aud: Json) => hostOf(claimsOf(jwt({ aud })));
    expect(host(['events.1password.eu'])).toBe('https://events.1password.eu');
    expect(host(['https://events.ent.1password.com'])).toBe('https://events.ent.1password.com');
    expect(host('events.1password.ca')).toBe('https://events.1password.ca');
    expect(host(['com.1password.streamingservice'])).toBe('https://events.1password.com');
    expect(hostOf(claimsOf('no jwt'))).toBe('https://events.1password.com');
    for (const strange of [
      'events.1password.com.evil.example',
      'https://evil.example/events.1password.com',
      'http://events.1password.com',
    ])
      expect(() => host([strange])).toThrow(Fault);
  });

  it('leads there, and to nowhere else', async () => {
    const eu = scripted([own(), page('c1', false)]);
    await eu.run({ token: testSecret(jwt({ aud: ['events.1password.eu'] })) });
    expect(eu.settings.map(s => s.origin)).toEqual(['https://events.1password.eu']);

    const strange = scripted([]);
    await strange.run({ token: testSecret(jwt({ aud: ['evil.example'] })) });
    expect(strange.context.faults[0]!.fault.code).toBe('E_ORIGIN');
    expect(strange.calls).toEqual([]);

    const explicit = scripted([own(), page('c1', false)]);
    await explicit.run({ token: testSecret(jwt({ aud: ['evil.example'] })), baseUrl: 'https://proxy.example/1p' });
    expect(explicit.calls[1]!.url).toBe('https://proxy.example/1p/api/v2/auditevents');
  });

  it('says when it ends', async () => {
    const vendor = scripted([own(), page('c1', false)]);
    await vendor.run({ token: testSecret(jwt({ exp: 1_800_000_000 })) });
    const { auth } = vendor.settings[0]!;
    await auth!.headers(() => Promise.reject(new Error('nothing to send')), START, new AbortController().signal);
    expect(auth!.expires!()).toBe(1_800_000_000 * SECOND);
  });
});
