// The one table from a status to what is done about it.
import { describe, expect, it } from 'vitest';
import { MINUTE, SECOND } from '../../src/options.ts';
import { faultOf, quotaOf, retryAfter } from '../../src/runtime/http/status.ts';
import { hide } from '../../src/secrets.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const at = (ms: number) => new Date(ms).toUTCString();

describe('a status', () => {
  const table: readonly (readonly [string, string, readonly number[]])[] = [
    ['E_HTTP_REDIRECT', 'denied', [300, 301, 302, 303, 304, 307, 308]],
    ['E_HTTP_REQUEST', 'rejected', [400, 406, 409, 410, 413, 415, 418, 422, 431]],
    ['E_HTTP_DENIED', 'denied', [401, 402, 403, 404, 405, 407]],
    ['E_TIMEOUT', 'transient', [408]],
    ['E_HTTP_LIMIT', 'transient', [429]],
    ['E_HTTP_SERVER', 'transient', [425, 500, 502, 503, 504, 520, 599]],
    ['E_HTTP_SERVER', 'denied', [501]],
  ];
  for (const [code, kind, statuses] of table)
    it(`${code}, ${kind}: ${statuses.join(' ')}`, () => {
      for (const status of statuses) expect(faultOf(status, {}, '', NOW)).toMatchObject({ code, kind, status });
    });

  it('below 300 is none', () => {
    for (const status of [200, 201, 202, 204, 206]) expect(faultOf(status, {}, '', NOW)).toBeUndefined();
  });
});

describe('a wait', () => {
  it('is read as seconds', () => {
    expect(faultOf(429, { 'retry-after': '30' }, '', NOW)?.retryAfter).toBe(30 * SECOND);
    expect(faultOf(503, { 'retry-after': ' 5 ' }, '', NOW)?.retryAfter).toBe(5 * SECOND);
  });

  it('is read as a date, by the clock of whoever wrote it', () => {
    const theirs = NOW + 3600 * SECOND;
    expect(retryAfter({ 'retry-after': at(theirs + 90 * SECOND), date: at(theirs) }, NOW)).toBe(90 * SECOND);
    expect(retryAfter({ 'retry-after': at(NOW + MINUTE) }, NOW)).toBe(MINUTE);
    expect(retryAfter({ 'retry-after': at(NOW - MINUTE) }, NOW)).toBe(0);
  });

  it('is nothing where there is none, or none that can be read', () => {
    for (const text of ['', 'soon', '-5', '1 h']) expect(retryAfter({ 'retry-after': text }, NOW)).toBeUndefined();
    expect(faultOf(429, {}, '', NOW)?.retryAfter).toBeUndefined();
    expect(faultOf(400, { 'retry-after': '5' }, '', NOW)?.retryAfter).toBeUndefined();
  });

  it('comes from the reset of the quota, after 429 only, in any unit', () => {
    const wait = (status: number, reset: string) =>
      faultOf(status, { 'x-ratelimit-reset': reset }, '', NOW)?.retryAfter;
    expect(wait(429, '12')).toBe(12 * SECOND);
    expect(wait(429, String(NOW / SECOND + 12))).toBe(12 * SECOND);
    expect(wait(429, String(NOW + 12 * SECOND))).toBe(12 * SECOND);
    expect(wait(429, '0')).toBe(0);
    expect(wait(500, '12')).toBeUndefined();
    expect(faultOf(429, { 'ratelimit-reset': '9' }, '', NOW)?.retryAfter).toBe(9 * SECOND);
    expect(faultOf(429, { 'retry-after': '2', 'ratelimit-reset': '9' }, '', NOW)?.retryAfter).toBe(2 * SECOND);
  });

  it('has a quota beside it', () => {
    expect(quotaOf({ 'ratelimit-remaining': '7', 'ratelimit-reset': '9' }, NOW)).toEqual({ remaining: 7, reset: 9000 });
    expect(quotaOf({ 'x-ratelimit-remaining': '0' }, NOW)).toEqual({ remaining: 0 });
    expect(quotaOf({ 'ratelimit-remaining': 'many' }, NOW)).toEqual({});
  });
});

describe('the words of the vendor', () => {
  const said = (body: string) => faultOf(400, {}, body, NOW, { where: 'GET https://v.example/x' })?.message;
  const start = 'GET https://v.example/x: 400 Bad Request';

  it('are found in every shape that is known', () => {
    for (const body of [
      { message: 'no such cursor' },
      { Error: { Message: 'no such cursor' } },
      { error: 'no such cursor' },
      { error: { message: 'no such cursor' } },
      { code: 3, message: 'no such cursor', details: [] },
      { errors: [{ detail: 'no such cursor' }] },
    ])
      expect(said(JSON.stringify(body))).toBe(`${start}: no such cursor`);
  });

  it('are the beginning of the text otherwise, on one line', () => {
    expect(said('<html>\r\n\t<h1>Bad\u0007</h1>\u001b[31m')).toBe(`${start}: <html> <h1>Bad </h1> [31m`);
    expect(said('x'.repeat(9000))).toBe(`${start}: ${'x'.repeat(200)}`);
    expect(said('{"odd":true}')).toBe(`${start}: {"odd":true}`);
    expect(said('')).toBe(start);
  });

  it('may be a joke: nested too deep to be a message', () => {
    for (const depth of [10, 5000]) {
      const deep = `${'{"error":'.repeat(depth)}"x"${'}'.repeat(depth)}`;
      expect(said(deep)?.startsWith(`${start}: {"error":`)).toBe(true);
    }
  });

  it('never name more of a target than its origin', () => {
    const message = faultOf(302, { location: 'https://else.example/in?token=t-77' }, 'see t-77', NOW)?.message;
    expect(message).toBe('302 Found: it points to https://else.example');
    expect(faultOf(302, { location: '/relative?token=t-77' }, '', NOW)?.message).toBe('302 Found');
  });

  it('are cleaned of secrets before they are cut', () => {
    const told = { secrets: ['Bearer s3cret/key', 's3cret/key'] };
    const body = `${'x'.repeat(190)} s3cret/key and s3cret%2Fkey`;
    expect(faultOf(401, {}, body, NOW, told)?.message).not.toMatch(/s3c/);
    expect(hide('a s3cret/key, a s3cret%2Fkey', told.secrets)).toBe('a [secret], a [secret]');
  });
});
