// What a user gets: the tarball, installed in a folder of its own, on the oldest Node that we serve and on ours.
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { tributary } from '../support/program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const VALIDATE = resolve(ROOT, '../shared/ocsf/validate.mjs');
const TYPESCRIPT = join(ROOT, 'node_modules/typescript/bin/tsc');
const STRICT = ['--strict', '--module', 'nodenext', '--types', 'node'];
const [OLD, OLDEST, OURS] = ['20.20.2', '22.23.3', process.versions.node];

const scratch = mkdtempSync(join(tmpdir(), 'tributary-package-'));
const user = join(scratch, 'user');
let packed: readonly string[];
let vendor: Simulation;
/** Where each Node is, by its version. */
const nodes = new Map([[OURS, process.execPath]]);

beforeAll(async () => {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [{ filename, files }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', scratch], ROOT).stdout);
  packed = files.map((f: { path: string }) => f.path);
  mkdirSync(user);
  writeFileSync(join(user, 'package.json'), '{ "private": true }');
  run(
    'npm',
    ['install', '--prefer-offline', join(scratch, filename), `@types/node@${devDependencies['@types/node']}`],
    user,
  );
  for (const version of [OLD, OLDEST]) nodes.set(version, install(version));
  const now = Date.now();
  vendor = await simulator.start({ events: 300, seed: 3, now: () => now });
});
afterAll(async () => {
  await vendor?.close();
  rmSync(scratch, { recursive: true, force: true });
});

describe('the tarball', () => {
  test('holds the program, its licence and its notes, and nothing else', () => {
    expect(packed).toEqual(
      expect.arrayContaining(['bin/tributary.js', 'LICENSE', 'NOTICE', 'README.md', 'CHANGELOG.md', 'package.json']),
    );
    const strange = packed.filter(
      path =>
        !/^(bin\/tributary\.js|LICENSE|NOTICE|README\.md|CHANGELOG\.md|package\.json)$/.test(path) &&
        !/^dist\/(src|receivers|processors|exporters)\/.+\.(js|js\.map|d\.ts|json)$/.test(path) &&
        !/^dist\/src\/runtime\/status-page\/browser\/page\.(html|css)$/.test(path),
    );
    expect(strange).toEqual([]);
  });

  test('holds every component and every simulated vendor', () => {
    for (const kind of ['receivers', 'processors', 'exporters'])
      for (const name of readdirSync(join(ROOT, kind)))
        expect(packed).toEqual(
          expect.arrayContaining([`dist/${kind}/${name}/index.js`, `dist/${kind}/${name}/index.d.ts`]),
        );
    const simulated = readdirSync(join(ROOT, 'receivers')).filter(n =>
      existsSync(join(ROOT, 'receivers', n, 'simulator.ts')),
    );
    expect(packed).toEqual(expect.arrayContaining(simulated.map(name => `dist/receivers/${name}/simulator.js`)));
  });

  test('holds the status page', () => {
    const page = readdirSync(join(ROOT, 'src/runtime/status-page/browser'));
    expect(packed).toEqual(expect.arrayContaining(page.map(name => `dist/src/runtime/status-page/browser/${name}`)));
  });

  test('has no syntax that the oldest Node lacks', () => {
    const modern = packed.filter(
      path =>
        path.endsWith('.js') && /\bawait using\b|^\s*using \w/m.test(readFileSync(join(installed(), path), 'utf8')),
    );
    expect(modern).toEqual([]);
  });
});

describe.each([OLDEST, OURS])('on Node %s', version => {
  test('the demo does the main job on the compiled files', async () => {
    const folder = mkdtempSync(join(scratch, 'demo-'));
    const { stdout, stderr, status } = await tributaryOf(version, ['demo', '--once', '--events', '400'], folder);
    expect(status, stderr).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(400);
    const verdict = spawnSync(process.execPath, [VALIDATE, '--strict', '--min', '1'], {
      input: stdout,
      encoding: 'utf8',
    });
    expect(verdict.status, verdict.stdout + verdict.stderr).toBe(0);
  });

  test('the demo writes files, too', async () => {
    const folder = mkdtempSync(join(scratch, 'files-'));
    const { stderr, status } = await tributaryOf(
      version,
      ['demo', '--once', '--events', '100', '--file', 'out'],
      folder,
    );
    expect(status, stderr).toBe(0);
    expect(readdirSync(join(folder, 'out')).filter(name => name.includes('.ndjson')).length).toBeGreaterThan(3);
  });

  test.each([
    ['beside a package of modules', '{ "type": "module" }'],
    ['beside a package of CommonJS', '{}'],
    ['in a folder without a package', undefined],
  ])('a config %s reads a vendor into a file', async (_, manifest) => {
    const folder = mkdtempSync(join(manifest === undefined ? scratch : user, 'config-'));
    if (manifest !== undefined) writeFileSync(join(folder, 'package.json'), manifest);
    writeFileSync(join(folder, 'pipeline.config.ts'), CONFIG());
    const env = { OPAL_KEY: vendor.credentials.apiKey! };
    for (const command of ['check', 'once']) {
      const { stderr, status } = await tributaryOf(version, [command], folder, env);
      expect(status, stderr).toBe(0);
    }
    const lines = readdirSync(join(folder, 'audit')).flatMap(name =>
      readFileSync(join(folder, 'audit', name), 'utf8')
        .split('\n')
        .filter(Boolean),
    );
    const ids = lines.map(line => JSON.parse(line).metadata.original_event_uid);
    expect(new Set(ids)).toEqual(new Set(vendor.ids().opal));
  });
});

test.each(['{ "type": "module" }', '{}'])('a config has its types, in a project of %s', manifest => {
  const folder = mkdtempSync(join(user, 'types-'));
  writeFileSync(join(folder, 'package.json'), manifest);
  writeFileSync(join(folder, 'pipeline.config.ts'), CONFIG());
  const check = () =>
    spawnSync(process.execPath, [TYPESCRIPT, '--noEmit', ...STRICT, 'pipeline.config.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
  expect(check().stdout).toBe('');
  writeFileSync(join(folder, 'pipeline.config.ts'), CONFIG().replace("receivers: ['opal']", "receivers: ['opel']"));
  expect(check().stdout).toContain('\'"opel"\'');
});

test('an old Node is told which one is needed, wherever it stands', () => {
  for (const folder of [ROOT, scratch]) {
    const { stdout, stderr, status } = spawnSync(nodes.get(OLD)!, [join(ROOT, 'bin/tributary.js'), 'demo'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(`tributary needs Node 22.19 or newer; this is ${OLD}.`);
  }
});

test('a checkout works from any folder', async () => {
  const { code, stdout } = await tributary(['--version'], { cwd: scratch }).ended;
  expect(code).toBe(0);
  expect(stdout.trim()).toBe(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version);
});

const installed = () => join(user, 'node_modules/tributary');

const CONFIG = () => `
  import { defineConfig, secret } from 'tributary';
  import { opal } from 'tributary/receivers/opal';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { file } from 'tributary/exporters/file';
  export default defineConfig({
    receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}' }) },
    processors: { dedupe: dedupe(), normalize: normalize() },
    exporters: { archive: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
    pipelines: { audit: { receivers: ['opal'], processors: ['dedupe', 'normalize'], exporters: ['archive'] } },
  });`;

/** The installed command, as its shim in `.bin` runs it. Not waited for in place: the vendor lives in this process. */
async function tributaryOf(version: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const child = spawn(nodes.get(version)!, [join(user, 'node_modules/.bin/tributary'), ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  const [[status], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { status, stdout, stderr };
}

/** A Node of another version, from the registry: the path of its program. */
function install(version: string): string {
  const folder = join(scratch, `node-${version}`);
  mkdirSync(folder);
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  run('npm', ['install', '--prefix', folder, '--no-save', '--prefer-offline', `${name}@${version}`], folder);
  return join(folder, 'node_modules', name, 'bin/node');
}

function run(command: string, args: readonly string[], cwd: string): SpawnSyncReturns<string> {
  const ended = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (ended.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${ended.stdout}${ended.stderr}`);
  return ended;
}
