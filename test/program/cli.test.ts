// The command line as a person meets it: what it says, where, and with which exit code.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Place, place, tributary } from '../support/program.ts';

const EVENTS = 600;
const SECRET = 'an-apikey-that-nobody-may-see-0123456789';
let vendor: Simulation;
const places: Place[] = [];

beforeAll(async () => {
  const now = Date.now();
  vendor = await simulator.start({ events: EVENTS, seed: 7, now: () => now });
});
afterAll(async () => {
  await vendor.close();
  for (const each of places) each.remove();
});

/** A folder whose config reads the simulated Opal. */
const here = (
  more: { readonly exporters?: string; readonly state?: string; readonly receiver?: string } = {},
): Place => {
  const made = place(`
    import { defineConfig, secret, sqlite } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { normalize } from 'tributary/processors/normalize';
    import { file } from 'tributary/exporters/file';
    import { stdout } from 'tributary/exporters/stdout';
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', pageSize: 100, ${more.receiver ?? ''} }) },
      processors: { dedupe: dedupe(), normalize: normalize({ rawData: 'none' }) },
      exporters: { out: ${more.exporters ?? "file({ path: 'audit/{receiver}-{seq}.ndjson' })"} },
      pipelines: { audit: { receivers: ['opal'], processors: ['dedupe', 'normalize'], exporters: ['out'] } },
      engine: { ${more.state ? `state: sqlite({ path: '${more.state}' })` : ''} },
    });`);
  places.push(made);
  return made;
};
const right = () => ({ OPAL_KEY: vendor.credentials.apiKey! });
const idsOf = (lines: readonly string[]) =>
  new Set(
    lines.map(line => (JSON.parse(line) as { metadata: { original_event_uid: string } }).metadata.original_event_uid),
  );

describe('usage', () => {
  test.each([
    [['nonsense']],
    [['once', '--nonsense']],
    [['once', '--patience', 'soon']],
    [['demo', '--events', 'many']],
    [['demo', '--once', '--file', 'a', '--otlp', 'http://127.0.0.1:9']],
  ])('%j is wrong usage: exit 2', async args => {
    const { code, stdout, stderr } = await tributary(args).ended;
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).not.toBe('');
  });

  test.each([
    ['--help'],
    ['run', '--help'],
    ['once', '--help'],
    ['check', '--help'],
    ['demo', '--help'],
    ['simulate', '--help'],
    ['dead', 'ls', '--help'],
  ])('%s %s shows help: exit 0', async (...args) => {
    const { code, stdout } = await tributary(args.filter(Boolean)).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('Usage: tributary');
  });
});

