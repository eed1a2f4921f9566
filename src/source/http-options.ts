// Options that receivers of one kind have in common, said once.
import { z } from 'zod';
import { bytes, duration, HOUR, MINUTE, SECOND, tlsOptions } from '../options.ts';

/** Options that every polling receiver has. */
export const pollOptions = {
  every: duration({ min: '1s' })
    .default(60 * SECOND)
    .describe('How often a quiet vendor is asked.'),
};

/** Options that every receiver has whose vendor filters by time: how `windows` reads its history. */
export const windowOptions = {
  overlap: duration({ min: '1s', max: '23h' })
    .default(5 * MINUTE)
    .describe('How far each reading reaches back, for events that appear late.'),
  settle: duration({ max: '1h' })
    .default(30 * SECOND)
    .describe("How far a reading ends behind the vendor's clock."),
  sweep: z
    .union([
      z.literal(false),
      z.strictObject({
        behind: duration({ min: '1m', max: '365d' })
          .default(24 * HOUR)
          .describe('How old an hour is when it is read once more.'),
      }),
    ])
    .default({ behind: 24 * HOUR })
    .describe('Reads each hour once more when it is so old, for what appeared later still. `false` turns it off.'),
};

/** Options of the HTTP client that every such receiver has. */
export const httpOptions = {
  timeout: duration({ min: '1s' })
    .default(30 * SECOND)
    .describe('How long one request may take.'),
  bodyLimit: bytes({ min: '1KiB', max: '1GiB' })
    .default(64 * 2 ** 20)
    .describe('The largest answer, after decompression.'),
  proxy: z
    .url()
    .optional()
    .describe('Address of a proxy. When absent: `HTTPS_PROXY` and `NO_PROXY` of the environment.'),
  tls: tlsOptions().optional().describe('Own authorities, and our certificate for mutual TLS.'),
};
