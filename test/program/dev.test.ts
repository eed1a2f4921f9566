// The commands for work on mappings, and `verify`, as a person meets them: the real program, its output and its exit code.
import { execFileSync, spawnSync } from 'node:child_process';
import { createSign, type KeyObject } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { simulator } from '../../receivers/onepassword/simulator.ts';
import type { Json, JsonObject } from '../../src/model.ts';
import type { Conversation } from '../../src/runtime/rehearsal/conversation.ts';
import { readNotes } from '../../src/runtime/state/notes-sqlite.ts';
import { csv, KEYS, QUERY, rows, saved, signed, zip } from '../support/opaque.ts';
import { type Place, place, tributary } from '../support/program.ts';

const places: Place[] = [];
afterAll(() => {
  for (const each of places) each.remove();
});
const here = (config: string): Place => {
  const made = place(config);
  places.push(made);
  return made;
};
/** The state of the demo, as a config names it; of the rest nothing is looked at. */
const STATE = `
  import { defineConfig, sqlite } from 'tributary';
  export default defineConfig({
    receivers: {}, exporters: {}, pipelines: {}, engine: { state: sqlite({ path: 'out/.tributary' }) },
  });`;
const linesOf = (text: string): readonly JsonObject[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as JsonObject);

describe('dev drift', () => {
  test('shows the types that the demo could not map, the fields, and no text of a record', async () => {
    const made = here(STATE);
    const demo = await tributary(['demo', '--once', '--events', '400', '--file', join(made.folder, 'out')]).ended;
    expect(demo.code).toBe(0);
    const told = [...demo.stderr.matchAll(/unmapped types: (.*)/g)].flatMap(([, list]) =>
      [...list!.matchAll(/(\S+) \((\d+)\)/g)].map(([, type, n]) => [type, Number(n)] as const),
    );
    expect(told.length).toBeGreaterThan(0); // the simulators make types that nobody has a row for

    const json = await tributary(['dev', 'drift', '--json', '-c', made.config]).ended;
    expect([json.code, json.stderr]).toEqual([0, '']);
    const notes = linesOf(json.stdout);
    expect(notes.filter(n => n.kind === 'type').map(n => [n.what, n.count])).toEqual(
      expect.arrayContaining(told.slice()),
    );
    expect(new Set(notes.map(n => n.vendor))).toEqual(new Set(['endor-labs', 'onepassword', 'opal', 'opaque']));
    expect(notes.some(n => n.kind === 'field')).toBe(true);
    for (const { example } of notes) expect(example).not.toMatch(/[a-z]+@example|[1-9]\d*\.[1-9]/i);

    const table = await tributary(['dev', 'drift', '-c', made.config]).ended;
    expect(table.code).toBe(0);
    const [head, ...body] = table.stdout.trimEnd().split('\n');
    expect(head).toMatch(/^vendor +feed +what +count +first +last +example$/);
    expect(body).toHaveLength(notes.length);
    for (const [type, n] of told) expect(table.stdout).toMatch(new RegExp(`type ${type} +${n} `));
    expect(table.stderr).toContain('tributary dev drift --json');
  });

  test('says so when there is none, and what is wrong when it cannot look', async () => {
    const none = await tributary(['dev', 'drift', '-c', here(STATE).config]).ended;
    expect([none.code, none.stdout]).toEqual([0, '']);
    expect(none.stderr).toContain('No drift');
    const lost = await tributary(['dev', 'drift', '-c', '/nonexistent.config.ts']).ended;
    expect([lost.code, lost.stdout]).toEqual([1, '']);
    expect(lost.stderr).toMatch(/^there is no \/nonexistent/);
  });
});

