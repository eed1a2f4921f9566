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

/** One text for equal values, whatever the order of their keys, and however deep they are. */
export const canonical = (json: Json): string => {
  let text = '';
  const ahead: (Json | Text)[] = [json]; // a stack of our own: a vendor's record may be deeper than the program's
  while (ahead.length > 0) {
    const next = ahead.pop()!; // there is one
    if (next instanceof Text) text += next.words;
    else if (Array.isArray(next)) {
      ahead.push(CLOSE_LIST);
      for (let i = next.length - 1; i >= 0; i--) ahead.push(next[i]!, i > 0 ? COMMA : OPEN_LIST);
      if (next.length === 0) ahead.push(OPEN_LIST);
    } else if (isObject(next)) {
      const keys = Object.keys(next).sort();
      ahead.push(CLOSE);
      for (let i = keys.length - 1; i >= 0; i--)
        ahead.push(next[keys[i]!]!, new Text(`${i > 0 ? ',' : '{'}${JSON.stringify(keys[i])}:`));
      if (keys.length === 0) ahead.push(OPEN);
    } else text += JSON.stringify(next);
  }
  return text;
};

/** Words that are there already, among values that are to be written. */
class Text {
  readonly words: string;
  constructor(words: string) {
    this.words = words;
  }
}
const [COMMA, OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [',', '{', '}', '[', ']'].map(words => new Text(words)) as [
  Text,
  Text,
  Text,
  Text,
  Text,
]; // five of five

/** A stable id for a record that has none: 132 bits of the SHA-256 of its canonical text, in base64url. */
export const digest = (json: Json): string => hash('sha256', canonical(json), 'base64url').slice(0, 22);
