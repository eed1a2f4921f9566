// `tributary init`: whatever it writes compiles, and is a config that `check` finds fine once its secrets are set and what
// it says is needed is there. Vendors and back-ends are found by their folders.
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { componentOf, foldersOf } from '../../src/cli/folders.ts';
import { until } from '../../src/cli/init/ask.ts';
import { compose, stepsOf } from '../../src/cli/init/compose.ts';
import { Stop } from '../../src/cli/session.ts';
import { ROOT } from '../support/markdown.ts';
import { type Place, place, tributary } from '../support/program.ts';

const vendors = foldersOf('receivers');
const places: Place[] = [];
afterAll(() => {
  for (const each of places) each.remove();
});

/** A folder without a config. */
const empty = (): string => {
  const made = place('', 'nothing');
  places.push(made);
  return made.folder;
};

const composed = async (receivers: readonly string[], exporter: string): Promise<string> =>
  compose({
    receivers: await Promise.all(receivers.map(name => componentOf('receiver', name))),
    exporter: await componentOf('exporter', exporter),
  });

describe('what is written passes check', () => {
  test.each([
    ...vendors.map(vendor => [vendor, 'stdout']),
    ...foldersOf('exporters').map(back => [vendors.join(','), back]),
  ])('%s to %s', async (names, back) => {
    const folder = empty();
    const args = ['init', '--vendor', names!, '--to', back!];
    const { code, stdout, stderr } = await tributary(args, { cwd: folder }).ended;
    expect([code, stdout]).toEqual([0, '']);
    const text = readFileSync(join(folder, 'pipeline.config.ts'), 'utf8');
    const variables = [...text.matchAll(/secret\.env\('(\w+)'\)/g)].map(([, name]) => name!);
    for (const name of variables) expect(stderr).toContain(`set the variable ${name}: `);
    mkdirSync(join(folder, 'inbox/opaque'), { recursive: true }); // what it says that Opaque needs
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(join(folder, 'inbox/opaque.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
    const env = Object.fromEntries(variables.map(name => [name, 'made-up']));
    const checked = await tributary(['check'], { cwd: folder, env }).ended;
    for (const next of ['tributary doctor: whether', 'tributary check: everything']) expect(stderr).toContain(next);
    expect(checked.stderr).toContain('is fine');
    expect(checked.stderr).not.toContain('warning');
    expect(checked.code).toBe(0);
  });
});

test('what is written compiles, whichever vendors and back-end', async () => {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, '.cache/init-'));
  try {
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }));
    for (const back of foldersOf('exporters'))
      for (const names of [...vendors.map(vendor => [vendor]), vendors])
        writeFileSync(join(folder, `${names.join('-')}-${back}.ts`), await composed(names, back));
    const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '-p', folder], { encoding: 'utf8' });
    expect(stdout).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a config that is there is never written over', async () => {
  const folder = empty();
  writeFileSync(join(folder, 'pipeline.config.ts'), '// mine\n');
  const args = ['init', '--vendor', 'opal', '--to', 'stdout'];
  const { code, stderr } = await tributary(args, { cwd: folder }).ended;
  expect(code).toBe(1);
  expect(stderr).toContain('is there already, and was left as it is: name another file with --out FILE');
  expect(readFileSync(join(folder, 'pipeline.config.ts'), 'utf8')).toBe('// mine\n');
});

test.each([
  [[], `say --vendor, of: ${vendors.join(', ')}; --to, one of: ${foldersOf('exporters').join(', ')}`],
  [['--vendor', 'opal,okta', '--to', 'otlp'], `there is no vendor 'okta'; there are: ${vendors.join(', ')}`],
  [['--vendor', ' , ', '--to', 'otlp'], 'name at least one vendor'],
  [['--vendor', 'opal', '--to', 'kafka'], 'Allowed choices are file, '],
])('init %j is wrong usage', async (args, told) => {
  const { code, stderr } = await tributary(['init', ...args], { cwd: empty() }).ended;
  expect(stderr).toContain(told);
  expect(code).toBe(2);
});

test('a folder that is not there is said', async () => {
  const args = ['init', '--vendor', 'opal', '--to', 'otlp', '--out', 'no/such/folder/p.ts'];
  const { code, stderr } = await tributary(args, { cwd: empty() }).ended;
  expect(stderr).toContain('p.ts cannot be written: ENOENT');
  expect(code).toBe(1);
});

test('at a terminal it asks until the answer reads', async () => {
  const asked: string[] = [];
  const answers = ['okta', 'opal'];
  const ask = async (question: string) => {
    asked.push(question);
    return answers.shift()!;
  };
  const read = (text: string) => {
    if (text === 'opal') return text;
    throw new Stop(`there is no vendor '${text}'`);
  };
  expect(await until(ask, 'Which? ', read)).toBe('opal');
  expect(asked).toEqual(['Which? ', "there is no vendor 'okta'\nWhich? "]);
});

test('two vendors that like the same name get two; texts are written as texts; a secret is a step once', async () => {
  const opal = await componentOf('receiver', 'opal');
  const exporter = await componentOf('exporter', 'stdout');
  const other = { ...opal, folder: 'other', factory: 'other' };
  const { apiKey } = opal.spec.starter!.components.opal as { readonly apiKey: unknown }; // Opal's own
  const components = { opal: { apiKey, 'a-b': ["it's", '\\', '"\n'], deep: { n: 1, none: null } } };
  const receivers = [opal, { ...other, spec: { ...opal.spec, starter: { components } } }];
  const text = compose({ receivers, exporter });
  expect(text).toContain("receivers: ['opal', 'other-opal']");
  expect(text).toContain(`'a-b': ['it\\'s', '\\\\', '"\\n'],`);
  expect(text).toContain('deep: { n: 1, none: null },');
  expect(stepsOf({ receivers, exporter }).map(step => step.todo)).toEqual([
    'set the variable OPAL_API_KEY: API key of a service user, or a read-only personal access token.',
  ]);
});
