// Positions in words, by their shape: for people, also where the receiver is no longer there to be asked.
import { isObject } from '../json.ts';
import type { Json } from '../model.ts';
import { DAY, HOUR, MINUTE, SECOND } from '../options.ts';

/**
 * Where a stored position stands, as one line; a shape that is not known is shown as it is, cut.
 * @param low the low-water time that is stored with it, ms since the epoch
 */
export const inWords = (stored: Json, low: number): string => {
  const shape = isObject(stored) ? stored.shape : undefined;
  const at = isObject(stored) ? (stored.at ?? stored) : stored;
  const words = typeof shape === 'string' && Object.hasOwn(SHAPES, shape) ? SHAPES[shape]?.(at, low) : undefined;
  return words ?? cut(JSON.stringify(stored));
};

const windows = (at: Json, low: number): string | undefined => {
  const [live, sweep] = [inside(at, 'live'), inside(at, 'sweep')];
  const [from, to, swept] = [moment(live, 'from'), moment(live, 'to'), moment(sweep, 'from')];
  if (from === undefined) return undefined;
  const here = `read up to ${iso(from)}${to === undefined ? '' : `, on the way to ${iso(to)}`}`;
  // Without a sweep, the low-water time leaves its place behind.
  return swept === undefined || low > swept ? here : `${here}, sweep at ${iso(swept)}`;
};

const cursor = (at: Json): string | undefined => {
  const [since, low] = [moment(at, 'since'), moment(at, 'low')];
  if (since === undefined || low === undefined) return undefined;
  return inside(at, 'cursor') === null
    ? `begins at ${iso(since)}`
    : `at a cursor of the vendor, all read up to ${iso(low)}`;
};

const files = (at: Json): string | undefined => {
  const [done, read] = [inside(at, 'done'), moment(at, 'read')];
  if (!isObject(done) || read === undefined) return undefined;
  const count = Object.keys(done).length;
  const reading = inside(at, 'reading');
  const now = isObject(reading) ? `, in the middle of ${reading.name} (${reading.records} records)` : '';
  return `${count} file${count === 1 ? '' : 's'} delivered, last read at ${iso(read)}${now}`;
};

const SHAPES: Readonly<Record<string, (at: Json, low: number) => string | undefined>> = {
  'windows/1': windows,
  'offset/1': windows,
  'cursor/1': cursor,
  'links/1': cursor,
  'files/1': files,
};

const inside = (json: Json, key: string): Json => (isObject(json) && Object.hasOwn(json, key) ? json[key]! : null);

const moment = (json: Json, key: string): number | undefined => {
  const value = inside(json, key);
  return typeof value === 'number' && Math.abs(value) <= LAST ? value : undefined;
};

/** A date cannot be later; ms since the epoch. */
const LAST = 8.64e15;

/** A moment as text. */
export const iso = (time: number): string => new Date(time).toISOString();

/** A length of time, in the largest unit that it is about a whole number of: `5m`, `30d`. @param ms more than nothing */
export const lasting = (ms: number): string => {
  if (!Number.isFinite(ms)) return 'for ever';
  const [unit, size] = UNITS.find(([, size]) => ms % size === 0) ?? UNITS.find(([, size]) => ms >= size) ?? ['ms', 1];
  return `${Math.round(ms / size)}${unit}`;
};

const UNITS = [
  ['d', DAY],
  ['h', HOUR],
  ['m', MINUTE],
  ['s', SECOND],
] as const;

const WIDEST = 120;

const cut = (text: string): string => (text.length > WIDEST ? `${text.slice(0, WIDEST - 1)}…` : text);
