// JSON as audit logs need it: no digit lost, one text for equal values.
import { hash } from 'node:crypto';
import type { Json, JsonObject } from './model.ts';

/** Parses a vendor's answer. Numbers that a double cannot hold stay as the vendor wrote them, as text. */
export const parse = (text: string): unknown => {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  try {
    return JSON.parse(text, keepDigits);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // too deep for a look at each value on its way
    return JSON.parse(
      text.replace(TEXT_OR_NUMBER, word => (/^"/.test(word) || isExact(Number(word), word) ? word : `"${word}"`)),
    );
  }
};

const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;

// A number follows a colon, a comma or a bracket. In a text this may be seen in vain: that costs time and nothing else.
const LONG_NUMBER = /[:,[]\s*-?(?:\d{16}|[\d.]{17}|[\d.]+[eE][+-]?\d{3})/;

const keepDigits = (_key: string, value: unknown, context?: { source?: string }): unknown =>
  typeof value === 'number' && context?.source !== undefined && !isExact(value, context.source)
    ? context.source
    : value;

/** Whether a double says the same: an integer up to 2^53, what it prints itself, or no more digits than it surely holds. */
const isExact = (value: number, source: string): boolean => {
  if (Number.isInteger(value)) return Number.isSafeInteger(value);
  if (!Number.isFinite(value)) return false;
  return String(value) === source || source.replace(/[eE].*|\D/g, '').replace(/^0+/, '').length <= 15;
};

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether an object or a list has nothing in it. JSON has no inherited keys, so no list of keys need be made. */
export const isEmpty = (content: Json): boolean => {
  for (const _ in content as object) return false;
  return true;
};

/** Sets a field under any name: `__proto__` is a plain key of a vendor's record, like any other. */
export const put = (object: Record<string, Json>, key: string, value: Json): void => {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
};

/** A text field of a JSON object; nothing where there is none, or something else. */
export const textOf = (json: Json, key: string): string | undefined => {
  if (!isObject(json) || !Object.hasOwn(json, key)) return undefined;
  const value = json[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** Compact JSON, however deep the value is. Throws on what is no JSON. */
export const textOfAny = (value: Json | object): string => {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch (error) {
    if (error instanceof RangeError) return written(value as Json, Object.keys); // a record of ours is JSON, too
    throw error;
  }
};

/** One text for equal values, whatever the order of their keys, and however deep they are. */
export const canonical = (json: Json): string => written(json, object => Object.keys(object).sort());

// JSON.stringify recurses on the program's stack; this has one of its own.
const written = (root: Json, keysOf: (object: JsonObject) => readonly string[]): string => {
  const parts: string[] = [];
  const ahead: (string | { readonly value: Json | undefined })[] = [{ value: root }];
  const list = (open: string, items: readonly (readonly [label: string, value: Json | undefined])[], close: string) => {
    ahead.push(close);
    for (let i = items.length - 1; i >= 0; i--)
      ahead.push({ value: items[i]![1] }, `${i > 0 ? ',' : ''}${items[i]![0]}`);
    ahead.push(open);
  };
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (typeof next === 'string') parts.push(next);
    else if (Array.isArray(next.value))
      list(
        '[',
        Array.from(next.value, item => ['', item] as const),
        ']',
      );
    else if (isObject(next.value)) {
      const object = next.value;
      const keys = keysOf(object).filter(key => object[key] !== undefined);
      list(
        '{',
        keys.map(key => [`${JSON.stringify(key)}:`, object[key]] as const),
        '}',
      );
    } else parts.push(JSON.stringify(next.value) ?? 'null');
  }
  return parts.join('');
};

/** A stable id for a record that has none: 132 bits of the SHA-256 of its canonical text, in base64url. */
export const digest = (json: Json): string => hash('sha256', canonical(json), 'base64url').slice(0, 22);
