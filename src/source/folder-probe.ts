// Whether a drop folder can be used as it is meant to be. Looked at, and not touched.
import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Diagnosis } from '../component.ts';
import { describe, Fault } from '../fault.ts';

export interface DropFolder {
  readonly directory: string;
  readonly quarantine: string;
  /** Whether delivered files are removed. */
  readonly removes: boolean;
}

/** Throws E_FOLDER where it cannot be read. */
export const probeFolder = async ({ directory, quarantine, removes }: DropFolder): Promise<readonly Diagnosis[]> => {
  const names = await readdir(directory).catch(cause => {
    throw new Fault('E_FOLDER', `the drop folder ${directory} cannot be read: ${describe(cause)}`, { cause });
  });
  const aside = await isWritable(quarantine);
  return [
    { severity: 'ok', what: `the drop folder ${directory} can be read; it holds ${names.length} entries` },
    ...((await isWritable(directory))
      ? []
      : [
          {
            severity: 'warning' as const,
            what: `the drop folder ${directory} is not writable: bad files stay${removes ? ', and so do delivered ones' : ''}`,
            remedy: 'Give this process the right to write there, or clear the folder by other means.',
          },
        ]),
    ...(aside
      ? []
      : [
          {
            severity: 'warning' as const,
            what: `files that cannot be used cannot be moved to ${quarantine}`,
            remedy: 'Set `quarantine` to a folder that this process may make, or write to.',
          },
        ]),
  ];
};

/** Whether one could write there, or make it. */
const isWritable = async (folder: string): Promise<boolean> => {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    return gone && dirname(folder) !== folder && isWritable(dirname(folder));
  }
};
