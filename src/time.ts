// Moments: the vendors write them with up to nine fraction digits and any offset, and none may be lost.
import type { HrTime } from './model.ts';

/** A moment as a vendor wrote it. `offset` is in minutes; absent when the text does not say. */
export interface Moment {
  readonly time: HrTime;
  readonly offset?: number;
}

// RFC 3339, and the looser forms seen in the wild: a space for the T, no offset (read as UTC), an offset without colon.
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?\s*([Zz]|[+-]\d\d:?\d\d)?$/;

/** Reads a time: RFC 3339 text, or a number of seconds, milliseconds or nanoseconds since the epoch. */
export const moment = (value: string | number | undefined): Moment | undefined => {
  if (value === undefined) return undefined;
  if (typeof value === 'number') return numeric(value);
  return usual(value) ?? unusual(value);
};

/** `2026-01-15T09:56:07.123456789Z`, as nearly all of them are: without a pattern, several times as fast. */
const usual = (text: string): Moment | undefined => {
  const last = text.length - 1;
  if (text.charCodeAt(last) !== 0x5a || text.charCodeAt(10) !== 0x54 || last > 29) return undefined;
  const ms = Date.parse(text);
  if (!(ms >= 0)) return undefined;
  const seconds = Math.floor(ms / 1000);
  if (last === 19) return { time: [seconds, 0], offset: 0 };
  let nanoseconds = 0;
  for (let at = 20; at < 29; at++) {
    const digit = at < last ? text.charCodeAt(at) - 0x30 : 0;
    if (digit < 0 || digit > 9) return undefined;
    nanoseconds = nanoseconds * 10 + digit;
  }
  return text.charCodeAt(19) === 0x2e && last > 20 ? { time: [seconds, nanoseconds], offset: 0 } : undefined;
};

const unusual = (text: string): Moment | undefined => {
  const parts = RFC3339.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', zone] = parts;
  const offset = zone === undefined ? undefined : minutes(zone);
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  if (Number(month) > 12 || Number(day) > 31 || Number(hour) > 24 || Number(minute) > 59) return undefined;
  const time: HrTime = [utc / 1000 - (offset ?? 0) * 60, Number(fraction.padEnd(9, '0'))];
  return offset === undefined ? { time } : { time, offset };
};

/** Milliseconds since the epoch, cut and not rounded. */
export const toMillis = (time: HrTime): number => time[0] * 1000 + Math.floor(time[1] / 1e6);

export const fromMillis = (ms: number): HrTime => {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
};

const minutes = (zone: string): number => {
  if (zone === 'Z' || zone === 'z') return 0;
  const [hours, rest] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + rest);
};

// Audit events lie between 1990 and 2100: the magnitude tells the unit.
const numeric = (value: number): Moment | undefined => {
  if (!Number.isFinite(value) || value < 6e8) return undefined;
  if (value < 4.2e9) return { time: fromMillis(value * 1000) };
  if (value < 4.2e12) return { time: fromMillis(value) };
  if (value < 4.2e15) return { time: fromMillis(value / 1000) };
  return value < 4.2e18 ? { time: fromMillis(value / 1e6) } : undefined;
};
