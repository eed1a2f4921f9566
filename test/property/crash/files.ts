// The file exporter itself, on the disk of the history; what it writes of each record is its key.
import { z } from 'zod';
import type { Disk } from '../../../exporters/file/disk.ts';
import { createLocks } from '../../../exporters/file/locks.ts';
import { createWriter } from '../../../exporters/file/writer.ts';
import { defineExporter, type Spec } from '../../../src/component.ts';
import { HOUR } from '../../../src/options.ts';
import { keyOf } from './records.ts';

export const files = (disk: Disk, size: number): Spec<'exporter'> => {
  const locks = createLocks(); // as long-lived as the process: they outlive a reload
  return defineExporter({
    type: 'files',
    options: z.object({}),
    create: context => {
      const writer = createWriter(disk, locks, context, {
        path: '/audit/{receiver}/{day}-{seq}.ndjson',
        rotate: { size, every: HOUR },
      });
      return {
        export: (records, signal) =>
          writer.export(
            records.map(r => ({ ...r, event: { key: keyOf(r) } })),
            signal,
          ),
        close: async () => writer.close?.(),
      };
    },
  })({});
};
