// A config may lie in any folder and say anything: where it is loaded from, and what is said of one in JavaScript, which
// no compiler has looked at.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Place, place, tributary } from '../support/program.ts';

const places: Place[] = [];
afterAll(() => {
  for (const each of places) each.remove();
});

/** Files in a folder of their own. */
const lay = (files: Readonly<Record<string, string>>): string => {
  const made = place('');
  places.push(made);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(made.folder, name)), { recursive: true });
    writeFileSync(join(made.folder, name), text);
  }
  return made.folder;
};

const check = (config: string) => tributary(['check', '-c', config], { env: { OPAL_KEY: 'k' } }).ended;

const config = (helper: string, cast = '') => `
  import { defineConfig, secret } from 'tributary';
  import { stdout } from 'tributary/exporters/stdout';
  import { dedupe } from 'tributary/processors/dedupe';
  import { opal } from 'tributary/receivers/opal';
  import { since } from './${helper}';
  const from${cast} = await Promise.resolve(since);
  export default defineConfig({
    receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), since: from }) },
    processors: { dedupe: dedupe() },
    exporters: { out: stdout() },
    pipelines: { audit: { receivers: ['opal'], processors: ['dedupe'], exporters: ['out'] } },
  });`;
const COMMON = '{ "type": "commonjs" }';
const typed = "export const since: '30d' = '30d';";
const plain = "export const since = '30d';";

describe('a config with a helper and an await', () => {
  test.each<[string, Record<string, string>, string]>([
    ['in a bare folder', { 'c.ts': config('h.ts', ": '30d'"), 'h.ts': typed }, 'c.ts'],
    ['under a path with signs', { 'a b#c%41?/c.ts': config('h.ts'), 'a b#c%41?/h.ts': typed }, 'a b#c%41?/c.ts'],
    ['in a CommonJS project', { 'package.json': COMMON, 'c.ts': config('h.ts'), 'h.ts': typed }, 'c.ts'],
    ['as .mts there', { 'package.json': COMMON, 'c.mts': config('h.mts'), 'h.mts': typed }, 'c.mts'],
    ['as .js in a bare folder', { 'c.js': config('h.js'), 'h.js': plain }, 'c.js'],
    ['as .js in a CommonJS project', { 'package.json': COMMON, 'c.js': config('h.mjs'), 'h.mjs': plain }, 'c.js'],
    ['as .mjs there', { 'package.json': COMMON, 'c.mjs': config('h.mjs'), 'h.mjs': plain }, 'c.mjs'],
  ])('%s', async (_, files, name) => {
    const { code, stderr } = await check(join(lay(files), name));
    expect(stderr).toContain('is fine: 1 receiver, 1 processor, 1 exporter, 1 pipeline');
    expect(stderr).not.toContain('Warning');
    expect(code).toBe(0);
  });
});

describe('what cannot be loaded is said in words', () => {
  test.each([
    ['a thing thrown that is no error', 'throw { out: "of luck" };', "throws { out: 'of luck' }"],
    ['an await without an end', 'await new Promise(() => {}); export default 1;', 'waits at its top level'],
    [
      'a part that we do not offer',
      "import 'tributary/src/engine'; export default 1;",
      'there is no tributary/src/engine',
    ],
    [
      'a package that is not there',
      "import 'no-such-package'; export default 1;",
      "Cannot find package 'no-such-package'",
    ],
  ])('%s', async (_, text, told) => {
    const { code, stderr } = await check(join(lay({ 'c.mjs': text }), 'c.mjs'));
    expect(stderr).toContain(told);
    expect(stderr).not.toContain('    at ');
    expect(code).toBe(1);
  });

  test('a folder', async () => {
    const { code, stderr } = await check(lay({}));
    expect(stderr).toContain('is not a file');
    expect(code).toBe(1);
  });

  test.each(['null', '5', '[]', '() => 1', '{}'])(
    'dead letters are not looked for beside a config that is %s',
    async value => {
      const at = join(lay({ 'c.mjs': `export default ${value};` }), 'c.mjs');
      const { code, stderr } = await tributary(['dead', 'ls', '-c', at]).ended;
      expect(stderr).toContain('must export defineConfig');
      expect(code).toBe(1);
    },
  );
});

