// A vendor of one's own works in a folder of one's own: the example, copied to where there is no Tributary and no
// `node_modules`, reads a server that speaks Acme's API.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isObject } from '../../src/json.ts';
import type { JsonObject } from '../../src/model.ts';
import { type Loopback, serve } from '../support/loopback.ts';
import { type Place, place, tributary } from '../support/program.ts';

const EXAMPLE = resolve(import.meta.dirname, '../../examples/acme');
const KEY = 'a-made-up-acme-key';

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
const EVENTS: readonly JsonObject[] = Array.from({ length: 60 }, (_, i) => ({
  id: `evt_${i}`,
  at: hoursAgo(60 - i),
  type: ['login', 'project.created', 'member.added', 'quota.exceeded'][i % 4]!,
  actor: { id: 'usr_1', email: 'ada@initech.example' },
  project: { id: 'prj_7', name: 'apollo' },
  member: { id: 'usr_2' },
}));

let vendor: Loopback;
let here: Place;

beforeAll(async () => {
  vendor = await serve((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', vendor.url);
    const allowed = request.headers['x-acme-key'] === KEY && pathname === '/v1/organizations/initech/audit';
    const [from = '', to = ''] = [searchParams.get('from') ?? '', searchParams.get('to') ?? ''];
    const found = EVENTS.filter(({ at }) => String(at) >= from && String(at) < to);
    const start = Number(searchParams.get('after') ?? 0);
    const end = start + 20;
    const page = { events: found.slice(start, end), next: end < found.length ? String(end) : null };
    response
      .writeHead(allowed ? 200 : 401, { 'content-type': 'application/json' })
      .end(JSON.stringify(allowed ? page : { error: 'no' }));
  });
  here = place('');
  cpSync(EXAMPLE, join(here.folder, 'acme'), { recursive: true });
  const config = readFileSync(join(EXAMPLE, 'pipeline.config.ts'), 'utf8')
    .replace("'./index.ts'", "'./acme/index.ts'")
    .replace("since: '30d' })", `since: '4d', baseUrl: '${vendor.url}' })`)
    .replace(/^ {4}opal: .*\n/m, '')
    .replace("['acme', 'opal']", "['acme']");
  writeFileSync(here.config, config);
});
afterAll(async () => {
  await vendor.close();
  here.remove();
});

test('it reads all that its vendor has, each event once, as OCSF', async () => {
  const { code, stderr } = await tributary(['once', '-c', here.config], {
    env: { ACME_API_KEY: KEY },
    cwd: here.folder,
  }).ended;
  expect(code, stderr).toBe(0);
  expect(stderr).not.toMatch(/warning/i);
  const events = here.lines('archive').map(line => JSON.parse(line) as JsonObject);
  const ids = events.map(({ metadata }) => isObject(metadata!) && metadata.original_event_uid);
  expect(ids.sort()).toEqual(EVENTS.map(({ id }) => id).sort());
  expect([...new Set(events.map(event => event.class_uid))].sort()).toEqual([3002, 3004, 3006]);
});
