// Credentials: how they travel, when they are renewed, and that nothing says them aloud.
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Answer, Call, Fetch } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { HOUR, MINUTE, secret } from '../../src/options.ts';
import { basic, bearer, exchange, header } from '../../src/source/auth.ts';
import { ever, faultFrom } from '../support/loopback.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const none: Fetch = () => Promise.reject(new Error('this credential needs no request'));

beforeEach(() => {
  process.env.T_KEY = 'key-7c1f';
  process.env.T_SECRET = 'secret-93be';
});
afterEach(() => {
  delete process.env.T_KEY;
  delete process.env.T_SECRET;
});

const key = secret.env('T_KEY');
const password = secret.env('T_SECRET');
const jwt = (claims: unknown) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;

describe('fixed credentials', () => {
  it('travel as their schemes say', async () => {
    expect(await bearer(key).headers(none, NOW, ever())).toEqual({ authorization: 'Bearer key-7c1f' });
    expect(await header('X-Api-Key', key).headers(none, NOW, ever())).toEqual({ 'x-api-key': 'key-7c1f' });
    const { authorization = '' } = await basic('alice', password).headers(none, NOW, ever());
    expect(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()).toBe('alice:secret-93be');
  });

  it('are known by reference, and are not asked for again when refused', () => {
    expect(basic(key, password).credential).toBe('env:T_KEY env:T_SECRET');
    expect(bearer(key).refused()).toBe(false);
  });

  it('say when they end, if they are a JWT that does', async () => {
    const ends = async (token: string) => {
      process.env.T_KEY = token;
      const auth = bearer(key);
      await auth.headers(none, NOW, ever());
      return auth.expires?.();
    };
    expect(await ends(jwt({ exp: 1_800_000_000 }))).toBe(1_800_000_000_000);
    for (const odd of [jwt({}), jwt({ exp: 'soon' }), jwt(null), jwt([1]), 'opaque', 'a.b.c', 'a.', '..'])
      expect(await ends(odd)).toBeUndefined();
  });
});

interface Vendor {
  readonly send: Fetch;
  readonly calls: Call[];
}

/** Hands out t1, t2, … with what else it says. */
const vendor = (said: (n: number) => object = () => ({}), date = NOW): Vendor => {
  const calls: Call[] = [];
  const send: Fetch = async call => {
    const n = calls.push(call);
    return answer(JSON.stringify({ token: `t${n}`, ...said(n) }), date);
  };
  return { send, calls };
};

const answer = (text: string, date = NOW): Answer => ({ status: 200, headers: {}, date, text });
const trade = (margin?: number) =>
  exchange({
    url: 'https://v.example/auth',
    secrets: { key, secret: password },
    ...(margin !== undefined && { margin }),
  });
const inAnHour = () => ({ expiration_time: new Date(NOW + HOUR).toISOString() });