test('what the compiler would have refused is said of a config in JavaScript, all at once', async () => {
  const folder = lay({
    'c.mjs': `import { defineConfig, secret } from 'tributary';
import { otlp } from 'tributary/exporters/otlp';
import { file } from 'tributary/exporters/file';
import { stdout } from 'tributary/exporters/stdout';
import { dedupe } from 'tributary/processors/dedupe';
import { opal } from 'tributary/receivers/opal';
const apiKey = secret.env('OPAL_KEY');
export default defineConfig({
  receivers: {
    a: opal(), b: opal(null), c: opal([]), d: opal(() => 1), e: opal, f: null, g: stdout(),
    j: opal({ apiKey: secret.file('key') }), k: opal({ apiKey: secret.env() }),
    h: opal({ apiKey, since: '90', overlap: null }), i: opal({ apiKey, since: '2025-01-01T00:00:00', pagesize: 3 }),
    'op al': opal({ apiKey }), ok: opal({ apiKey, since: '2025-01-01' }),
  },
  processors: { dedupe: dedupe() },
  exporters: {
    x: file({ path: 7 }), y: file({ path: 'a/{receiver}-{seq}', rotate: { size: '1' }, keep: { files: 0 } }),
    z: otlp({ endpoint: 'ftp://x', protocol: 'grpc' }),
  },
  pipelines: {
    p: { receivers: [null, {}, 'ok', 'ok'], processors: 'dedupe', exporters: ['x'] }, q: 3,
    r: { receivers: ['ok'], exporters: ['x'], repeats: 'yes', repeat: 1 },
  },
  engine: { state: 'here', grace: 3, deadLetters: 0, foo: 1 }, extra: 1,
});`,
  });
  const { code, stderr } = await check(join(folder, 'c.mjs'));
  expect(code).toBe(1);
  for (const told of [
    'extra: is not a part of a config',
    'receivers.a.apiKey: must be a reference',
    'receivers.b: Invalid input: expected object, received null (c.mjs:10)',
    'receivers.c: Invalid input: expected object, received array',
    'receivers.d: Invalid input: expected object, received function',
    'receivers.e: must be a receiver, made by its factory',
    'receivers.f: must be a receiver, made by its factory',
    'receivers.g: is an exporter, not a receiver',
    "receivers.h.since: must be 'now', a duration like '30d', or a date",
    'receivers.h.overlap: must be a duration',
    "receivers.i.since: must be 'now'",
    'receivers.j.apiKey: the path of the file key must be absolute',
    'receivers.k.apiKey: secret.env needs the name of a variable',
    'receivers.i: Unrecognized key: "pagesize"',
    'receivers.op al: a name begins with a letter',
    'exporters.x.path: Invalid input: expected string, received number (c.mjs:17)',
    'exporters.y.rotate.size: must be a size',
    'exporters.y.keep.files: Too small',
    'exporters.z.endpoint: must be an http or https address',
    'exporters.z.protocol: Invalid option',
    "pipelines.p.receivers[0]: there is no receiver 'null'",
    "pipelines.p.receivers[3]: 'ok' is listed twice",
    'pipelines.p.processors: must be a list of names of processors',
    'pipelines.q: must be { receivers, processors, exporters }',
    "pipelines.r.repeats: must be 'allow', or left out",
    'pipelines.r.repeat: is not a part of a pipeline',
    'engine.state: must be sqlite({ path })',
    'engine.grace: must be a duration',
    'engine.deadLetters: Too small',
    'engine: Unrecognized key: "foo"',
  ])
    expect(stderr).toContain(told);
  expect(stderr).not.toContain('receivers.ok');
});

test('what normalize says of a vendor that nobody reads is a warning with its place, and stops nothing', async () => {
  const spoken = (types: string) => `
import { defineConfig, secret } from 'tributary';
import { stdout } from 'tributary/exporters/stdout';
import { dedupe } from 'tributary/processors/dedupe';
import { normalize } from 'tributary/processors/normalize';
import { opal } from 'tributary/receivers/opal';
export default defineConfig({
  receivers: { audit: opal({ apiKey: secret.env('OPAL_KEY') }) },
  processors: { dedupe: dedupe(), ocsf: normalize({ types: { ${types}: { A: 'SESSION_STARTED' } } }) },
  exporters: { out: stdout() },
  pipelines: { p: { receivers: ['audit'], processors: ['dedupe', 'ocsf'], exporters: ['out'] } },
});`;
  const [right, wrong] = await Promise.all(
    ['opal', 'opel'].map(async types => check(join(lay({ 'c.mjs': spoken(types) }), 'c.mjs'))),
  );
  expect(right).toMatchObject({ code: 0, stderr: expect.not.stringContaining('warning') });
  expect(wrong).toMatchObject({
    code: 0,
    stderr: expect.stringContaining(
      "  warning: processors.ocsf.types.opel: no receiver is of the type 'opel', so this has no effect; did you mean 'opal'? (c.mjs:9)\n",
    ),
  });
});

test.each<[string, string, number]>([
  ['null', 'must be a list of rules', 1],
  ['{', 'cannot be read', 1],
  ['[{ "rate": 2, "do": { "stat": 1 } }, 5]', 'faults.0.do: must be one of', 1],
  ['{ "opel": [] }', 'opel: there is no such vendor; there are: ', 1],
])('a fault script that is %s is refused', async (text, told, exit) => {
  const file = join(lay({ 'faults.json': text }), 'faults.json');
  const { code, stdout, stderr } = await tributary(['simulate', 'opal', '--faults', file]).ended;
  expect(stderr).toContain(told);
  expect(stdout).toBe('');
  expect(code).toBe(exit);
});

test('a vendor that cannot be simulated is wrong usage', async () => {
  const { code, stderr } = await tributary(['simulate', 'opal', 'okta']).ended;
  expect(stderr).toContain('there is no simulated vendor okta; there are: ');
  expect(code).toBe(2);
});
