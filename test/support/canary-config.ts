// A config in which every secret is a canary: each way in which a credential travels, each way in which a vendor or a sink
// can say it aloud, a processor that complains with the record's own words, queues, dead letters, and our own telemetry.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canary } from './canary.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** How a vendor treats the receiver of that name. `echo` answers; all of them quote the credential. */
const MODES = ['echo', 'denied', 'server', 'limit', 'moved', 'html', 'cut', 'shape', 'request'];

/** The variables that the config names. */
const canaries: Readonly<Record<string, string>> = {
  T_TOKEN: canary('token'),
  T_USERINFO: canary('userinfo'),
  T_PROXIED: canary('proxied'),
  T_OUTSIDE: canary('outside'),
  T_MUTUAL: canary('mutual'),
  T_HEADER: canary('header'),
  T_PASSWORD: canary('password'),
  T_KEY: canary('key'),
  T_SECRET: canary('secret'),
  T_OPAL: canary('opal'),
  ...Object.fromEntries(MODES.map(mode => [`T_${mode.toUpperCase()}`, canary(mode)])),
  T_MOVED: 'HoQanariaHostX9Qanaria', // the name of a host can hold this one
  T_SINK: `Bearer ${canary('sink')}`,
  T_OWN: `Bearer ${canary('own')}`,
};

const WAYS = ['header', 'basic', 'exchange'];
const receivers = [...MODES, ...WAYS, 'userinfo', 'proxied', 'outside', 'mutual', 'opal', 'vaults', 'changes'];

/** Writes it into a folder, with the one secret that is a file. @param url of the vendor and the sinks */
export const writeCanaryConfig = (folder: string, url: string): string => {
  mkdirSync(join(folder, 'held'));
  writeFileSync(join(folder, 'held/token'), canary('file'), { mode: 0o600 });
  writeFileSync(join(folder, 'key.pem'), `-----BEGIN PRIVATE KEY-----\n${canary('pem')}\n-----END PRIVATE KEY-----\n`);
  writeFileSync(join(folder, 'opaque.config.ts'), OPAQUE);
  const path = join(folder, 'pipeline.config.ts');
  writeFileSync(path, textOf(url));
  return path;
};

/** The variables of a run: the secrets, and a proxy that wants a password. */
export const environmentOf = (url: string): Readonly<Record<string, string>> => ({
  ...canaries,
  HTTPS_PROXY: url.replace('//', `//me:${encodeURIComponent(canary('outer'))}@`),
});

/** A private key in the place of a public one. */
const OPAQUE = `
import { defineConfig } from 'tributary';
import { stdout } from 'tributary/exporters/stdout';
import { opaque } from 'tributary/receivers/opaque';

export default defineConfig({
  receivers: { opaque: opaque({ directory: '.', publicKey: './key.pem' }) },
  exporters: { out: stdout() },
  pipelines: { all: { receivers: ['opaque'], exporters: ['out'], repeats: 'allow' } },
});
`;

/** What of the folder has canaries because a person put them there. */
export const isOurs = (name: string): boolean => /^(pipeline\.config\.ts|held\/token|key\.pem)$/.test(name);

