// Files that commands make for their user: never over one that is there.
import { writeFileSync } from 'node:fs';
import { describe } from '../fault.ts';
import { Stop } from './session.ts';

/** Throws a Stop where it is there already, whoever put it there meanwhile, or where it cannot be written. */
export const writeNew = (file: string, text: string, { mode = 0o666, hint = '' } = {}): void => {
  try {
    writeFileSync(file, text, { flag: 'wx', mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new Stop(`${file} is there already, and was left as it is${hint}`);
    throw new Stop(`${file} cannot be written: ${describe(error)}`);
  }
};

/** For its owner only: what a vendor says of people is nobody else's. */
export const writePrivate = (file: string, text: string): void => writeNew(file, text, { mode: 0o600 });