describe('a gap', () => {
  test('is said at the end of `once` and kept in the notes', async () => {
    const now = Date.now();
    const vendor = await simulator.start({ events: 50, seed: 3, now: () => now });
    try {
      const made = here(`
        import { defineConfig, secret, sqlite } from 'tributary';
        import { onepassword } from 'tributary/receivers/onepassword';
        import { dedupe } from 'tributary/processors/dedupe';
        import { stdout } from 'tributary/exporters/stdout';
        export default defineConfig({
          receivers: { vaults: onepassword({ token: secret.env('TOKEN'), feed: 'auditevents', baseUrl: '${vendor.url}', since: '200d' }) },
          processors: { dedupe: dedupe() },
          exporters: { out: stdout() },
          pipelines: { audit: { receivers: ['vaults'], processors: ['dedupe'], exporters: ['out'] } },
        });`);
      const { code, stderr } = await tributary(['once', '-c', made.config], {
        env: { TOKEN: vendor.credentials.token! },
      }).ended;
      expect([code, stderr]).toEqual([0, expect.anything()]);
      const [, from, to] = /^gap: vaults (\S+) to (\S+): the vendor no longer keeps all of it$/m.exec(stderr) ?? [];
      expect(readNotes(join(made.folder, '.tributary')).gaps).toEqual([
        expect.objectContaining({ receiver: 'vaults', from: Date.parse(from!), to: Date.parse(to!) }),
      ]);
      expect(Math.round((Date.parse(to!) - Date.parse(from!)) / 86_400_000)).toBe(80);
    } finally {
      await vendor.close();
    }
  });
});

// ---- Records at hand ----

const RECEIVERS = new URL('../../receivers/', import.meta.url);
const fixture = (vendor: string, name: string) => new URL(`${vendor}/fixtures/${name}`, RECEIVERS);
const vendors = readdirSync(RECEIVERS).filter(name => existsSync(fixture(name, 'expected.ndjson')));
const expectedOf = (vendor: string) => readFileSync(fixture(vendor, 'expected.ndjson'), 'utf8');

/** The vendor's own pages where a conversation has them, else the records as they travel in `raw_data`; and the flags. */
const atHand = (vendor: string): { readonly input: string; readonly flags: readonly string[] } => {
  const lines = (values: readonly unknown[]) => values.map(value => `${JSON.stringify(value)}\n`).join('');
  if (!existsSync(fixture(vendor, 'conversation.json'))) {
    const [first, ...rest] = linesOf(expectedOf(vendor));
    const tenant = (first!.metadata as JsonObject).tenant_uid;
    const input = [first!, ...rest].map(event => `${event.raw_data}\n`).join('');
    return { input, flags: ['--vendor', vendor, ...(tenant ? ['--tenant', String(tenant)] : [])] };
  }
  const { options, exchanges } = JSON.parse(readFileSync(fixture(vendor, 'conversation.json'), 'utf8')) as Conversation;
  const { feed, log, namespace } = options as Readonly<Record<string, Json | undefined>>;
  const pages = exchanges.filter(({ request }) => !/auth/.test(request.path)).map(({ response }) => response.body);
  const flags = Object.entries({ feed: feed ?? log, tenant: namespace }).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, String(value)],
  );
  return { input: lines(pages), flags: ['--vendor', vendor, ...flags] };
};

/**
 * Each event once, in an order of its own, without the times of our clock. Where the site is a folder, the uid that was
 * made of it is another one, too.
 */
const comparable = (events: readonly JsonObject[], vendor: string) => {
  const folder = !existsSync(fixture(vendor, 'conversation.json'));
  const texts = events.map(event => {
    const { logged_time: _, processed_time: __, uid, ...metadata } = event.metadata as JsonObject;
    const { labels } = metadata;
    const ours = Array.isArray(labels) && labels.includes('time:observed') ? { time: 0 } : {};
    return JSON.stringify({ ...event, ...ours, metadata: folder ? metadata : { uid, ...metadata } });
  });
  return [...new Set(texts)].sort().map(text => JSON.parse(text) as JsonObject);
};

