// What differs between two JSON values, as a person reads it: the path of each field, what was expected, what came.
import { isObject, textOfAny } from '../../json.ts';
import type { Json } from '../../model.ts';
import { printable } from '../../printable.ts';

/** A line for each path, `-` for what was expected and `+` for what is there; at most `most` paths. */
export const differences = (expected: Json, actual: Json, most = 20): readonly string[] => {
  const found: string[][] = [];
  compare(expected, actual, '', found);
  const more = found.length > most ? [`  … and ${found.length - most} more`] : [];
  return [...found.slice(0, most).flat(), ...more];
};

const compare = (expected: Json | undefined, actual: Json | undefined, path: string, found: string[][]): void => {
  if (Array.isArray(expected) && Array.isArray(actual)) {
    for (let i = 0; i < Math.max(expected.length, actual.length); i++)
      compare(expected[i], actual[i], `${path}/${i}`, found);
  } else if (isPlain(expected) && isPlain(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)]))
      compare(at(expected, key), at(actual, key), `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, found);
  } else if (written(expected) !== written(actual)) {
    const lines = [
      expected === undefined ? '' : `  - ${written(expected)}`,
      actual === undefined ? '' : `  + ${written(actual)}`,
    ];
    found.push([`  @ ${printable(path || '/')}`, ...lines.filter(line => line !== '')]);
  }
};

const at = (object: Readonly<Record<string, Json>>, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/** An object with fields, and not a number that is kept as it was written. */
const isPlain = (value: Json | undefined): value is Readonly<Record<string, Json>> =>
  value !== undefined && isObject(value) && Object.getPrototypeOf(value) !== null;

const WIDEST = 400;

const written = (value: Json | undefined): string => {
  const text = value === undefined ? '' : printable(textOfAny(value));
  return text.length > WIDEST ? `${text.slice(0, WIDEST)}… (${text.length} characters)` : text;
};
