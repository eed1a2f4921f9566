// The vendor signs the raw bytes of the results followed by those of the query, nothing between them, with SHA-256: what
// `openssl dgst -sha256 -verify` checks. https://docs.opaque.co
import { createHash, createPublicKey, createVerify, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, Fault } from '../../src/index.ts';
import { type Archive, damaged } from './archive.ts';

export interface PublicKey {
  readonly key: KeyObject;
  /** SHA-256 of the key in DER, its first 16 hexadecimal digits: enough to tell keys apart. */
  readonly fingerprint: string;
}

/** How the signed text is to be read: UTF-8 unless it cannot be; Latin-1 loses no byte. */
export type Encoding = 'utf8' | 'latin1';

export interface Verified {
  /** The fingerprint of the key that fits. */
  readonly key: string;
  readonly encoding: Encoding;
}

/**
 * The public keys in these PEM files, of which each may hold several. Throws E_KEY. Read anew for each archive, so that
 * a key may be added while the receiver runs.
 */
export const readKeys = (paths: readonly string[]): readonly PublicKey[] => {
  const keys = paths.flatMap(path => blocks(path).map(pem => toKey(pem, path)));
  if (keys.length > MOST_KEYS) throw new Fault('E_KEY', `${keys.length} public keys, of at most ${MOST_KEYS}`);
  return keys;
};

/** Each key costs one more pass of hashing. */
const MOST_KEYS = 16;

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

const blocks = (path: string): readonly string[] => {
  const found = [...read(path).matchAll(PEM)].filter(([, label]) => label !== 'EC PARAMETERS');
  if (found.length === 0) throw new Fault('E_KEY', `${path} holds no key in PEM ("-----BEGIN PUBLIC KEY-----")`);
  for (const [, label] of found)
    if (label?.includes('PRIVATE'))
      throw new Fault('E_KEY', `${path} holds a private key: ask for the public one, and keep that one secret`);
  return found.map(([pem]) => pem);
};

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Fault('E_KEY', `the public key ${path} cannot be read: ${describe(cause)}`, { cause });
  }
};

const toKey = (pem: string, path: string): PublicKey => {
  const key = parse(pem, path);
  const type = key.asymmetricKeyType;
  if (type === 'rsa' || type === 'ec')
    return {
      key,
      fingerprint: createHash('sha256')
        .update(key.export({ type: 'spki', format: 'der' }))
        .digest('hex')
        .slice(0, 16),
    };
  throw new Fault('E_KEY', `${path} holds a key of type ${type}; exports are signed with RSA or EC keys and SHA-256`);
};

const parse = (pem: string, path: string): KeyObject => {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new Fault('E_KEY', `${path} holds no public key that can be read: ${describe(cause)}`, { cause });
  }
};

/**
 * Reads all that is signed, once, and says which key fits: RSA signatures are PKCS #1 v1.5, EC ones DER. Throws
 * E_SIGNATURE when none fits or there is no signature, E_ARCHIVE when the bytes cannot be read. To be awaited before any
 * row is believed.
 */
export const verify = async (archive: Archive, keys: readonly PublicKey[]): Promise<Verified> => {
  const { signature } = archive;
  if (!signature || signature.length === 0)
    throw new Fault('E_SIGNATURE', 'signature.bin is missing or empty: the export is not signed');
  const checks = keys.map(({ key, fingerprint }) => ({ key, fingerprint, check: createVerify('sha256') }));
  const encoding = await pass(archive, bytes => {
    for (const { check } of checks) check.update(bytes);
  });
  const fits = checks.find(({ key, check }) => check.verify(key, signature));
  if (fits) return { key: fits.fingerprint, encoding };
  const tried = checks.map(c => c.fingerprint).join(', ');
  throw new Fault('E_SIGNATURE', `the signature does not fit the results and the query (keys tried: ${tried})`);
};

/** Hands over results, then query, and tells how the results are encoded. */
const pass = async (archive: Archive, take: (bytes: Buffer) => void): Promise<Encoding> => {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let encoding: Encoding = 'utf8';
  const look = (bytes?: Buffer) => {
    if (encoding !== 'utf8') return;
    try {
      utf8.decode(bytes, { stream: bytes !== undefined });
    } catch {
      encoding = 'latin1';
    }
  };
  try {
    for await (const bytes of await archive.results()) {
      take(bytes);
      look(bytes);
    }
  } catch (error) {
    throw damaged('results.csv', error);
  }
  look();
  take(archive.query);
  return encoding;
};
