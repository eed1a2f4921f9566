// Answers for a person at a terminal what `openssl dgst -verify` would say of an archive that was taken apart by hand.
import { open } from 'node:fs/promises';
import { describe, Fault } from '../../src/index.ts';
import { openArchive } from './archive.ts';
import { readKeys, verify } from './signature.ts';

export interface Verdict {
  readonly verified: boolean;
  /** The line to print: `Verified OK`, or `Verification failure`, as OpenSSL has it. */
  readonly text: 'Verified OK' | 'Verification failure';
  /** Why not; nothing when it is verified. */
  readonly reason?: string;
  /** The fingerprint of the key that fits: the first 16 digits of the SHA-256 of its DER. */
  readonly key?: string;
  /** Of the process, as OpenSSL's: 0 or 1. */
  readonly exitCode: 0 | 1;
}

/**
 * Whether an export archive is signed by one of these keys (paths of PEM files). A broken, unsigned or foreign archive
 * is an answer; a key or a file that cannot be read is not, and throws E_KEY or E_FOLDER.
 */
export const verifyArchive = async (path: string, keys: readonly string[]): Promise<Verdict> => {
  const trusted = readKeys(keys);
  const handle = await open(path).catch(cause => {
    throw new Fault('E_FOLDER', `the archive ${path} cannot be read: ${describe(cause)}`, { cause });
  });
  try {
    const { key } = await verify(await openArchive(handle), trusted);
    return { verified: true, text: 'Verified OK', key, exitCode: 0 };
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'rejected') throw error;
    return { verified: false, text: 'Verification failure', reason: error.message, exitCode: 1 };
  } finally {
    await handle.close();
  }
};
