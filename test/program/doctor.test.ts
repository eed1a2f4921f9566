// `tributary doctor`: what it finds, how it says it, which exit code it has, and that nothing is different afterwards.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type OtlpSink, otlpSink } from '../support/otlp-sink.ts';
import { type Place, place, tributary } from '../support/program.ts';

let vendor: Simulation;
let sink: OtlpSink;
const places: Place[] = [];
beforeAll(async () => {
  vendor = await simulator.start({ events: 50, seed: 7 });
  sink = await otlpSink();
});
afterAll(async () => {
  await Promise.all([vendor.close(), sink.close()]);
  for (const each of places) each.remove();
});

const IMPORTS = `
  import { defineConfig, queued, secret } from 'tributary';
  import { opal } from 'tributary/receivers/opal';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { file } from 'tributary/exporters/file';
  import { otlp } from 'tributary/exporters/otlp';
  import { stdout } from 'tributary/exporters/stdout';`;

interface Parts {
  readonly receivers?: string;
  readonly exporters?: string;
}

const configOf = ({ receivers = opal(), exporters = `sink: otlp({ endpoint: '${sink.url}' })` }: Parts) => {
  const names = (text: string) =>
    JSON.stringify([...text.matchAll(/(\w+): (?:queued|\w+)\(/g)].map(([, name]) => name));
  return `${IMPORTS}
  export default defineConfig({
    receivers: { ${receivers} },
    processors: { dedupe: dedupe(), normalize: normalize() },
    exporters: { ${exporters} },
    pipelines: { audit: { receivers: ${names(receivers)}, processors: ['dedupe', 'normalize'], exporters: ${names(exporters)} } },
    engine: { status: false },
  });`;
};
const opal = (more = '', name = 'opal') =>
  `${name}: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', ${more} })`;

const here = (parts: Parts = {}): Place => {
  const made = place(configOf(parts));
  places.push(made);
  return made;
};
const right = () => ({ OPAL_KEY: vendor.credentials.apiKey! });
const run = (made: Place, args: readonly string[] = [], env: Readonly<Record<string, string>> = right()) =>
  tributary(['doctor', ...args, '-c', made.config], { env }).ended;

/** What was found, worst first, as `severity place: what`. */
const found = async (made: Place, env?: Readonly<Record<string, string>>, ...args: readonly string[]) => {
  const { code, stdout } = await run(made, ['--json', ...args], env);
  const findings = stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as { severity: string; place: string; what: string; remedy?: string });
  for (const { severity, remedy } of findings) if (severity !== 'ok') expect(remedy).toMatch(/\S/);
  expect(code).toBe(findings.some(({ severity }) => severity === 'problem') ? 1 : 0);
  return findings.map(({ severity, place, what }) => `${severity} ${place}: ${what}`);
};
const saying = (text: string) => expect.arrayContaining([expect.stringContaining(text)]);

test('all is well: exit 0; nothing is made, and nothing sent but for --send', async () => {
  const made = here({
    exporters: `sink: otlp({ endpoint: '${sink.url}' }), archive: file({ path: 'a/{receiver}-{seq}' }), out: stdout()`,
  });
  const { code, stdout, stderr } = await run(made);
  expect(stderr).toMatch(/^0 problems, 0 warnings, \d+ fine\n$/);
  expect(code).toBe(0);
  for (const told of [
    'config\n  ok       nothing is wrong with it\n',
    'receivers.opal\n  ok       GET /events: answered in ',
    "  ok       our clock and the vendor's differ by ",
    `exporters.sink\n  ok       ${sink.url} speaks HTTP (GET: 200); whether it takes records shows with --send\n`,
    `exporters.archive\n  ok       files can be written to ${made.folder}/a\n`,
    'exporters.out\n  ok       there is nothing to reach\n',
    `state\n  ok       there is none in ${made.folder}/.tributary yet`,
  ])
    expect(stdout).toContain(told);
  expect(existsSync(join(made.folder, '.tributary'))).toBe(false);
  expect(existsSync(join(made.folder, 'a'))).toBe(false);
  expect(sink.taken).toEqual([]);

  expect(await found(made, right(), '--send')).toEqual(saying('ok exporters.sink: it took a marked record'));
  expect(sink.taken.map(({ attributes }) => attributes['tributary.test'])).toEqual([true]);
});

test('beside a running process: it is seen, and the state is what it was', async () => {
  const made = here({ exporters: "out: file({ path: 'a/{receiver}-{seq}' })" });
  const running = tributary(['run', '-c', made.config], { env: right() });
  await running.said('running');
  const state = () =>
    createHash('sha256')
      .update(readFileSync(join(made.folder, '.tributary/state.db')))
      .digest('hex');
  running.child.kill('SIGSTOP'); // so that it does not write meanwhile
  const before = state();
  const said = await found(made);
  expect(state()).toBe(before);
  running.child.kill('SIGCONT');
  running.child.kill('SIGTERM');
  await running.ended;
  expect(said).toEqual(saying('ok state: a process runs on it'));
  expect(said).toEqual(saying('ok state: it is sound'));
  expect(await found(made)).toEqual(saying('ok state: nothing runs on it'));
});

