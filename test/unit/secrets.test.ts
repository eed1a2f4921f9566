// A secret is found in whatever form it comes back, and nothing else is taken for it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HIDDEN, hide } from '../../src/secrets.ts';

const SECRET = 'sk-Live/9f+8"a&b=?';

describe('a secret', () => {
  test.each([
    ['as it is', SECRET],
    ['percent-encoded', encodeURIComponent(SECRET)],
    ['percent-encoded in small letters', encodeURIComponent(SECRET).replace(/%[0-9A-F]{2}/g, c => c.toLowerCase())],
    ['in JSON', JSON.stringify({ said: SECRET })],
    ['in JSON in JSON', JSON.stringify({ said: JSON.stringify({ said: SECRET }) })],
    ['in JSON as PHP writes it', JSON.stringify(SECRET).replaceAll('/', '\\/')],
    ['in JSON as Go writes it', JSON.stringify(SECRET).replaceAll('&', '\\u0026')],
    ['in Base64', Buffer.from(SECRET).toString('base64')],
    ['in Base64 for addresses', Buffer.from(SECRET).toString('base64url')],
    ['as a host', `https://${SECRET.toLowerCase()}.example`],
  ])('is found %s', (_, text) => {
    const cleaned = hide(`before ${text} after`, [SECRET]);
    expect(cleaned).toContain(HIDDEN);
    expect(cleaned).toMatch(/^before .* after$/);
    expect(cleaned).not.toMatch(/Live|9f/);
  });

  test('is found in Base64 of anything that has it in it, wherever it stands', () => {
    const word = fc.string({ unit: 'grapheme-ascii', maxLength: 12 });
    const secret = fc.string({ unit: fc.constantFrom(...'abcXYZ0189-_+/='), minLength: 12, maxLength: 40 });
    fc.assert(
      fc.property(
        word,
        secret,
        word,
        fc.constantFrom('base64' as const, 'base64url' as const),
        (before, s, after, form) => {
          const told = hide(Buffer.from(`${before}${s}${after}`).toString(form), [s]);
          expect(told).toContain(HIDDEN);
          // What is left of it is less than three bytes at each end.
          expect(told.replace(HIDDEN, '').length).toBeLessThanOrEqual(
            Math.ceil(((before.length + after.length) * 4) / 3) + 8,
          );
        },
      ),
    );
  });

  test('is found where a text breaks off within it', () => {
    for (let length = 8; length < SECRET.length; length++)
      expect(hide(`it begins with ${SECRET.slice(0, length)}`, [SECRET])).toBe(`it begins with ${HIDDEN}`);
  });

  test('of three characters would only blacken the words around it', () => {
    expect(hide('the cat', ['cat'])).toBe('the cat');
  });

  test('leaves every other text as it is', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        expect(hide(text, ['never-in-a-text'])).toBe(text);
      }),
    );
  });
});
