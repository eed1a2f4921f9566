// Goes over every text of a JSON value: what changes the words of a recording, and nothing else of it.
import { isObject, put } from '../../json.ts';
import type { Json } from '../../model.ts';

/** The fields of an object; none of anything else, and none of a number that is kept as it was written. */
export const fieldsOf = (value: Json): readonly (readonly [key: string, value: Json])[] =>
  isObject(value) && Object.getPrototypeOf(value) !== null ? Object.entries(value) : [];

/** The same with each text changed. @param keys also what fields are called: maps may be keyed by data */
export const mapTexts = <T extends Json>(json: T, change: (text: string, key?: string) => string, keys = false): T => {
  const map = (value: Json, key?: string): Json => {
    if (typeof value === 'string') return change(value, key);
    if (Array.isArray(value)) return value.map(item => map(item, key));
    const fields = fieldsOf(value);
    if (fields.length === 0) return value;
    const made: Record<string, Json> = {};
    for (const [name, inner] of fields) put(made, keys ? change(name) : name, map(inner, name));
    return made;
  };
  return map(json) as T; // of each kind, what it was
};