describe('a config that is wrong', () => {
  test('shows all that is wrong at once, each with its place and line, and exits with 1', async () => {
    const made = place(`import { defineConfig, secret } from 'tributary';
import { opal } from 'tributary/receivers/opal';
import { onepassword } from 'tributary/receivers/onepassword';
import { file } from 'tributary/exporters/file';
export default defineConfig({
  receivers: {
    opal: opal({ apiKey: secret.env('NO_SUCH_VARIABLE'), pageSize: 5000, every: '30 seconds' }),
    vaults: onepassword({ token: 'a-token-in-plain-text', feed: 'audit' }),
    unused: opal({ apiKey: secret.file('/nonexistent/key') }),
  },
  exporters: { archive: file({ path: 'audit.ndjson' }) },
  pipelines: { audit: { receivers: ['opal', 'vault'], processors: ['dedupe'], exporters: [] } },
  engine: { grace: 5 },
});`);
    places.push(made);
    const { code, stdout, stderr } = await tributary(['check', '-c', made.config]).ended;
    expect(code).toBe(1);
    expect(stdout).toBe('');
    for (const told of [
      'receivers.opal.pageSize',
      'receivers.opal.every',
      'NO_SUCH_VARIABLE is not set (pipeline.config.ts:7)',
      'receivers.vaults.token',
      'receivers.vaults.feed',
      '(pipeline.config.ts:8)',
      'receivers.unused.apiKey: the file /nonexistent/key cannot be read',
      'warning: receivers.unused',
      'exporters.archive.path',
      "pipelines.audit.receivers[1]: there is no receiver 'vault'; did you mean 'vaults'?",
      "pipelines.audit.processors[0]: there is no processor 'dedupe'",
      'pipelines.audit.exporters: must list at least one exporter',
      'engine.grace',
    ])
      expect(stderr).toContain(told);
    expect(stderr).not.toContain('a-token-in-plain-text');
    expect(existsSync(join(made.folder, '.tributary'))).toBe(false); // nothing was started
  });

  test.each([
    ['that is not there', undefined, 'there is no'],
    ['with a slip of syntax', 'export default {\n  receivers: {,\n};', 'pipeline.config.ts'],
    ['with syntax that cannot be stripped', 'enum A { B }\nexport default {};', 'enum'],
    ['without a default export', 'export const a = 1;', 'no default export'],
    ['that throws', 'throw new Error("out of luck");', 'pipeline.config.ts:1: out of luck'],
    [
      'that imports a vendor that is not there',
      "import { a } from 'tributary/receivers/opel';\nexport default a;",
      "there is no receiver 'opel'",
    ],
    ['that exports something else', 'export default 5;', 'must export defineConfig'],
  ])('%s is said so', async (_, text, told) => {
    const made = place(text ?? '');
    places.push(made);
    if (text === undefined) rmSync(made.config);
    for (const command of ['check', 'once', 'run']) {
      const { code, stderr } = await tributary([command, '-c', made.config]).ended;
      expect(code).toBe(1);
      expect(stderr).toContain(told);
      expect(stderr).not.toContain('    at '); // no stack trace for a mistake of the operator
    }
  });

  test('a receiver that reads again needs dedupe, and dedupe must remember longer', async () => {
    const text = (processors: string) => `
      import { defineConfig, secret } from 'tributary';
      import { opal } from 'tributary/receivers/opal';
      import { dedupe } from 'tributary/processors/dedupe';
      import { stdout } from 'tributary/exporters/stdout';
      export default defineConfig({
        receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY') }) }, exporters: { out: stdout() },
        processors: { dedupe: dedupe({ remember: '1h' }) },
        pipelines: { audit: { receivers: ['opal'], processors: [${processors}], exporters: ['out'] } },
      });`;
    for (const [processors, told] of [
      ['', 'add a dedupe() to processors'],
      ["'dedupe'", 'processors.dedupe.remember: must be longer'],
    ] as const) {
      const made = place(text(processors));
      places.push(made);
      const { code, stderr } = await tributary(['check', '-c', made.config], { env: right() }).ended;
      expect(code).toBe(1);
      expect(stderr).toContain(told);
    }
  });
});

