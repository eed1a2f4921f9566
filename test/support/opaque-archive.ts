// What the tests of export archives ask in common: is it believed, and with which words is it refused.
import { expect } from 'vitest';
import { verify } from '../../receivers/opaque/signature.ts';
import { keysOf, opened } from './opaque.ts';

/** The refusal of an archive, with these words in it. */
export const fault = (code: string, words: RegExp) =>
  expect.objectContaining({ code, kind: 'rejected', message: expect.stringMatching(words) });

/** Opens an archive and verifies it with these keys. */
export const check = async (bytes: Buffer, ...keys: readonly { readonly publicKey: string }[]) =>
  opened(bytes, async archive => verify(archive, await keysOf(...keys)));
