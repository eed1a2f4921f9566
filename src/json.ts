// JSON as audit logs need it: no digit lost, one text for equal values.
import { hash } from 'node:crypto';
import type { Json, JsonObject } from './model.ts';

/** Parses a vendor's answer. Numbers that a double cannot hold stay as the vendor wrote them, as text. */
export const parse = (text: string): unknown =>
  LONG_NUMBER.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);

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

/** One text for equal values, whatever the order of their keys. */
export const canonical = (json: Json): string => {
  if (Array.isArray(json)) return `[${json.map(canonical).join(',')}]`;
  if (!isObject(json)) return JSON.stringify(json);
  const keys = Object.keys(json).sort();
  return `{${keys.map(key => `${JSON.stringify(key)}:${canonical(json[key]!)}`).join(',')}}`;
};

/** A stable id for a record that has none: 132 bits of the SHA-256 of its canonical text, in base64url. */
export const digest = (json: Json): string => hash('sha256', canonical(json), 'base64url').slice(0, 22);