describe('once', () => {
  test('reads everything, exits with 0, and reads nothing twice the next time', async () => {
    const made = here();
    for (let i = 0; i < 2; i++)
      expect((await tributary(['once', '-c', made.config], { env: right() }).ended).code).toBe(0);
    const lines = made.lines('audit');
    expect(idsOf(lines)).toEqual(new Set(vendor.ids().opal));
    expect(new Set(lines).size).toBe(lines.length);
    for (const name of ['.tributary/state.db', '.tributary/owner.db'])
      expect(statSync(join(made.folder, name)).mode & 0o777).toBe(0o600);
    expect(statSync(join(made.folder, '.tributary')).mode & 0o777).toBe(0o700);
  });

  test('a wrong token is named with its remedy, and nothing is lost or stored of it', async () => {
    const made = here();
    const wrong = await tributary(['once', '-c', made.config, '--patience', '5s'], { env: { OPAL_KEY: SECRET } }).ended;
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toContain('1 of 1 receiver could not finish');
    expect(wrong.stderr).toContain('opal: ');
    expect(wrong.stderr).toContain('401');
    expect(wrong.stderr).toContain('Check the credential');
    expect(wrong.stderr + wrong.stdout).not.toContain(SECRET);
    expect(readFileSync(join(made.folder, '.tributary/state.db')).includes(SECRET)).toBe(false);
    expect((await tributary(['once', '-c', made.config], { env: right() }).ended).code).toBe(0);
    expect(idsOf(made.lines('audit'))).toEqual(new Set(vendor.ids().opal));
  });

  test('a closed pipe stops it without committing', async () => {
    const made = here({ exporters: 'stdout()' });
    const program = tributary(['once', '-c', made.config], { env: right() });
    program.child.stdout!.destroy();
    const { code, stderr } = await program.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('E_STDOUT_CLOSED');
    const next = await tributary(['once', '-c', made.config], { env: right() }).ended;
    expect(idsOf(next.stdout.split('\n').filter(Boolean))).toEqual(new Set(vendor.ids().opal));
  });

  test('goes on when nobody reads what it says', async () => {
    const made = here({ exporters: "file({ path: 'audit/{receiver}-{seq}.ndjson' }), unused: stdout()" });
    const program = tributary(['once', '-c', made.config], { env: right() });
    program.child.stderr!.destroy();
    expect((await program.ended).code).toBe(0);
    expect(idsOf(made.lines('audit'))).toEqual(new Set(vendor.ids().opal));
  });

  test("since: 'now' reads no past", async () => {
    const made = here({ receiver: "since: 'now'" });
    expect((await tributary(['once', '-c', made.config], { env: right() }).ended).code).toBe(0);
    expect(made.lines('audit')).toEqual([]);
  });
});

describe('the state', () => {
  test('a second process on it is refused, and told what to do', async () => {
    const made = here();
    const first = tributary(['run', '-c', made.config], { env: right() });
    await first.said('"message":"running"');
    const second = await tributary(['run', '-c', made.config], { env: right() }).ended;
    expect(second.code).toBe(1);
    expect(second.stderr).toContain('another process runs on the state');
    expect(second.stderr).toContain('Stop it, or give this one a state folder of its own.');
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
  });

  test('a folder that cannot be written is named', async () => {
    const made = here({ state: 'ro/state' });
    const folder = join(made.folder, 'ro');
    mkdirSync(folder);
    const root = process.getuid?.() === 0; // permissions do not stop root: a read-only mount does
    if (root) execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder]);
    else chmodSync(folder, 0o500);
    try {
      const { code, stderr } = await tributary(['once', '-c', made.config], { env: right() }).ended;
      expect(code).toBe(1);
      expect(stderr).toContain(`the state folder ${join(folder, 'state')} cannot be used`);
      expect(stderr).toContain('writable');
    } finally {
      if (root) execFileSync('umount', [folder]);
      else chmodSync(folder, 0o700);
    }
    expect(made.lines('audit')).toEqual([]);
  });

  test('that is no database is named', async () => {
    const made = here();
    mkdirSync(join(made.folder, '.tributary'));
    writeFileSync(join(made.folder, '.tributary/state.db'), 'this was a shopping list, once upon a time. '.repeat(200));
    const { code, stderr } = await tributary(['once', '-c', made.config], { env: right() }).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('is damaged');
  });

  test('in a folder that fills up: said, waited out, and nothing lost', async ctx => {
    if (process.getuid?.() !== 0) ctx.skip('left out: a small disk can be made by root only');
    const made = here({ state: 'small/state' });
    const folder = join(made.folder, 'small');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder]);
    try {
      writeFileSync(join(folder, 'ballast'), Buffer.alloc(300 * 1024));
      const { code, stderr } = await tributary(['once', '-c', made.config, '--patience', '2s'], { env: right() }).ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(/E_STATE_(FULL|WRITE)/);
      rmSync(join(folder, 'ballast'));
      execFileSync('mount', ['-o', 'remount,size=8m', folder]);
      expect((await tributary(['once', '-c', made.config], { env: right() }).ended).code).toBe(0);
    } finally {
      execFileSync('umount', [folder]);
    }
    const lines = made.lines('audit');
    expect(idsOf(lines)).toEqual(new Set(vendor.ids().opal));
    expect(new Set(lines).size).toBe(lines.length);
  });
});
