// What must not compile: each line below `@ts-expect-error` is a mistake that a user could make.
import { file } from '../../exporters/file/index.ts';
import { stdout } from '../../exporters/stdout/index.ts';
import { dedupe } from '../../processors/dedupe/index.ts';
import { onepassword } from '../../receivers/onepassword/index.ts';
import { opal } from '../../receivers/opal/index.ts';
import { defineConfig, queued, secret, sqlite } from '../../src/index.ts';

const apiKey = secret.env('OPAL_API_KEY');
const token = secret.file('/run/secrets/onepassword');
const receivers = { opal: opal({ apiKey }) };
const out = stdout();
const exporters = { out };

/** Right, so that the mistakes below are the only ones. */
export const fine = defineConfig({
  receivers: { ...receivers, vaults: onepassword({ token, feed: 'auditevents', since: 'now' }) },
  processors: { dedupe: dedupe({ remember: '14d' }) },
  exporters: {
    ...exporters,
    later: queued(stdout(), { limit: '2GiB' }),
    archive: file({ path: 'audit/{receiver}-{seq}.ndjson.gz', rotate: { size: '64MiB', every: '1h' } }),
  },
  pipelines: {
    audit: { receivers: ['opal', 'vaults'], processors: ['dedupe'], exporters: ['out', 'later', 'archive'] },
    copy: { receivers: ['opal'], exporters: ['out'], repeats: 'allow' },
  },
  engine: { state: sqlite({ path: './state' }), grace: '10s' },
});

// ---- Names ----

// @ts-expect-error a receiver that is not defined
defineConfig({ receivers, exporters, pipelines: { a: { receivers: ['opel'], exporters: ['out'] } } });
// @ts-expect-error a processor where none is defined
defineConfig({ receivers, exporters, pipelines: { a: { receivers: ['opal'], processors: ['dedupe'], exporters: ['out'] } } });
// @ts-expect-error an exporter that is not defined
defineConfig({ receivers, exporters, pipelines: { a: { receivers: ['opal'], exporters: ['archive'] } } });
// @ts-expect-error an exporter where a receiver belongs
defineConfig({ receivers: { opal: out }, exporters, pipelines: { a: { receivers: ['opal'], exporters: ['out'] } } });
// @ts-expect-error a pipeline without receivers
defineConfig({ receivers, exporters, pipelines: { a: { receivers: [], exporters: ['out'] } } });
// @ts-expect-error a pipeline without exporters
defineConfig({ receivers, exporters, pipelines: { a: { receivers: ['opal'], exporters: [] } } });
// @ts-expect-error no pipelines
defineConfig({ receivers, exporters });
// @ts-expect-error a word that is not `allow`
defineConfig({ receivers, exporters, pipelines: { a: { receivers: ['opal'], exporters: ['out'], repeats: true } } });

// ---- Options ----

// @ts-expect-error no options at all
opal();
// @ts-expect-error a credential is missing
opal({});
// @ts-expect-error a key in plain text
opal({ apiKey: 'sk-live-0123456789' });
// @ts-expect-error an option that is not there
opal({ apiKey, pagesize: 3 });
// @ts-expect-error not a duration
opal({ apiKey, every: '30 seconds' });
// @ts-expect-error not a duration either
opal({ apiKey, every: 30 });
// @ts-expect-error not a starting point
opal({ apiKey, since: 'yesterday' });
// @ts-expect-error the feed is missing
onepassword({ token });
// @ts-expect-error not one of the feeds
onepassword({ token, feed: 'audit' });
// @ts-expect-error the path is missing
file();
// @ts-expect-error not a size
file({ path: '{receiver}-{seq}', rotate: { size: '64 megabytes' } });
// @ts-expect-error not a duration
dedupe({ remember: '2 weeks' });
// @ts-expect-error a queue without a limit
queued(out);
// @ts-expect-error not a size
queued(out, { limit: '2 gigabytes' });
// @ts-expect-error a queue in front of a receiver
queued(receivers.opal, { limit: '2GiB' });
// @ts-expect-error a queue in front of a queue
queued(queued(out, { limit: '1GiB' }), { limit: '2GiB' });
// @ts-expect-error a number where a folder belongs
sqlite({ path: 3 });
