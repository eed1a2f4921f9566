// Drops what was delivered before. The marks are staged with the batch, so "known" always means "delivered".
import { z } from 'zod';
import { type AuditRecord, DAY, defineProcessor, duration } from '../../src/index.ts';

/**
 * Drops records that were delivered before, or that repeat one of the same batch. What was delivered is asked by the
 * vendor's id; what repeats within a batch is judged by id and part: so it is right on either side of `normalize`.
 */
export const dedupe = defineProcessor({
  type: 'dedupe',
  options: z.strictObject({
    remember: duration({ min: '1m' })
      .default(14 * DAY)
      .describe(
        'How long a delivered id is remembered, counted back from the oldest time that may still be read again. Must be longer than a receiver reads back.',
      ),
  }),
  remembers: ({ remember }) => remember,
  create: ({ state }, { remember }) => ({
    process: async records => {
      const known = await state.known(records.map(record => record.id));
      const kept = firsts(records.filter(record => !known.has(record.id)));
      const ids = [...new Set(kept.map(record => record.id))];
      return ids.length === 0 ? { records: [] } : { records: kept, writes: [state.mark(ids, remember)] };
    },
  }),
});

/** The first of each id and part, in order. */
const firsts = (records: readonly AuditRecord[]): readonly AuditRecord[] => {
  const seen = new Set<string>();
  return records.filter(({ part = 0, id }) => seen.size < seen.add(`${part} ${id}`).size);
};
