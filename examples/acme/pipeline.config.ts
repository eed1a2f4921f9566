// Runs a vendor of one's own beside Tributary's: `npm run -s tributary -- check -c examples/acme/pipeline.config.ts`.
import { defineConfig, secret } from 'tributary';
import { file } from 'tributary/exporters/file';
import { dedupe } from 'tributary/processors/dedupe';
import { normalize } from 'tributary/processors/normalize';
import { opal } from 'tributary/receivers/opal';
import { acme } from './index.ts';

export default defineConfig({
  receivers: {
    acme: acme({ apiKey: secret.env('ACME_API_KEY'), organization: 'initech', since: '30d' }),
    opal: opal({ apiKey: secret.env('OPAL_API_KEY'), since: '30d' }),
  },
  processors: { dedupe: dedupe(), normalize: normalize() },
  exporters: { archive: file({ path: './archive/{receiver}/{day}-{seq}.ndjson.gz' }) },
  pipelines: {
    audit: { receivers: ['acme', 'opal'], processors: ['dedupe', 'normalize'], exporters: ['archive'] },
  },
});
