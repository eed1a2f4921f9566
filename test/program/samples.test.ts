// The public pages of 1Password, played as a conversation to the real program: what comes out is valid OCSF by the
// independent validator, and no event is left to the fallback. Left out where ../shared is not there.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Json } from '../../src/model.ts';
import { serve } from '../support/loopback.ts';
import { place, tributary } from '../support/program.ts';

const SHARED = new URL('../../../shared/', import.meta.url);
const sample = (name: string) => readFileSync(new URL(`samples/onepassword/demisto.${name}.json`, SHARED), 'utf8');

const config = (url: string) => `
  import { defineConfig, secret } from 'tributary';
  import { onepassword } from 'tributary/receivers/onepassword';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { file } from 'tributary/exporters/file';
  export default defineConfig({
    receivers: {
      vaults: onepassword({ token: secret.env('TOKEN'), feed: 'auditevents', baseUrl: '${url}', since: '2024-12-01' }),
    },
    processors: { dedupe: dedupe(), normalize: normalize() },
    exporters: { out: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
    pipelines: { audit: { receivers: ['vaults'], processors: ['dedupe', 'normalize'], exporters: ['out'] } },
  });`;

test.skipIf(!existsSync(SHARED))('the public samples come out as valid OCSF without a fallback', async () => {
  const pages = [sample('auditevents_response_1'), sample('auditevents_response_2')];
  const asked: Json[] = [];
  const vendor = await serve((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/api/v2/auth/introspect') return void response.end(sample('introspection_response'));
    request.setEncoding('utf8').once('data', (body: string) => {
      response.end(pages[asked.length]);
      asked.push(JSON.parse(body));
    });
  });
  const made = place(config(vendor.url));
  try {
    const { code, stderr } = await tributary(['once', '-c', made.config], { env: { TOKEN: 't' } }).ended;
    expect(code, stderr).toBe(0);
    expect(asked).toEqual([{ limit: 1000, start_time: '2024-12-01T00:00:00.000Z' }, { cursor: 'qwerty4567' }]);

    const events = made.lines('audit').map(line => JSON.parse(line));
    const items = pages.flatMap(page => JSON.parse(page).items as { uuid: string }[]);
    expect(events.map(event => event.metadata.original_event_uid)).toEqual(items.map(item => item.uuid));
    const { loadSchema, validateEvent } = await import(new URL('ocsf/validate.mjs', SHARED).href);
    const schema = loadSchema(new URL('ocsf/schema-1.8.0.json', SHARED).pathname);
    for (const event of events) expect(validateEvent(event, schema, { strict: true })).toEqual([]);

    const { stdout } = await tributary(['dev', 'drift', '-c', made.config, '--json']).ended;
    const notes = stdout
      .split('\n')
      .filter(Boolean)
      .map(line => JSON.parse(line) as { kind: string });
    expect(notes.filter(({ kind }) => kind !== 'field')).toEqual([]); // no type without a rule, nothing that failed
  } finally {
    made.remove();
    await vendor.close();
  }
});
