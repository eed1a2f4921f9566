// Audit logs of Opaque Systems, from the signed archives that its console exports. There is no API for them that is
// documented, so a person, or a script of theirs, drops the archives into a folder. https://docs.opaque.co
import { statSync } from 'node:fs';
import { join, normalize, resolve } from 'node:path';
import { z } from 'zod';
import {
  DAY,
  defineReceiver,
  duration,
  Fault,
  type FileFormat,
  files,
  type Origin,
  pollOptions,
  SECOND,
} from '../../src/index.ts';
import { openArchive } from './archive.ts';
import { refuseMovedRows } from './boundary.ts';
import { FIELDS } from './columns.ts';
import { mapping } from './ocsf.ts';
import { readRecords, recordAtHand } from './records.ts';
import { readKeys, verify } from './signature.ts';

const path = () => z.string().min(1, 'must be a path');

const options = z.strictObject({
  directory: path().describe('The drop folder. Relative paths are meant from the folder of the config.'),
  publicKey: z
    .union([path(), z.array(path()).min(1).max(16)])
    .describe('PEM file with the public key that signs the exports; a list while keys rotate. RSA or EC.'),
  settle: duration()
    .default(10 * SECOND)
    .describe('How long a file must lie unchanged before it is read.'),
  quarantine: path()
    .optional()
    .describe('Where archives go that cannot be used. `quarantine` in the drop folder when absent.'),
  keep: z
    .union([z.boolean(), duration()])
    .default(true)
    .describe('Whether a file stays after it was delivered; a duration: for so long.'),
  organization: z.string().min(1).optional().describe('Name of the organization: becomes the tenant of its events.'),
  reach: duration({ min: '1d' })
    .optional()
    .describe(
      'The oldest event that an export will hold. Bounds what `dedupe` remembers; without it, it forgets nothing.',
    ),
  pageSize: z
    .int()
    .min(1)
    .max(1000)
    .default(1000)
    .describe('Rows that travel together at most: after each so many, the place in the archive is kept.'),
  every: pollOptions.every.describe('How often the folder is looked into.'),
  columns: z
    .partialRecord(z.enum(FIELDS as [string, ...string[]]), z.string().min(1))
    .optional()
    .describe('Headers that are not recognized by themselves: `{ time: "Occurred", action: "What" }`.'),
});

/** Exported audit logs of Opaque Systems, from a drop folder. */
export const opaque = defineReceiver({
  type: 'opaque',
  options,
  ocsf: mapping,
  atHand: { site: 'results.csv', record: recordAtHand },
  starter: {
    components: { opaque: { directory: './inbox/opaque', publicKey: './inbox/opaque.pem' } },
    needs: [
      'make the drop folder ./inbox/opaque beside the config',
      'put the public key that signs the exports beside it, as ./inbox/opaque.pem',
    ],
  },
  repeats: () => 0, // exports overlap, but nothing comes again from before the low-water time
  create: (
    context,
    { directory, publicKey, settle, quarantine, keep, organization, reach, pageSize, columns, every },
  ) => {
    const within = (path: string) => resolve(context.folder, path);
    const keys = [publicKey].flat().map(within);
    readKeys(keys); // a wrong key is told now, not with the first archive
    const folder = existing(within(directory));
    const origin: Origin = {
      receiver: context.name,
      type: 'opaque',
      site: normalize(directory),
      tenant: organization ?? '',
      feed: '',
    };
    const format: FileFormat = {
      accepts: name => /\.zip$/i.test(name),
      limit: LARGEST,
      open: async ({ handle }, { name, digest }) => {
        const archive = await openArchive(handle);
        const verified = await verify(archive, readKeys(keys));
        await refuseMovedRows(archive, verified, columns ?? {});
        return readRecords(archive, {
          name,
          digest,
          verified,
          origin,
          columns: columns ?? {},
          observed: context.clock.now(),
        });
      },
    };
    return files(
      {
        origin,
        directory: folder,
        quarantine: quarantine === undefined ? join(folder, 'quarantine') : within(quarantine),
        settle,
        keep: keep === false ? 0 : keep,
        reach: reach === undefined ? undefined : reach + DAY,
        batch: pageSize,
      },
      format,
      every,
      context,
    );
  },
});

/** An archive's most bytes; its results may unpack to as many. */
const LARGEST = 2 ** 30;

const existing = (folder: string): string => {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw new Fault('E_FOLDER', `the drop folder ${folder} does not exist, or is not a folder`);
};
