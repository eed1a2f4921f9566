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
        .describe("Whether the vendor's own words travel in `raw_data`, as size and SHA-256 only, or not at all."),
      severity: z
        .enum(['table', 'informational'])
        .default('table')
        .describe('Severity by the table of the mapping, or 1 Informational on everything.'),
      fanout: z.boolean().default(true).describe('Whether sub-events become events of their own.'),
      version: z.enum(versions).default('1.8.0').describe('The version of OCSF that is written.'),
    })
    .strict(),
  create: ({ clock, mapping }, options) => ({
    process: records => {
      const settings = { ...options, now: clock.now() };
      return { records: records.flatMap(record => eventsOf(record, mapping(record.origin.type), settings)) };
    },
  }),
});
