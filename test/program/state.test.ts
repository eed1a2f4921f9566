// The commands on a state as a person meets them: the real program, a simulated vendor, and files that tell what came
// twice.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Ended, type Place, place, tributary } from '../support/program.ts';

let vendor: Simulation;
const places: Place[] = [];
beforeAll(async () => {
  const now = Date.now();
  vendor = await simulator.start({ events: 300, seed: 11, now: () => now });
});
afterAll(async () => {
  await vendor.close();
  for (const each of places) each.remove();
});

const config = (name: string, state = '.tributary') => `
  import { defineConfig, secret, sqlite } from 'tributary';
  import { opal } from 'tributary/receivers/opal';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { file } from 'tributary/exporters/file';
  export default defineConfig({
    receivers: { ${name}: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', pageSize: 100, since: '60d' }) },
    processors: { dedupe: dedupe({ remember: '30d' }), normalize: normalize({ rawData: 'none' }) },
    exporters: { out: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
    pipelines: { audit: { receivers: ['${name}'], processors: ['dedupe', 'normalize'], exporters: ['out'] } },
    engine: { state: sqlite({ path: '${state}' }) },
  });`;
const here = (name = 'opal'): Place => {
  const made = place(config(name));
  places.push(made);
  return made;
};
const say = (made: Place, ...args: readonly string[]): Promise<Ended> =>
  tributary([...args, '-c', made.config], { env: { OPAL_KEY: vendor.credentials.apiKey! } }).ended;
const fine = async (made: Place, ...args: readonly string[]): Promise<Ended> => {
  const ended = await say(made, ...args);
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
};
const uids = (made: Place): readonly string[] =>
  made.lines('audit').map(line => (JSON.parse(line) as { metadata: { uid: string } }).metadata.uid);
/** Where each receiver stands, as `state show --json` has it. */
const shown = async (made: Place) =>
  (await fine(made, 'state', 'show', '--json')).stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as { receiver: string; orphan: boolean; count: number; position: object });

test('before anything was read: nothing to show, nothing to change, and no state is made', async () => {
  const made = here();
  expect((await fine(made, 'state', 'show')).stderr).toContain('opal: not begun');
  for (const args of [['rewind', 'opal', '--to', '1d'], ['adopt', 'a', 'opal'], ['export', 'x'], ['check']] as const)
    expect((await say(made, 'state', ...args)).stderr).toContain('there is no state in');
  expect(existsSync(join(made.folder, '.tributary'))).toBe(false);
});

test('beside a running engine it is read, and not changed', async () => {
  const made = here();
  await fine(made, 'once');
  const running = tributary(['run', '-c', made.config], { env: { OPAL_KEY: vendor.credentials.apiKey! } });
  await running.said('"message":"running"');
  try {
    const { stdout } = await fine(made, 'state', 'show');
    expect(stdout).toMatch(/^opal\n {2}reads {5}opal http.*\n {2}stands {4}read up to .*, sweep at /);
    expect((await fine(made, 'state', 'history')).stdout).toContain('delivery');
    expect((await fine(made, 'state', 'check')).stderr).toContain('is sound');
    expect((await fine(made, 'state', 'rewind', 'opal', '--to', '5d', '--dry-run')).stderr).toContain(
      'read again: 5 days',
    );
    for (const args of [
      ['rewind', 'opal', '--to', '5d'],
      ['set', 'opal', JSON.stringify((await shown(made))[0]?.position)],
    ]) {
      const refused = await say(made, 'state', ...args);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('another process runs on the state');
    }
  } finally {
    running.child.kill('SIGTERM');
    expect((await running.ended).code).toBe(0);
  }
});

test('rewound for what is missing, nothing comes twice; rewound to have it again, all of it does, under the same uids', async () => {
  const made = here();
  await fine(made, 'once');
  const first = uids(made);
  expect(new Set(first).size).toBe(first.length);
  const [before] = await shown(made);
  const dry = await fine(made, 'state', 'rewind', 'opal', '--to', '20d', '--dry-run');
  expect(dry.stderr).toMatch(/read again: 20 days of its log, about 300 records/);
  expect(await shown(made)).toEqual([before]);

  await fine(made, 'state', 'rewind', 'opal', '--to', '20d', '--reason', 'to be sure');
  expect((await shown(made))[0]?.position).not.toEqual(before?.position);
  await fine(made, 'once');
  expect(uids(made)).toEqual(first);

  await fine(made, 'state', 'rewind', 'opal', '--to', '20d', '--again');
  await fine(made, 'once');
  const again = uids(made).slice(first.length);
  expect(again.length).toBeGreaterThan(100);
  expect(again.filter(uid => !first.includes(uid))).toEqual([]);
  expect(new Set(again).size).toBe(again.length); // once more, and not twice more
  await fine(made, 'once');
  expect(uids(made).length).toBe(first.length + again.length);

  const { stdout } = await fine(made, 'state', 'history', 'opal');
  expect(stdout).toMatch(/state rewind --missing .* -> read up to .* {2}to be sure\n[\s\S]*state rewind --again /);
});

test('what dedupe has forgotten cannot be told from what is missing: refused, with the way out', async () => {
  const made = here();
  await fine(made, 'once');
  const refused = await say(made, 'state', 'rewind', 'opal', '--to', '50d');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/'dedupe' of the pipeline 'audit' remembers .* or say --again/);
  for (const [args, told] of [
    [['nobody', '--to', '1d'], "there is no receiver 'nobody'"],
    [['opal', '--to', 'soon'], '--to must be'],
    [['opal', '--to', '2099-01-01'], 'not in the past'],
    [['opal', '--to', '1s'], 'yet to read'],
    [['opal', '--to', '1d', '--missing', '--again'], 'one of them'],
  ] as const)
    expect((await say(made, 'state', 'rewind', ...args)).stderr).toContain(told);
});

