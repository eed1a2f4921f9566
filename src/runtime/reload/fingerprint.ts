// What a part of a config says, as text that is equal exactly when two of them say the same: so a reload finds what changed.
// What cannot be compared, a function above all, has no such text, and always counts as changed.
import { createHash } from 'node:crypto';
import { isSecret } from '../../options.ts';

/** A digest of some values, whatever the order of their keys; nothing where one of them cannot be compared. Secrets count by name. */
export const fingerprint = (value: unknown): string | undefined => {
  const text = canonical(value, 0);
  return text === undefined ? undefined : createHash('sha256').update(text).digest('base64url');
};

/** Options are written by hand: what is deeper than this goes in circles. */
const DEEPEST = 64;

const canonical = (value: unknown, depth: number): string | undefined => {
  if (depth > DEEPEST) return undefined;
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object') return undefined;
  if (isSecret(value)) return `secret(${JSON.stringify(value.reference)})`;
  if (value instanceof RegExp || value instanceof URL)
    return `${value.constructor.name}(${JSON.stringify(String(value))})`;
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (Array.isArray(value))
    return joined(
      value.map(each => canonical(each, depth + 1)),
      '[',
      ']',
    );
  return isPlain(value) ? object(value, depth) : undefined;
};

/** An option that is left out and one that is undefined are the same to every schema. */
const object = (value: object, depth: number): string | undefined => {
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const texts = entries.map(([key, each]) => {
    const text = canonical(each, depth + 1);
    return text === undefined ? undefined : `${JSON.stringify(key)}:${text}`;
  });
  return joined(texts, '{', '}');
};

const joined = (texts: readonly (string | undefined)[], open: string, close: string): string | undefined =>
  texts.includes(undefined) ? undefined : `${open}${texts.join(',')}${close}`;

const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
};
