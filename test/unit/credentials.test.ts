// In which forms a credential travels, and so has to be looked for wherever something is quoted.
import { expect, test } from 'vitest';
import { passwordsIn, secretsOf } from '../../src/runtime/http/credentials.ts';

test('a token is known with and without its scheme', () => {
  expect(secretsOf({ authorization: 'Bearer made-up' })).toEqual(['Bearer made-up', 'made-up']);
});

test('a user and a password are known as they travel, decoded, and the password by itself', () => {
  const packed = Buffer.from('me:made-up:word').toString('base64');
  expect(secretsOf({ authorization: `Basic ${packed}` })).toEqual([
    `Basic ${packed}`,
    packed,
    'me:made-up:word',
    'made-up:word',
  ]);
});

test('so are those that an address names; one without them names none', () => {
  const found = passwordsIn('http://me:made%2Dup@proxy.example:3128');
  expect(found).toEqual(expect.arrayContaining(['me:made%2Dup', 'made%2Dup', 'me:made-up', 'made-up']));
  expect(passwordsIn('http://proxy.example:3128')).toEqual([]);
  expect(passwordsIn(undefined)).toEqual([]);
});