describe('an exchange', () => {
  it('posts the secrets, and keeps the token until shortly before its end', async () => {
    const { send, calls } = vendor(inAnHour);
    const auth = trade(10 * MINUTE);
    expect(await auth.headers(send, NOW, ever())).toEqual({ authorization: 'Bearer t1' });
    expect(calls[0]).toEqual({
      method: 'POST',
      url: 'https://v.example/auth',
      body: { key: 'key-7c1f', secret: 'secret-93be' },
    });
    expect(auth.expires?.()).toBe(NOW + HOUR);
    expect(await auth.headers(send, NOW + 50 * MINUTE - 1, ever())).toEqual({ authorization: 'Bearer t1' });
    expect(await auth.headers(send, NOW + 50 * MINUTE, ever())).toEqual({ authorization: 'Bearer t2' });
  });

  it('counts from the date of the vendor, so that a wrong clock of ours does not matter', async () => {
    const { send, calls } = vendor(inAnHour);
    const auth = trade(10 * MINUTE);
    const ours = NOW + 3 * HOUR;
    await auth.headers(send, ours, ever());
    await auth.headers(send, ours + 49 * MINUTE, ever());
    expect(calls).toHaveLength(1);
  });

  it('uses a short-lived token for half its life, whatever the margin', async () => {
    const { send, calls } = vendor(() => ({ expiration_time: new Date(NOW + MINUTE).toISOString() }));
    const auth = trade(30 * MINUTE);
    await auth.headers(send, NOW, ever());
    await auth.headers(send, NOW + MINUTE / 2 - 1, ever());
    expect(calls).toHaveLength(1);
    await auth.headers(send, NOW + MINUTE / 2, ever());
    expect(calls).toHaveLength(2);
  });

  it('uses a token that does not say when it ends until it is refused', async () => {
    const { send, calls } = vendor();
    const auth = trade();
    await auth.headers(send, NOW, ever());
    const sent = await auth.headers(send, NOW + 1000 * HOUR, ever());
    expect(calls).toHaveLength(1);
    expect(auth.refused(sent)).toBe(true);
    expect(await auth.headers(send, NOW, ever())).toEqual({ authorization: 'Bearer t2' });
  });

  it('does not ask again for a token that was refused at its first use', async () => {
    const { send } = vendor();
    const auth = trade();
    const sent = await auth.headers(send, NOW, ever());
    expect(auth.refused(sent)).toBe(false);
    expect(await auth.headers(send, NOW, ever())).toEqual({ authorization: 'Bearer t2' }); // later, when held
  });

  it('keeps the new token when the old one is refused late', async () => {
    const { send, calls } = vendor();
    const auth = trade();
    const old = await auth.headers(send, NOW, ever());
    await auth.headers(send, NOW, ever());
    expect(auth.refused(old)).toBe(true);
    await auth.headers(send, NOW, ever());
    expect(auth.refused(old)).toBe(true);
    expect(await auth.headers(send, NOW, ever())).toEqual({ authorization: 'Bearer t2' });
    expect(calls).toHaveLength(2);
  });

  it('is made once for all who need it at the same time', async () => {
    const { send, calls } = vendor(inAnHour);
    const auth = trade();
    const all = await Promise.all([1, 2, 3].map(() => auth.headers(send, NOW, ever())));
    expect(calls).toHaveLength(1);
    expect(all).toEqual([1, 2, 3].map(() => ({ authorization: 'Bearer t1' })));
  });

  it('does not fail those who share it when the one who made it goes away', async () => {
    const leaving = new AbortController();
    const asked = Promise.withResolvers<void>();
    let made = 0;
    const send: Fetch = (_, signal) => {
      if (++made > 1) return Promise.resolve(answer('{"token":"t"}'));
      asked.resolve();
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    const auth = trade();
    const first = auth.headers(send, NOW, leaving.signal);
    const second = auth.headers(send, NOW, ever());
    await asked.promise;
    leaving.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(await second).toEqual({ authorization: 'Bearer t' });
  });

  it('does not keep one who goes away waiting for the one who made it', async () => {
    const leaving = new AbortController();
    const slow = Promise.withResolvers<Answer>();
    const auth = trade();
    const first = auth.headers(() => slow.promise, NOW, ever());
    const second = auth.headers(none, NOW, leaving.signal);
    leaving.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    slow.resolve(answer('{"token":"t"}'));
    expect(await first).toEqual({ authorization: 'Bearer t' });
  });

  it('takes body and reading of the vendor', async () => {
    const calls: Call[] = [];
    const auth = exchange({
      url: 'https://v.example/oauth',
      secrets: { id: key },
      body: ({ id }) => ({ client: id ?? '' }),
      read: () => ({ token: 'x', life: HOUR }),
    });
    const send: Fetch = async call => {
      calls.push(call);
      return answer('{}');
    };
    expect(await auth.headers(send, NOW, ever())).toEqual({ authorization: 'Bearer x' });
    expect(calls[0]?.body).toEqual({ client: 'key-7c1f' });
    expect(auth.expires?.()).toBe(NOW + HOUR);
  });

  it('is about the credential when refused: denied, never the fault of a page', async () => {
    const refuse = (fault: Fault) => faultFrom(trade().headers(() => Promise.reject(fault), NOW, ever()));
    const bad = await refuse(new Fault('E_HTTP_REQUEST', '400: no such key', { status: 400 }));
    expect(bad).toMatchObject({ kind: 'denied', status: 400 });
    expect(bad.message).toContain('400: no such key');
    const busy = await refuse(new Fault('E_HTTP_LIMIT', '429', { status: 429, retryAfter: 9000 }));
    expect(busy).toMatchObject({ kind: 'transient', retryAfter: 9000 });
  });

  it('says nothing of an answer that it cannot read, which may hold a token', async () => {
    for (const text of ['{"tokn":"t-5533"}', '"t-5533', '["t-5533"]', 'null', '{"token":5533}']) {
      const fault = await faultFrom(trade().headers(async () => answer(text), NOW, ever()));
      expect(fault.kind).toBe('denied');
      expect(inspect(fault, { depth: 9 })).not.toMatch(/5533|key-7c1f|secret-93be/);
    }
  });
});
