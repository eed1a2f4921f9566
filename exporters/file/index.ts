// NDJSON files, each event in them once, rotated by size and age: the archive, and the hand-over to whatever reads files.
import { z } from 'zod';
import { bytes, defineExporter, duration, HOUR } from '../../src/index.ts';
import { nodeDisk } from './disk.ts';
import { createLocks } from './locks.ts';
import { problemsOf } from './pattern.ts';
import { createWriter } from './writer.ts';

const locks = createLocks();

/** Appends events to files, one a line, durably, and exactly once as far as our own files go. */
export const file = defineExporter({
  type: 'file',
  options: z.strictObject({
    path: z
      .string()
      .superRefine((path, issues) => {
        for (const message of problemsOf(path)) issues.addIssue({ code: 'custom', message });
      })
      .describe(
        'Where the files lie, from the folder of the config. Must contain `{receiver}` and `{seq}`; may contain `{day}` (UTC, of its birth), and `{type}` and `{feed}` as folders of their own. Ends in `.gz` or `.zst` to compress.',
      ),
    rotate: z
      .strictObject({
        size: bytes({ min: '1KiB' })
          .default(128 * 2 ** 20)
          .describe('A file that has reached this, as it lies on the disk, is finished.'),
        every: duration({ min: '1s' })
          .default(HOUR)
          .describe('A file of this age is finished when the next batch comes, or the exporter is closed.'),
      })
      .prefault({})
      .describe('When a file is finished and the next one begun.'),
    keep: z
      .strictObject({
        files: z.int().min(1).optional().describe('So many finished files of each receiver are kept.'),
        for: duration({ min: '1m' })
          .optional()
          .describe('Finished files that have not changed for so long are removed when the next one is finished.'),
      })
      .optional()
      .describe('What is kept; everything when absent. The newest finished file of a receiver is never removed.'),
  }),
  starter: { components: { archive: { path: './archive/{receiver}/{day}-{seq}.ndjson.gz' } } },
  create: (context, options) => createWriter(nodeDisk, locks, context, options),
});