describe('dev normalize', () => {
  test.each(vendors)('reads the fixtures of %s as the pipeline does', async vendor => {
    const { input, flags } = atHand(vendor);
    const { code, stdout, stderr } = await tributary(['dev', 'normalize', ...flags], { input }).ended;
    expect(code).toBe(0);
    expect(comparable(linesOf(stdout), vendor)).toEqual(comparable(linesOf(expectedOf(vendor)), vendor));
    expect(stderr).toMatch(/^\d+ records?, \d+ events?, \d+ by the fallback\n/);
  });

  test('takes a JSON list, one a line, and a page; tells what it cannot read, and what has no row', async () => {
    const record = { event_id: 'a', event_type: 'TEAPOT_POLISHED', created_at: '2026-01-14T09:00:00Z' };
    const run = async (input: string) => {
      const { code, stdout, stderr } = await tributary(['dev', 'normalize', '--vendor', 'opal'], { input }).ended;
      return { code, ids: linesOf(stdout).map(e => (e.metadata as JsonObject).original_event_uid), stderr };
    };
    const page = await run(JSON.stringify({ results: [record, { ...record, event_id: 'b' }], next: null }));
    expect([page.code, page.ids]).toEqual([0, ['a', 'b']]);
    expect(page.stderr).toBe(
      '2 records, 2 events, 2 by the fallback\n       2  no row for the type: TEAPOT_POLISHED\n',
    );
    expect((await run(JSON.stringify([record]))).ids).toEqual(['a']);
    const broken = await run(`${JSON.stringify(record)}\n{"event_id":\n`);
    expect([broken.code, broken.ids]).toEqual([1, ['a']]);
    expect(broken.stderr).toMatch(/^stdin:2: is not JSON/);
  });

  test.each([
    [['--vendor', 'opel'], "there is no vendor 'opel'; there are: endor-labs, onepassword, opal, opaque"],
    [['--vendor', 'onepassword'], 'say which: --feed auditevents|signinattempts|itemusages'],
    [['--vendor', 'endor-labs', '--feed', 'audit'], "has no log 'audit'; there are: audit-logs, authentication-logs"],
    [['--vendor', 'opal', '--feed', 'events'], 'leave --feed out'],
    [[], '--vendor'],
  ])('%j is wrong usage: exit 2', async (flags, told) => {
    const { code, stdout, stderr } = await tributary(['dev', 'normalize', ...flags], { input: '[]' }).ended;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(told);
  });

  test.each([
    ['dev normalize', ['dev', 'normalize', '--vendor', 'opal']],
    ['dev validate', ['dev', 'validate']],
  ])('%s ends quietly when nobody reads any more', async (_, args) => {
    const input = `${JSON.stringify({ event_id: 'a' })}\n`.repeat(20_000);
    const program = tributary(args, { input });
    program.child.stdout!.destroy();
    const { code, signal, stderr } = await program.ended;
    expect([code, signal]).toEqual([args.includes('validate') ? 1 : 0, null]); // invalid they are all the same
    expect(stderr).not.toMatch(/EPIPE|Error| {4}at /);
  });
});

describe('dev validate', () => {
  const good = vendors.map(expectedOf).join('');

  test('valid events: exit 0, and nothing on standard output', async () => {
    const { code, stdout, stderr } = await tributary(['dev', 'validate'], { input: good }).ended;
    expect([code, stdout, stderr]).toEqual([0, '', `${linesOf(good).length} valid, 0 invalid\n`]);
  });

  test('each finding with its line and pointer: exit 1', async () => {
    const [first, second, third] = linesOf(good);
    const user = { ...(third!.metadata as JsonObject), hat: 'red' };
    const input = [first, { ...second, status_id: 77 }, { ...third, metadata: user }, 'no event', '']
      .map(value => (value === '' ? '{' : JSON.stringify(value)))
      .join('\n');
    const { code, stdout, stderr } = await tributary(['dev', 'validate'], { input }).ended;
    expect([code, stderr]).toEqual([1, '1 valid, 4 invalid\n']);
    for (const told of [
      /^stdin:2: \/status_id .*\[enum\]$/m,
      /^stdin:3: \/metadata\/hat .*\[attribute_unknown\]$/m,
      /^stdin:4: \/ .*\[not_an_object\]$/m,
      /^stdin:5: is not JSON/m,
    ])
      expect(stdout).toMatch(told);
    expect(stdout).not.toContain('stdin:1:');
  });

  test('nothing, or what is not text: exit 1', async () => {
    const nothing = await tributary(['dev', 'validate'], { input: '' }).ended;
    expect([nothing.code, nothing.stdout]).toEqual([1, 'stdin: is empty\n']);
    const bytes = await tributary(['dev', 'validate'], { input: Buffer.from([0x22, 0xff, 0x22]) }).ended;
    expect([bytes.code, bytes.stdout]).toEqual([1, '']);
    expect(bytes.stderr).toContain('not UTF-8');
  });
});

