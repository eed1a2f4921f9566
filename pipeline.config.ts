// What runs here: the only file that an operator edits. Try it with `npm run -s tributary -- check`, then `run`.
// Not every vendor is yours? Delete the receivers that you do not need, their lines above, and their names in `pipelines`.
import { defineConfig, secret } from 'tributary';
import { file } from 'tributary/exporters/file';
import { otlp } from 'tributary/exporters/otlp';
import { dedupe } from 'tributary/processors/dedupe';
import { normalize } from 'tributary/processors/normalize';
import { endorLabs } from 'tributary/receivers/endor-labs';
import { onepassword } from 'tributary/receivers/onepassword';
import { opal } from 'tributary/receivers/opal';
import { opaque } from 'tributary/receivers/opaque';

// Secrets are named here and read when a request is made. `secret.file('/run/secrets/opal')` reads one from a file.
// How to get each of them: receivers/VENDOR/README.md, "Set-up at the vendor".
const onepasswordToken = secret.env('ONEPASSWORD_EVENTS_TOKEN');
const endorTenant = {
  apiKey: secret.env('ENDOR_API_KEY'),
  apiSecret: secret.env('ENDOR_API_SECRET'),
  namespace: 'acme', // yours
} as const;

export default defineConfig({
  // Each begins with all that its vendor still keeps; `since: 'now'` or `since: '7d'` reads less of the past.
  receivers: {
    opal: opal({ apiKey: secret.env('OPAL_API_KEY') }),

    // One receiver for each feed that the token has.
    vaults: onepassword({ token: onepasswordToken, feed: 'auditevents' }),
    signins: onepassword({ token: onepasswordToken, feed: 'signinattempts' }),
    items: onepassword({ token: onepasswordToken, feed: 'itemusages' }),

    changes: endorLabs({ ...endorTenant, log: 'audit-logs', exclude: ['UITelemetry', 'UserTelemetry'] }),
    logins: endorLabs({ ...endorTenant, log: 'authentication-logs' }),

    // Opaque has no API for its log: drop the signed archives that its console exports into this folder. The folder and
    // the key must be there before the start.
    opaque: opaque({ directory: './inbox/opaque', publicKey: './inbox/opaque.pem' }),
  },

  processors: {
    dedupe: dedupe(), // receivers read again on purpose, so that nothing late is missed: this lets each event pass once
    normalize: normalize(), // OCSF 1.8.0; the vendor's own words travel in `raw_data`
  },

  exporters: {
    collector: otlp({ endpoint: 'http://127.0.0.1:4318' }), // an OpenTelemetry Collector next door: docs/otlp.md
    archive: file({ path: './archive/{receiver}/{day}-{seq}.ndjson.gz' }),
  },

  pipelines: {
    audit: {
      receivers: ['opal', 'vaults', 'signins', 'items', 'changes', 'logins', 'opaque'],
      processors: ['dedupe', 'normalize'],
      exporters: ['collector', 'archive'],
    },
  },

  // State (what was read and delivered) is in `.tributary/` beside this file: keep it, and keep it to one process.
});