const textOf = (url: string) => `
import { join } from 'node:path';
import { basic, bearer, cursor, defineConfig, defineHttpReceiver, exchange, header, httpOptions, queued, secret, textOf, z } from 'tributary';
import { file } from 'tributary/exporters/file';
import { otlp } from 'tributary/exporters/otlp';
import { apply } from 'tributary/processors/apply';
import { dedupe } from 'tributary/processors/dedupe';
import { normalize } from 'tributary/processors/normalize';
import { endorLabs } from 'tributary/receivers/endor-labs';
import { onepassword } from 'tributary/receivers/onepassword';
import { opal } from 'tributary/receivers/opal';
import { mapping } from '${ROOT}/examples/acme/ocsf.ts';

const url = '${url}';
const token = secret.env('T_TOKEN');
const WAYS = {
  bearer: base => bearer(secret.env('T_' + base.split('/').at(-1).toUpperCase())),
  file: () => bearer(secret.file(join(import.meta.dirname, 'held/token'))),
  header: () => header('x-key', secret.env('T_HEADER')),
  basic: () => basic('me', secret.env('T_PASSWORD')),
  exchange: base => exchange({ url: base + '/token', secrets: { key: secret.env('T_KEY'), secret: secret.env('T_SECRET') } }),
};

const vendor = defineHttpReceiver({
  type: 'canary',
  options: z.strictObject({ base: z.url(), way: z.string().default('bearer'), ...httpOptions }),
  page: z.object({ events: z.array(z.unknown()), next: z.string().nullish() }),
  items: page => page.events,
  lead: page => ({ next: page.next ?? null }),
  identify: event => ({ id: textOf(event, 'id'), time: textOf(event, 'at') }),
  ocsf: mapping,
  repeats: () => 0,
  api: o => ({
    base: o.base,
    feed: new URL(o.base).pathname.slice(1),
    every: 60_000,
    auth: WAYS[o.way](o.base),
    http: { proxy: o.proxy, tls: o.tls },
    walk: cursor({ since: () => 0, onLost: 'hold' }),
    request: ({ cursor: after }) => ({ path: '/page', query: { after } }),
  }),
});

const echo = (mode, options = {}) => vendor({ base: url + '/' + mode, ...options });
const headers = { authorization: secret.env('T_SINK') };

export default defineConfig({
  receivers: {
    ${MODES.map(mode => `${mode}: echo('${mode}'${mode === 'echo' ? ", { way: 'file' }" : ''}),`).join('\n    ')}
    header: echo('header', { way: 'header' }),
    basic: echo('basic', { way: 'basic' }),
    exchange: echo('exchange', { way: 'exchange' }),
    userinfo: vendor({ base: url.replace('//', '//me:${encodeURIComponent(canary('user'))}@') + '/userinfo' }),
    proxied: vendor({ base: 'https://vendor.example/proxied', proxy: url.replace('//', '//me:${encodeURIComponent(canary('proxy'))}@') }),
    outside: vendor({ base: 'https://vendor.example/outside' }), // by the proxy of the environment
    mutual: vendor({ base: 'https://vendor.example/mutual', tls: { cert: './key.pem', key: './key.pem' } }),
    opal: opal({ apiKey: secret.env('T_OPAL'), baseUrl: url + '/denied/v1' }),
    vaults: onepassword({ token, feed: 'auditevents', baseUrl: url }),
    changes: endorLabs({ apiKey: secret.env('T_KEY'), apiSecret: secret.env('T_SECRET'), namespace: 'acme', log: 'audit-logs', baseUrl: url }),
  },
  processors: {
    dedupe: dedupe(),
    normalize: normalize(),
    picky: apply(records => {
      const odd = records.find(({ id }) => id.startsWith('rec-3'));
      if (odd) throw new Error('cannot read ' + JSON.stringify(odd.raw));
      return records;
    }),
  },
  exporters: {
    archive: file({ path: './archive/{receiver}-{seq}.ndjson' }),
    picky: queued(otlp({ endpoint: url + '/sink/picky', headers, protocol: 'http/json' }), { limit: '1GiB' }),
    partial: otlp({ endpoint: url + '/sink/partial', headers, protocol: 'http/json' }),
    denied: queued(otlp({ endpoint: url + '/sink/denied', headers, protocol: 'http/json' }), { limit: '1GiB' }),
  },
  pipelines: {
    audit: {
      receivers: ${JSON.stringify(receivers)},
      processors: ['dedupe', 'normalize', 'picky'],
      exporters: ['archive', 'picky', 'partial', 'denied'],
      repeats: 'allow',
    },
  },
  engine: {
    grace: '2s',
    health: '127.0.0.1:0',
    status: '127.0.0.1:0',
    telemetry: { endpoint: url + '/sink/own', headers: { authorization: secret.env('T_OWN') }, every: '1s' },
  },
});
`;
