// A moment in the past, as a person writes it after a flag.
import { since } from '../options.ts';
import { Stop } from './session.ts';

/** @param flag as it was written: `--since`. @param now ms since the epoch. Throws a Stop where it is none, or not past. */
export const momentOf = (flag: string, text: string, now: number): number => {
  const read = since().safeParse(text);
  if (!read.success) throw new Stop(`${flag} ${read.error.issues[0]!.message}`, 2);
  const time = read.data(now);
  if (time >= now) throw new Stop(`${flag} ${text} is not in the past`, 2);
  return time;
};
