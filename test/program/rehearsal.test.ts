// Rehearsing a receiver, as a person does it: the real program against simulated vendors. What was recorded reads again as it
// read the first time, and no state is touched.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { simulator } from '../../receivers/onepassword/simulator.ts';
import type { JsonObject } from '../../src/model.ts';
import { readConversation } from '../../src/runtime/rehearsal/conversation.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Place, place, tributary } from '../support/program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const ACME = join(ROOT, 'examples/acme');

let vendor: Simulation;
let here: Place;

const configOf = (url: string) => `
  import { defineConfig, secret } from 'tributary';
  import { file } from 'tributary/exporters/file';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { onepassword } from 'tributary/receivers/onepassword';
  import { opaque } from 'tributary/receivers/opaque';
  export default defineConfig({
    receivers: {
      vaults: onepassword({ token: secret.env('TOKEN'), feed: 'auditevents', baseUrl: '${url}', pageSize: 20 }),
      files: opaque({ directory: './inbox', publicKey: './inbox.pem' }),
    },
    processors: { dedupe: dedupe(), normalize: normalize() },
    exporters: { archive: file({ path: './archive/{receiver}-{seq}.ndjson' }) },
    pipelines: { audit: { receivers: ['vaults', 'files'], processors: ['dedupe', 'normalize'], exporters: ['archive'] } },
  });`;

beforeAll(async () => {
  vendor = await simulator.start({ events: 200, seed: 7 });
  here = place(configOf(vendor.url));
  mkdirSync(join(here.folder, 'inbox'));
  cpSync(join(ROOT, 'receivers/opaque/fixtures/opaque.pem'), join(here.folder, 'inbox.pem'));
});
afterAll(async () => {
  await vendor.close();
  here.remove();
});

const run = (...args: readonly string[]) =>
  tributary(args, { cwd: here.folder, env: { TOKEN: vendor.credentials.token! } }).ended;
const offline = (...args: readonly string[]) => tributary(args, { cwd: here.folder }).ended;
const dev = (...args: readonly string[]) => run('dev', ...args);

const linesOf = (text: string) => text.split('\n').filter(Boolean);
const uidsIn = (lines: readonly string[]) =>
  lines.map(line => ((JSON.parse(line) as JsonObject).metadata as JsonObject).uid);

/** Every file of the folder, with when it was changed and a digest of what is in it. */
const stateIn = (folder: string): readonly (readonly [name: string, changed: number, digest: string])[] =>
  existsSync(folder)
    ? readdirSync(folder).map(name => {
        const path = join(folder, name);
        return [name, statSync(path).mtimeMs, createHash('sha256').update(readFileSync(path)).digest('hex')];
      })
    : [];

describe('a conversation with 1Password, which is asked by POST', () => {
  test('is recorded without its token, and is replayed as the same events with the same uids; no state is touched', async () => {
    const once = await run('once');
    expect(once.code, once.stderr).toBe(0);
    const before = stateIn(join(here.folder, '.tributary'));
    expect(before.map(([name]) => name)).toContain('state.db');

    const recorded = await dev('record', 'vaults', '--out', 'talk/', '--pages', '50');
    expect(recorded.code, recorded.stderr).toBe(0);
    expect(recorded.stdout).toBe('');
    expect(recorded.stderr).toMatch(/replayed: the same \d\d+ events\n$/);
    const text = readFileSync(join(here.folder, 'talk/conversation.json'), 'utf8');
    expect(text).not.toContain(vendor.credentials.token);
    const { exchanges, cut } = readConversation(text);
    expect(cut).toBeUndefined();
    expect(new Set(exchanges.map(({ request }) => request.method))).toEqual(new Set(['GET', 'POST']));

    const file = join(here.folder, 'talk/conversation.json');
    const replayed = await offline('dev', 'replay', file, '-c', here.config);
    expect(replayed.code, replayed.stderr).toBe(0);
    const delivered = here.lines('archive');
    expect(uidsIn(linesOf(replayed.stdout)).sort()).toEqual(uidsIn(delivered).sort());
    const asRecorded = await offline('dev', 'replay', file);
    expect(asRecorded.stdout).toBe(replayed.stdout);

    await dev('test', 'vaults');
    await dev('test', 'vaults', '--since', '1d');
    expect(stateIn(join(here.folder, '.tributary'))).toEqual(before);
    for (const name of ['talk', 'talk/conversation.json', 'talk/expected.ndjson'])
      expect(statSync(join(here.folder, name)).mode & 0o077, name).toBe(0);
  });

  test('another request than was recorded ends the replay, and what differs is shown', async () => {
    const file = join(here.folder, 'talk/conversation.json');
    writeFileSync(join(here.folder, 'other.config.ts'), configOf(vendor.url).replace('pageSize: 20', 'pageSize: 21'));
    const { code, stdout, stderr } = await offline('dev', 'replay', file, '-c', 'other.config.ts');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('request 2 was not recorded: POST /api/v2/auditevents {"limit":21');
    expect(stderr).toContain('  @ /body/limit\n  - 20\n  + 21');
  });

  test('with made-up people the uids stay; names, mail and IP addresses go', async () => {
    const recorded = await dev('record', 'vaults', '--out', 'people.json', '--people', '--pages', '2');
    expect(recorded.code, recorded.stderr).toBe(0);
    expect(recorded.stderr).toMatch(/the vendor has more\nreplayed: the same 40 uids\n/);
    const [real, made] = ['talk/conversation.json', 'people.json'].map(name =>
      readFileSync(join(here.folder, name), 'utf8'),
    );
    const mails = new Set(real!.match(/[\w.]+@[\w.]+/g));
    expect(mails.size).toBeGreaterThan(3);
    for (const mail of mails) expect(made).not.toContain(mail);
    const names = new Set([...real!.matchAll(/"name": "([^"]+ [^"]+)"/g)].map(([, name]) => name!));
    expect(names.size).toBeGreaterThan(3);
    for (const name of names) expect(made).not.toContain(name);
  });
});