describe('verify', () => {
  const results = csv(rows(0, 20));
  const sign = (key: KeyObject) => createSign('sha256').update(results).update(QUERY).sign(key);
  const sound = { 'results.csv': results, 'audit_logs_query.txt': QUERY, 'signature.bin': sign(KEYS.rsa.privateKey) };
  const curve = { ...sound, 'signature.bin': sign(KEYS.ec.privateKey) };
  const tampered = { ...sound, 'results.csv': Buffer.from(results.toString().replace('success', 'failure')) };
  type Parts = typeof sound;

  /** What OpenSSL says of the unpacked parts; nothing where it is not installed. */
  const openssl = async (parts: Parts, key: string) => {
    const signature = await saved(parts['signature.bin']);
    const content = await saved(Buffer.concat([parts['results.csv'], parts['audit_logs_query.txt']]));
    const args = ['dgst', '-sha256', '-verify', key, '-signature', signature, content];
    const { stdout, status, error } = spawnSync('openssl', args, { encoding: 'utf8' });
    return error ? undefined : { line: stdout.split('\n')[0]!, code: status };
  };
  const installed = (() => {
    try {
      return execFileSync('openssl', ['version'], { encoding: 'utf8' }) !== '';
    } catch {
      return false;
    }
  })();

  test.each<[string, Parts, { readonly publicKey: string }, string, number]>([
    ['an archive signed with RSA', sound, KEYS.rsa, 'Verified OK', 0],
    ['one signed with EC', curve, KEYS.ec, 'Verified OK', 0],
    ['a changed row', tampered, KEYS.rsa, 'Verification failure', 1],
    ['a foreign key', sound, KEYS.other, 'Verification failure', 1],
  ])('%s: as OpenSSL answers', async (_, parts, pair, line, exit) => {
    const [archive, key] = [await saved(await zip(parts), 'export.zip'), await saved(pair.publicKey, 'key.pem')];
    const { code, stdout, stderr } = await tributary(['verify', archive, '--key', key]).ended;
    expect([code, stdout]).toEqual([exit, `${line}\n`]);
    expect(stderr).toMatch(exit === 0 ? /^$/ : /signature/);
    if (installed) expect(await openssl(parts, key)).toEqual({ line, code: exit });
  });

  if (!installed) test.skip('OpenSSL was not asked: it is not installed', () => {});

  test('several keys, before or after the archive; no archive, no key, no ZIP are said', async () => {
    const [archive, key] = [await saved(signed(results), 'export.zip'), await saved(KEYS.rsa.publicKey, 'key.pem')];
    const other = await saved(KEYS.other.publicKey, 'other.pem');
    const run = (...args: string[]) => tributary(['verify', ...args]).ended;
    expect(await run('--key', other, '--key', key, archive)).toMatchObject({ code: 0, stdout: 'Verified OK\n' });
    expect(await run(archive)).toMatchObject({ code: 2, stdout: '' });
    expect(await run('--key', key)).toMatchObject({ code: 2, stdout: '' });
    expect(await run(archive, '--key', '/nonexistent.pem')).toMatchObject({ code: 1, stdout: '' });
    expect(await run('/nonexistent.zip', '--key', key)).toMatchObject({ code: 1, stdout: '' });
    const text = await run(await saved('not a ZIP'), '--key', key);
    expect(text).toMatchObject({ code: 1, stdout: 'Verification failure\n' });
    expect(text.stderr).toContain('not a ZIP');
  });
});

test.each([['dev'], ['dev drift'], ['dev normalize'], ['dev validate'], ['verify']])(
  '%s --help: exit 0',
  async words => {
    const { code, stdout } = await tributary([...words.split(' '), '--help']).ended;
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: tributary ${words}`);
  },
);
