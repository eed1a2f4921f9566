// Makes any JSON fit to be sent: well-formed text, numbers that every reader can hold, no nulls, bounded depth. What is
// clean already is returned as it is, not copied.
import { put, textOfAny } from '../json.ts';
import type { Json, JsonObject } from '../model.ts';

/**
 * The level of an event below which content is kept as JSON text. Decoders of protobuf stop at 100 nested messages, and
 * a level of an event takes three in OTLP.
 */
const MAX_DEPTH = 24;

/** Any content. Nulls of objects are left out; those of lists stay, for the sake of the places of the others. */
export const clean = (value: Json, depth = 1): Json => {
  switch (typeof value) {
    case 'string':
      return wellFormed(value);
    case 'number':
      return isHeld(value) ? value : String(value);
    case 'boolean':
      return value;
    case 'object':
      if (value === null) return null;
      if (depth >= MAX_DEPTH) return wellFormed(textOfAny(value));
      return Array.isArray(value) ? cleanList(value, depth) : cleanObject(value as JsonObject, depth);
    default:
      return String(value); // no JSON at all: a user's own processor may have put it there
  }
};

/** Lone surrogates become U+FFFD: no encoding of Unicode can carry them. */
export const wellFormed = (text: string): string => (text.isWellFormed() ? text : text.toWellFormed());

// Beyond 2^53 a reader in JavaScript, or of doubles, would see another number than we do.
const isHeld = (value: number): boolean =>
  Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));

const cleanList = (list: readonly Json[], depth: number): Json => {
  let copy: Json[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const value = clean(list[i]!, depth + 1);
    if (value !== list[i]) copy ??= list.slice();
    if (copy) copy[i] = value;
  }
  return copy ?? list;
};

const cleanObject = (object: JsonObject, depth: number): JsonObject => {
  let copy: Record<string, Json> | undefined;
  // JSON has no inherited keys, and this is the fastest way through an object.
  for (const key in object) {
    const value = object[key] ?? null;
    const kept = value === null ? null : clean(value, depth + 1);
    if (!copy) {
      if (kept !== null && kept === value && key.isWellFormed()) continue;
      copy = before(key, object);
    }
    if (kept !== null) put(copy, freeName(copy, wellFormed(key)), kept);
  }
  return copy ?? object;
};

const before = (end: string, object: JsonObject): Record<string, Json> => {
  const copy: Record<string, Json> = {};
  for (const key in object) {
    if (key === end) break;
    put(copy, key, object[key]!);
  }
  return copy;
};

// Two names that differ in lone surrogates only must not become one.
const freeName = (object: JsonObject, name: string): string =>
  Object.hasOwn(object, name) ? freeName(object, `${name}_`) : name;