describe('dev test', () => {
  test('says what one page has, without a line of it', async () => {
    const { code, stdout, stderr } = await dev('test', 'vaults', '--json');
    expect([code, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ receiver: 'vaults', records: 20, events: 20, more: true, dead_letters: 0 });
    expect(report.requests.map(({ status }: { status: number }) => status)).toEqual([200, 200]);
    expect(Object.values(report.classes as Record<string, number>).reduce((a, b) => a + b)).toBe(20);
    expect(Date.parse(report.first)).toBeLessThan(Date.parse(report.last));
    expect((await dev('test', 'vaults')).stdout).toMatch(/^records +20, from .*; the vendor has more$/m);
  });

  test('a refused credential: exit 1, with the code and what to do', async () => {
    const { code, stderr } = await tributary(['dev', 'test', 'vaults'], {
      cwd: here.folder,
      env: { TOKEN: 'not-that-one' },
    }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/401 .*\[E_HTTP_DENIED\]\n {2}Check the credential/);
    expect(stderr).not.toContain('not-that-one');
  });
});

test.each([
  [['test', 'nobody'], 2, "has no receiver 'nobody'; there are: vaults, files"],
  [['test', 'files'], 1, "'files' reads files, and asks nobody over HTTP"],
  [['record', 'files', '--out', 'x.json'], 1, 'tributary explain files'],
  [['record', 'vaults', '--out', 'people.json'], 1, 'is there already'],
  [['test', 'vaults', '--since', 'yesterday'], 2, "--since must be 'now'"],
  [['test', 'vaults', '--position', '{'], 2, '--position is not JSON'],
  [['test', 'vaults', '--pipeline', 'none'], 2, "is not in the pipeline 'none', but in: audit"],
  [['replay', 'inbox.pem'], 1, 'is no conversation: it is not JSON'],
  [['test-config'], 2, 'there is no case'],
])('dev %j is refused in words: exit %i', async (args, exit, told) => {
  const { code, stdout, stderr } = await dev(...args);
  expect([code, stdout]).toEqual([exit, '']);
  expect(stderr).toContain(told);
});

describe('dev test-config', () => {
  test('the example of an own vendor passes', async () => {
    const { code, stdout } = await tributary(['dev', 'test-config', ACME]).ended;
    expect([code, stdout]).toEqual([0, 'ok examples/acme/acme.test.json: 2 requests, 2 positions, 9 events\n']);
  });

  describe('a copy of it', () => {
    const folder = () => join(here.folder, 'acme');
    const change = (file: string, from: string | RegExp, to: string) => {
      const path = join(folder(), file);
      const text = readFileSync(path, 'utf8');
      expect(text).toMatch(from);
      writeFileSync(path, text.replace(from, to));
    };
    const played = async (...flags: readonly string[]) => {
      const { code, stdout } = await offline('dev', 'test-config', 'acme', ...flags);
      return { code, stdout };
    };
    const fresh = () => cpSync(ACME, folder(), { recursive: true, force: true });

    test('whose expectations are wrong fails with the field; --update mends it', async () => {
      fresh();
      change('recorded/expected.ndjson', '"activity_name":"Logon"', '"activity_name":"Logoff"');
      change('acme.test.json', '"cursor": "after 5"', '"cursor": "after 4"');
      const failed = await played();
      expect(failed.code).toBe(1);
      expect(failed.stdout).toMatch(/^FAILED acme\/acme.test.json: .*\n@@ Authentication [\w-]+ \(login\)\n/);
      expect(failed.stdout).toContain('  @ /activity_name\n  - "Logoff"\n  + "Logon"\n');
      expect(failed.stdout).toContain('  @ /0/at/live/cursor\n  - "after 4"\n  + "after 5"\n');
      expect((await played('--update')).code).toBe(0);
      expect((await played()).code).toBe(0);
    });

    test('whose mapping was changed fails with the event that is missing and the one that is there', async () => {
      fresh();
      change('pipeline.config.ts', "organization: 'initech', since", "organization: 'initech', pageSize: 100, since");
      const asked = await played();
      expect(asked.code).toBe(1);
      expect(asked.stdout).toContain('request 1 was not recorded');
      expect(asked.stdout).toContain('  @ /query/limit\n  - "500"\n  + "100"');

      fresh();
      change('recorded/expected.ndjson', /^.*\n/, '');
      expect((await played()).stdout).toMatch(/\n\+ not expected: Authentication/);
    });
  });
});
