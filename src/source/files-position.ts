// Where a receiver stands in a drop folder.
import { isObject } from '../json.ts';
import type { Json } from '../model.ts';

/** Where it stands: by the SHA-256 of their content, which files were delivered, and which is being read. */
export type Position = {
  readonly shape: 'files/1';
  /** When each was delivered, ms since the epoch. */
  readonly done: { readonly [digest: string]: number };
  /** Why each cannot be used; until it is moved away. */
  readonly bad: { readonly [digest: string]: string };
  readonly reading: Reading | null;
  /** When a file was last read, ms since the epoch. */
  readonly read: number;
  /** These files alone are read, to compare them; none is moved or removed. */
  readonly only?: readonly string[];
};

type Reading = {
  readonly digest: string;
  readonly name: string;
  /** How many of its records were delivered. */
  readonly records: number;
};

/** Whether it is such a position: what a person gives by hand, or a disk gives back. */
export const isPosition = (stored: Json): stored is Position => {
  if (!isObject(stored) || stored.shape !== 'files/1') return false;
  const { done, bad, reading, read, only } = stored;
  return (
    isMap(done, 'number') &&
    isMap(bad, 'string') &&
    isReading(reading) &&
    typeof read === 'number' &&
    (only === undefined || (Array.isArray(only) && only.every(digest => typeof digest === 'string')))
  );
};

const isMap = (json: Json | undefined, of: 'number' | 'string'): boolean =>
  json !== undefined && isObject(json) && Object.values(json).every(value => typeof value === of);

const isReading = (json: Json | undefined): boolean =>
  json === null ||
  (json !== undefined &&
    isObject(json) &&
    typeof json.digest === 'string' &&
    typeof json.name === 'string' &&
    typeof json.records === 'number');