test('a wrong key, a wrong folder, an option that is wrong, all at once', async () => {
  const made = here({
    receivers: `${opal()}, ${opal('pageSize: 9', 'twice')}, ${opal('pageSize: 5000', 'wrong')}`,
    exporters: "out: file({ path: 'pipeline.config.ts/{receiver}-{seq}' })",
  });
  const { code, stdout, stderr } = await run(made, [], { OPAL_KEY: 'a-wrong-key-0123456789' });
  expect(code).toBe(1);
  expect(stdout).toContain('receivers.wrong.pageSize\n  problem');
  expect(stdout).toContain('receivers.opal\n  problem  GET ');
  expect(stdout).toContain('401 Unauthorized');
  expect(stdout).toContain('[E_HTTP_DENIED]\n           Check the credential, its permissions and the base URL.');
  expect(stdout).toMatch(/exporters\.out\n {2}problem {2}files cannot be written to .*pipeline\.config\.ts/);
  expect(stdout + stderr).not.toContain('a-wrong-key');
  expect(stderr).toMatch(/^4 problems, 0 warnings/);
});

test('secrets that are not set are said once, and nobody is asked', async () => {
  const asked = vendor.requests();
  const said = await found(here(), {});
  expect(said.filter(line => line.startsWith('problem'))).toEqual([
    'problem receivers.opal.apiKey: the environment variable OPAL_KEY is not set',
  ]);
  expect(vendor.requests()).toEqual(asked);
});

test('a state that others may read, orphans, dead letters, a queue larger than its disk', async () => {
  const made = here({ exporters: "far: queued(file({ path: 'a/{receiver}-{seq}' }), { limit: '1000000GiB' })" });
  const broken = place(
    configOf({ exporters: 'out: stdout()' })
      .replace('normalize: normalize()', "normalize: apply(() => { throw new Error('no'); })")
      .replace('import { dedupe }', "import { apply } from 'tributary/processors/apply';\nimport { dedupe }"),
    'broken.config.ts',
  );
  places.push(broken);
  writeFileSync(join(made.folder, 'broken.config.ts'), readFileSync(broken.config));
  const letters = await tributary(['once', '-c', join(made.folder, 'broken.config.ts')], { env: right() }).ended;
  expect(letters.code, letters.stderr).toBe(0);
  writeFileSync(
    made.config,
    configOf({
      receivers: `${opal('organization: "other"')}`,
      exporters: "far: queued(file({ path: 'a/{receiver}-{seq}' }), { limit: '1000000GiB' })",
    }),
  );
  chmodSync(join(made.folder, '.tributary'), 0o755);
  const said = await found(made);
  expect(said).toEqual(saying('warning state: others may read or write'));
  expect(said).toEqual(saying('warning state: 50 dead letters: records that could not pass'));
  expect(said).toEqual(saying("warning state: there is a position of 'opal', which no receiver of the config uses"));
  expect(said).toEqual(saying('warning state: the queues may grow by 1,024,000,000 MiB, and the disk has'));

  writeFileSync(made.config, configOf({ receivers: opal('', 'prod') }));
  expect(await found(made)).toEqual(saying('problem state: a receiver was renamed'));
});

test('a state that is damaged, or of a newer program', async () => {
  const made = here();
  mkdirSync(join(made.folder, '.tributary'), { mode: 0o700 });
  const at = join(made.folder, '.tributary/state.db');
  writeFileSync(at, 'this is no database, whatever its name may say'.repeat(100), { mode: 0o600 });
  expect(await found(made)).toEqual(saying('problem state: the state in'));
  writeFileSync(at, '');
  const db = new DatabaseSync(at);
  db.exec('pragma user_version = 999');
  db.close();
  expect(await found(made)).toEqual(saying('has version 999'));
});

test.each([
  ['a config that is not there', 'none.config.ts', 'there is no', 1],
  ['something that is no config', undefined, '', 1],
])('%s', async (_, file, told, exit) => {
  const made = place('export default { receivers: 5 };');
  places.push(made);
  const { code, stdout, stderr } = await tributary([
    'doctor',
    '-c',
    file === undefined ? made.config : join(made.folder, file),
  ]).ended;
  expect(stderr).toContain(told);
  if (file === undefined) expect(stdout).toContain('receivers\n  problem  must name at least one receiver');
  expect(code).toBe(exit);
});
