// The config that is tortured: seven receivers of four vendors, to a file and a sink directly, and to others behind queues.
import { join } from 'node:path';
import { DAY } from '../../src/options.ts';
import { LIFE } from './sinks.ts';
import type { Vendors } from './vendors.ts';

export interface Ends {
  readonly collector: string;
  readonly later: string;
  /** Of the queues: a small one is full now and then. */
  readonly limit: string;
}

/** Which exporters write files, and where, below the folder of the config. */
export const FOLDERS = { archive: 'archive', vault: 'vault' } as const;

/** The secrets that it names, as an environment. */
export const secretsOf = ({ opal, onepassword, endor }: Vendors['vendors']): Readonly<Record<string, string>> => ({
  CHAOS_OPAL: opal.credentials.apiKey!,
  CHAOS_ONEPASSWORD: onepassword.credentials.token!,
  CHAOS_ENDOR_KEY: endor.credentials.apiKey!,
  CHAOS_ENDOR_SECRET: endor.credentials.apiSecret!,
});

export const configOf = ({ begin, vendors: { opal, onepassword, endor, opaque } }: Vendors, ends: Ends): string => `
  import { defineConfig, queued, secret } from 'tributary';
  import { endorLabs } from 'tributary/receivers/endor-labs';
  import { onepassword } from 'tributary/receivers/onepassword';
  import { opal } from 'tributary/receivers/opal';
  import { opaque } from 'tributary/receivers/opaque';
  import { apply, each } from 'tributary/processors/apply';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { file } from 'tributary/exporters/file';
  import { otlp } from 'tributary/exporters/otlp';
  import { isPoisoned } from '${join(import.meta.dirname, 'poison.ts')}';

  const usual = { since: '${new Date(begin - 8 * DAY).toISOString()}', every: '1s', pageSize: 50 };
  const windows = { settle: '1s', overlap: '10s' };
  const onePassword = feed => onepassword({
    ...usual, feed, token: secret.env('CHAOS_ONEPASSWORD'), baseUrl: '${onepassword.url}', onCursorLost: 'reseed', timeout: '4s',
  });
  const endor = log => endorLabs({
    ...usual, ...windows, log, baseUrl: '${endor.url}', namespace: '${endor.namespace}', traverse: true,
    apiKey: secret.env('CHAOS_ENDOR_KEY'), apiSecret: secret.env('CHAOS_ENDOR_SECRET'), timeout: '5s',
  });
  const rotate = { size: '4KiB', every: '5s' };
  const sink = endpoint => ({ endpoint, timeout: '8s', headers: { '${LIFE}': process.env.CHAOS_LIFE } });
  const receivers = {
    opal: opal({ ...usual, ...windows, apiKey: secret.env('CHAOS_OPAL'), baseUrl: '${opal.url}', timeout: '4s' }),
    'onepassword-audit': onePassword('auditevents'),
    'onepassword-signins': onePassword('signinattempts'),
    'onepassword-items': onePassword('itemusages'),
    endorAudit: endor('audit-logs'),
    endorLogins: endor('authentication-logs'),
    opaque: opaque({
      directory: '${opaque.url}', publicKey: '${join(opaque.url, '../opaque.pem')}', settle: '0s', every: '1s', pageSize: 50, keep: '5s',
    }),
  };
  const poison = each(record => {
    if (isPoisoned(record.id)) throw new Error('poison');
    return record;
  });

  export default defineConfig({
    receivers,
    processors: { dedupe: dedupe(), poison: apply(poison), normalize: normalize() },
    exporters: {
      archive: file({ path: '${FOLDERS.archive}/{receiver}-{seq}.ndjson.gz', rotate }),
      collector: otlp(sink('${ends.collector}')),
      later: queued(otlp({ ...sink('${ends.later}'), protocol: 'http/json', maxRecords: 40 }), { limit: '${ends.limit}' }),
      vault: queued(file({ path: '${FOLDERS.vault}/{receiver}/{day}-{seq}.ndjson', rotate }), { limit: '${ends.limit}' }),
    },
    pipelines: {
      audit: {
        receivers: Object.keys(receivers),
        processors: ['dedupe', 'poison', 'normalize'],
        exporters: ['archive', 'collector', 'later', 'vault'],
      },
    },
    engine: { deadLetters: 100000, status: false },
  });`;
