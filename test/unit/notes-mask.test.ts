// Nothing of a record can be read in a note: examples keep the structure alone, and what a failure quotes is masked.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaint, fieldName, mask, sketch, typeName } from '../../src/runtime/mask.ts';
import { drifted, noted, origin, read } from '../support/notes.ts';

describe('examples', () => {
  const SECRETS = [
    'ada.roe@example.com',
    'sk_live_51HAbCdEf',
    'Zoë Müller',
    'Σωκράτης',
    '203.0.113.77',
    '李小龍',
    'ⓐⓓⓐ',
  ];

  test('keep the structure, and nothing that was in them can be read', async () => {
    const raw = {
      user: {
        email: SECRETS[0]!,
        token: SECRETS[1]!,
        names: SECRETS.slice(2),
        [SECRETS[0]!]: 7,
        age: 4711,
        rate: -0.5,
      },
      ok: true,
      none: null,
    };
    const [note] = await noted(drifted('type', 'USER_SEEN', raw));
    expect(JSON.parse(note!.example.replace(',…]', ']'))).toEqual({
      user: {
        email: 'xxx.xxx@xxxxxxx.xxx',
        token: 'xx_xxxx_00XXxXxXx',
        names: ['Xxx Xxxxxx', 'Xxxxxxxx'],
        '*': 1,
        age: 1000,
        rate: -1.1,
      },
      ok: true,
      none: null,
    });
    for (const secret of SECRETS) expect(JSON.stringify(note)).not.toContain(secret);
  });

  test('what a feed is filtered by is not told', async () => {
    const filtered = { ...origin, feed: 'actor_filter=ada%40example.com&event_type_filter=X' };
    const [note] = await noted({ ...read({ a: 1 }), origin: filtered });
    expect(note?.feed).toBe('actor_filter=*&event_type_filter=*');
  });

  test('property: of no text a letter or a digit remains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), text => {
        expect(mask(text)).toMatch(/^[xX0·\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e…]*$/);
      }),
    );
  });

  test('property: of any record the example is short and has no word of it', () => {
    const words = fc.stringMatching(/^[a-wyz]{4,12}@[a-wyz]{4,12}$/);
    fc.assert(
      fc.property(fc.dictionary(words, fc.oneof(words, fc.array(words), fc.dictionary(words, words))), record => {
        const example = sketch(record);
        expect(example.length).toBeLessThanOrEqual(1001);
        expect(example).not.toMatch(/[a-wyz]{4,}/);
      }),
    );
  });

  test('what a failure quotes is masked, what it says is not', () => {
    expect(complaint('SyntaxError: Unexpected token \'a\', "ada@example.com" is not valid JSON')).toBe(
      'SyntaxError: Unexpected token \'a\', "xxx@xxxxxxx.xxx" is not valid JSON',
    );
    expect(complaint("no user 'Ada Roe' with 203.0.113.77 and ada@example.com\u001b[31m")).toBe(
      "no user 'Xxx Xxx' with 000.0.000.00 and xxx@xxxxxxx.xxx·[00x",
    );
    expect(complaint('x'.repeat(5000)).length).toBeLessThan(200);
    expect(typeName('Invite ada@example.com')).toBe('Invite xxx@xxxxxxx.xxx');
    expect(typeName('Reset\u001b[mMFA\u009b')).toBe('Reset·[mMFA·'); // a terminal obeys such characters
    expect(typeName('USER_MFA_RESET')).toBe('USER_MFA_RESET');
    expect(typeName('sk51HAbCdEf0123456789')).toBe('xx00XXxXxXx0000000000');
  });

  test.each([
    ['event_type', 3, 'event_type'],
    ['@type', 3, '@type'],
    ['sha256', 3, 'sha256'],
    ['Event ID', 1, 'Event ID'],
    ['Ada Roe', 2, '*'], // deeper than the columns of a table
    ['ada.roe', 0, '*'],
    ['ada@example.com', 0, '*'],
    ['550e8400-e29b-41d4-a716-446655440000', 0, '*'],
    ['KZVXQMBEYFJHNRLTOPWCDAAAAA', 0, '*'],
    ['', 0, '*'],
  ])('a field called %j at depth %i is told as %j', (key, depth, told) => {
    expect(fieldName(key, depth)).toBe(told);
  });
});