test('a renamed receiver is refused until it adopts; then it goes on, and reads nothing again', async () => {
  const made = here();
  await fine(made, 'once');
  const first = uids(made);
  writeFileSync(made.config, config('gems'));
  for (const command of ['run', 'once']) {
    const refused = await say(made, command);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('tributary state adopt opal gems');
  }
  expect((await fine(made, 'state', 'show')).stdout).toContain('opal  (orphan)');
  expect((await say(made, 'state', 'adopt', 'opel', 'gems')).stderr).toContain(
    "no position of 'opel'; there are: opal",
  );
  expect((await say(made, 'state', 'adopt', 'opal', 'gem')).stderr).toContain("no receiver 'gem'");

  await fine(made, 'state', 'adopt', 'opal', 'gems');
  expect((await shown(made)).map(({ receiver, orphan }) => [receiver, orphan])).toEqual([['gems', false]]);
  await fine(made, 'once');
  expect(uids(made)).toEqual(first);
  expect((await say(made, 'state', 'adopt', 'opal', 'gems')).code).toBe(1);

  // The next record finishes the file that was begun under the old name.
  await fine(made, 'state', 'rewind', 'gems', '--to', '20d', '--again');
  await fine(made, 'once');
  expect(existsSync(join(made.folder, 'audit/opal-000001.ndjson'))).toBe(true);
  expect(existsSync(join(made.folder, 'audit/gems-000002.ndjson.part'))).toBe(true);
  expect(new Set(uids(made))).toEqual(new Set(first));
});

test('another log under the same name is not taken for the old one', async () => {
  const made = here();
  await fine(made, 'once');
  writeFileSync(made.config, config('opal').replace("since: '60d'", "since: '60d', organization: 'acme'"));
  expect((await fine(made, 'state', 'show')).stdout).toContain('opal  (orphan)');
  writeFileSync(made.config, config('gems').replace("since: '60d'", "since: '60d', organization: 'acme'"));
  const refused = await say(made, 'state', 'adopt', 'opal', 'gems');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/'gems' reads another log than 'opal' did:\n {2}gems: opal http.* acme/);
});

test('exported and imported, an installation moves, and reads nothing again', async () => {
  const made = here();
  await fine(made, 'once');
  const copy = join(made.folder, 'copy.db');
  await fine(made, 'state', 'export', copy);
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  expect((await say(made, 'state', 'export', copy)).stderr).toContain('cannot be written');
  expect((await say(made, 'state', 'import', copy)).stderr).toContain('not empty');

  const there = here();
  await fine(there, 'state', 'import', copy);
  await fine(there, 'once');
  expect(uids(there)).toEqual([]);
  expect((await fine(there, 'state', 'check')).stderr).toContain('is sound');
});

test('with --dry-run each command says what it would do, and changes nothing', async () => {
  const made = here();
  await fine(made, 'once');
  const copy = join(made.folder, 'copy.db');
  await fine(made, 'state', 'export', copy);
  const [{ position } = {}] = await shown(made);
  const dry = async (...args: string[]) => (await fine(made, 'state', ...args, '--dry-run')).stderr;
  const before = readFileSync(join(made.folder, '.tributary/state.db'));

  expect(await dry('set', 'opal', JSON.stringify(position))).toMatch(
    /opal stood: .*\nnow it stands: .*\nNothing was changed/,
  );
  expect(await dry('import', copy, '--force')).toMatch(
    /In place of what was there: positions \(1\), .*\nNothing was changed/,
  );
  expect((await say(made, 'state', 'import', copy, '--dry-run')).stderr).toContain('not empty');
  writeFileSync(made.config, config('gems'));
  expect(await dry('adopt', 'opal', 'gems')).toMatch(/gems stands where opal stood: .*\nNothing was changed/);
  expect((await say(made, 'state', 'adopt', 'gems', 'gems', '--dry-run')).code).toBe(1);

  expect(readFileSync(join(made.folder, '.tributary/state.db')).equals(before)).toBe(true);
  expect((await fine(made, 'state', 'show')).stdout).toContain('opal  (orphan)');
});

test('a position given by hand is judged by its receiver', async () => {
  const made = here();
  await fine(made, 'once');
  const [before] = await shown(made);
  for (const [json, told] of [
    ['{', 'not JSON'],
    ['5', "no position of 'opal'"],
    ['{"shape":"cursor/1","at":{"cursor":null,"since":0,"low":0}}', "no position of 'opal'"],
    ['{"shape":"windows/1","at":{}}', "no position of 'opal'"],
    [JSON.stringify(before?.position).replace(/"from":\d+/, '"from":"yesterday"'), "no position of 'opal'"],
  ] as const) {
    const refused = await say(made, 'state', 'set', 'opal', json);
    expect(refused.code).toBeGreaterThan(0);
    expect(refused.stderr).toContain(told);
  }
  expect(await shown(made)).toEqual([before]);
  await fine(made, 'state', 'set', 'opal', JSON.stringify(before?.position));
  expect(await shown(made)).toMatchObject([{ position: before?.position, count: (before?.count ?? 0) + 1 }]);
  const first = uids(made);
  await fine(made, 'once');
  expect(uids(made)).toEqual(first);
});
