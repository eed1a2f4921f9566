// Reads each vendor's records in OCSF, by the mapping that came with the receiver.
import { z } from 'zod';
import { defineProcessor, eventsOf, versions } from '../../src/index.ts';

/** Gives every record its OCSF event, valid always; splits a record into parts where the vendor packed several into one. */
export const normalize = defineProcessor({
  type: 'normalize',
  options: z
    .object({
      rawData: z
        .enum(['include', 'hash', 'none'])
        .default('include')
        .describe(
          "The vendor's record as compact JSON in `raw_data`, with its size and SHA-256; size and SHA-256 only; or neither.",
        ),
      severity: z
        .enum(['table', 'informational'])
        .default('table')
        .describe(
          'By the table: failures, exports and new credentials are 2 Low, a protection taken away is 3 Medium, all else 1 Informational. Or 1 on everything.',
        ),
      fanout: z
        .boolean()
        .default(true)
        .describe('Whether sub-events become events of their own; else they stay in the one event, under `unmapped`.'),
      types: z
        .record(
          z.string(),
          z.record(z.string(), z.string().min(1)).transform(names => new Map(Object.entries(names))),
        )
        .transform(vendors => new Map(Object.entries(vendors)))
        .meta({ title: '`{ VENDOR: { TYPE: LIKE } }`' })
        .optional()
        .describe(
          "What a type that no table has is like: `{ opal: { BREAK_GLASS_ENGAGED: 'SESSION_STARTED' } }`. The name is the one under which it is counted as unmapped.",
        ),
      version: z.enum(versions).default('1.8.0').describe('The version of OCSF that is written.'),
    })
    .strict(),
  speaksOf: ({ types = new Map() }) => new Map([...types.keys()].map(vendor => [`types.${vendor}`, vendor])),
  create: ({ clock, mapping }, options) => ({
    process: records => {
      const settings = { ...options, now: clock.now() };
      return { records: records.flatMap(record => eventsOf(record, mapping(record.origin.type), settings)) };
    },
  }),
});
