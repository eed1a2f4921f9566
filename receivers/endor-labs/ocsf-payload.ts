// What of a payload may travel: whole objects are logged, settings that look like secrets among them. They are blotted
// out, and what is too large is left out by name.
import { isObject, type Json, type JsonObject } from '../../src/index.ts';

/** A copy in which everything that is called like a secret is blotted out. @param keys whether `key` is a secret, too */
export const redact = <T extends Json>(json: T, keys = false): T => blot(json, keys, false, 0) as T; // an object stays one

const blot = (json: Json, keys: boolean, secret: boolean, depth: number): Json => {
  if (depth > DEEPEST) return '[left out: nested too deeply]';
  if (typeof json === 'string') return secret && json !== '' ? BLOT : claim(json);
  if (typeof json === 'number') return secret ? BLOT : json;
  if (Array.isArray(json)) return json.map(item => blot(item, keys, secret, depth + 1));
  if (!isObject(json)) return json;
  const hidden = (key: string) => secret || isSecret(key) || (keys && key === 'key');
  // `fromEntries` makes own properties of any name, `__proto__` included.
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, blot(value, keys, hidden(key), depth + 1)]),
  );
};

const BLOT = '[redacted]';
const DEEPEST = 64;

/** `api_key`, `clientSecret`, `accessToken`, `Authorization`: a name that says that its value opens something. */
const isSecret = (name: string): boolean =>
  /secret|token|password|passwd|passphrase|private_?key|api_?key|access_?key|signing_?key|credential|authorization|cookie/i.test(
    name,
  ) && !/(_id|_uuid|_name|_type|_time|_count|_kind|Id|Uuid|Name|Type|Time|Count|Kind)$/.test(name);

/** A claim is a text of its own kind: `access_token=…`. */
const claim = (text: string): string => {
  const [, name] = /^([\w-]{1,64})=./.exec(text) ?? [];
  return name !== undefined && isSecret(name) ? `${name}=${BLOT}` : text;
};

/** Fits an object into `LARGEST` bytes of JSON: the fields that do not fit are replaced by a word on their size. */
export const cap = (object: JsonObject, largest = LARGEST): JsonObject => {
  if (sizeOf(object) <= largest) return object;
  let left = largest;
  const afford = (value: Json): Json => {
    const size = sizeOf(value);
    if (size > left) return `[left out: ${size} bytes]`;
    left -= size;
    return value;
  };
  const entries = Object.entries(object);
  const kept = entries.slice(0, MOST_FIELDS).map(([key, value]) => [key.slice(0, LONGEST_NAME), afford(value)]);
  const more = entries.length - kept.length;
  return Object.fromEntries([...kept, ...(more > 0 ? [['[left out]', `${more} fields`]] : [])]);
};

const LARGEST = 32 * 1024;
const MOST_FIELDS = 200;
const LONGEST_NAME = 200;

const sizeOf = (json: Json): number => Buffer.byteLength(JSON.stringify(json));
