// Whether files can be written where the path says: the folder is looked at, and nothing is made in it.
import { constants, statSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Diagnosis } from '../../src/index.ts';

/** Below this it will not be long before the disk is full; bytes. */
const LITTLE = 2 ** 30;

/** @param pattern the path with its placeholders @param folder of the config */
export const probe = async (pattern: string, folder: string): Promise<readonly Diagnosis[]> => {
  const whole = resolve(folder, pattern);
  const fixed = dirname(whole.slice(0, whole.indexOf('{') + 1));
  const there = nearest(fixed);
  const usable = await access(there, constants.W_OK | constants.X_OK).then(
    () => statSync(there).isDirectory(),
    () => false,
  );
  if (!usable)
    return [
      {
        severity: 'problem',
        what: `files cannot be written to ${fixed}: ${there} is no folder that this process may write to`,
        remedy: 'Give this process the right to write there, or name another folder in `path`.',
      },
    ];
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  const left = `${Math.round(free / 2 ** 20).toLocaleString('en-US')} MiB left`;
  return [
    { severity: 'ok', what: `files can be written to ${fixed}` },
    free < LITTLE
      ? {
          severity: 'warning',
          what: `its disk has ${left}`,
          remedy: 'Free space, or let old files go (`keep`): a full disk makes its receivers wait.',
        }
      : { severity: 'ok', what: `its disk has ${left}` },
  ];
};

/** What exists of a path. */
const nearest = (path: string): string => {
  try {
    statSync(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? nearest(dirname(path)) : path;
  }
};
