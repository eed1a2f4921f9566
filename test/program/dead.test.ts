// Dead letters as a person meets them: a processor that throws on some records, its cause mended, and each event in the
// files once in the end.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { simulator } from '../../receivers/opal/simulator.ts';
import type { Simulation } from '../../src/simulation/simulator.ts';
import { type Ended, type Place, place, tributary } from '../support/program.ts';

let vendor: Simulation;
const places: Place[] = [];
beforeAll(async () => {
  const now = Date.now();
  vendor = await simulator.start({ events: 300, seed: 5, now: () => now });
});
afterAll(async () => {
  await vendor.close();
  for (const each of places) each.remove();
});

const here = (): Place => {
  const made = place(`
    import { defineConfig, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { apply, each } from 'tributary/processors/apply';
    import { dedupe } from 'tributary/processors/dedupe';
    import { normalize } from 'tributary/processors/normalize';
    import { file } from 'tributary/exporters/file';
    const picky = apply(each(record => {
      if (process.env.BROKEN && record.id.startsWith('0')) throw new Error('it begins with a zero');
      return record;
    }));
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', pageSize: 100 }) },
      processors: { dedupe: dedupe(), normalize: normalize({ rawData: 'none' }), picky },
      exporters: { out: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
      pipelines: { audit: { receivers: ['opal'], processors: ['dedupe', 'normalize', 'picky'], exporters: ['out'] } },
    });`);
  places.push(made);
  return made;
};
const say = (made: Place, args: readonly string[], broken = false): Promise<Ended> =>
  tributary([...args, '-c', made.config], {
    env: { OPAL_KEY: vendor.credentials.apiKey!, ...(broken && { BROKEN: 'yes' }) },
  }).ended;
const metadata = (made: Place) =>
  made
    .lines('audit')
    .map(line => (JSON.parse(line) as { metadata: { uid: string; original_event_uid: string } }).metadata);
/** The letters, as `dead ls --json` has them. */
const letters = async (made: Place, ...more: readonly string[]) =>
  (await say(made, ['dead', 'ls', '--json', ...more])).stdout
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as { seq: number; id: string; tries: number; place: string });

test('letters are listed, shown masked, exported, refused again, and delivered once the cause is mended', async () => {
  const made = here();
  expect((await say(made, ['once'], true)).code).toBe(0);
  const kept = await letters(made);
  const zeros = vendor.ids().opal!.filter(id => id.startsWith('0'));
  expect(zeros.length).toBeGreaterThan(3);
  expect(new Set(kept.map(letter => letter.id))).toEqual(new Set(zeros));
  expect(await letters(made, '--place', 'exporter/out')).toEqual([]);
  expect(await letters(made, '--code', 'E_PROCESSOR')).toEqual(kept);

  const { seq, id } = kept[0]!;
  const masked = await say(made, ['dead', 'show', String(seq)]);
  expect(masked.stdout).toContain('it begins with a zero');
  expect(masked.stdout).toMatch(/^record +\{"event_id":"0/m);
  expect(masked.stdout).not.toContain(`"event_id":"${id}"`);
  expect(masked.stdout).not.toMatch(/^record.*@[a-wyz]/m); // no address can be read
  expect((await say(made, ['dead', 'show', String(seq), '--raw'])).stdout).toContain(`"event_id":"${id}"`);

  const exported = (await say(made, ['dead', 'export'])).stdout.split('\n').filter(Boolean);
  expect(exported.map(line => JSON.parse(line))).toEqual(
    kept.map(letter =>
      expect.objectContaining({
        seq: letter.seq,
        code: 'E_PROCESSOR',
        reason: 'it begins with a zero',
        raw: expect.objectContaining({ event_id: letter.id }),
      }),
    ),
  );
  expect(await letters(made)).toEqual(kept); // nothing was changed

  const again = await say(made, ['dead', 'retry', String(seq)], true);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('1 refused again');
  expect((await letters(made)).map(letter => letter.tries)).toEqual(kept.map((_, i) => (i === 0 ? 2 : 1)));

  const dry = await say(made, ['dead', 'retry', '--dry-run']);
  expect([dry.code, dry.stderr]).toEqual([
    0,
    expect.stringContaining(`${kept.length} at ${kept[0]!.place}\nNothing was`),
  ]);
  const mended = await say(made, ['dead', 'retry']);
  expect(mended.code).toBe(0);
  expect(mended.stderr).toContain(`${kept.length} delivered`);
  expect(await letters(made)).toEqual([]);
  const events = metadata(made);
  expect(new Set(events.map(event => event.original_event_uid))).toEqual(new Set(vendor.ids().opal));
  expect(new Set(events.map(event => event.uid)).size).toBe(events.length);
  expect((await say(made, ['once'])).code).toBe(0);
  expect(metadata(made)).toEqual(events);
});

test('killed while it sends letters again: in the end each event is in the files once', async () => {
  const made = here();
  await say(made, ['once'], true);
  const preload = join(import.meta.dirname, '../support/kill-at.ts');
  let killed = 0;
  for (const at of ['after export', 'after writes', 'after commit', 'file: before append', 'file: after append']) {
    const env = { OPAL_KEY: vendor.credentials.apiKey!, KILL_AT: at, KILL_VISIT: '2' };
    const { signal } = await tributary(['dead', 'retry', '-c', made.config], { env, preload }).ended;
    if (signal === 'SIGKILL') killed++;
  }
  expect(killed).toBe(5);
  expect((await say(made, ['dead', 'retry'])).code).toBe(0);
  expect(await letters(made)).toEqual([]);
  const events = metadata(made);
  expect(new Set(events.map(event => event.original_event_uid))).toEqual(new Set(vendor.ids().opal));
  expect(new Set(events.map(event => event.uid)).size).toBe(events.length);
});

test('a letter that is damaged is named, and neither sent nor exported; the others are', async () => {
  const made = here();
  await say(made, ['once'], true);
  const kept = await letters(made);
  const damage = (sql: string) => {
    const db = new DatabaseSync(join(made.folder, '.tributary/state.db'));
    db.exec(`update dead set record = ${sql} where seq = ${kept[0]!.seq}`);
    db.close();
  };
  damage(`replace(record, '"event_id"', '"event_ie"')`);
  const exported = await say(made, ['dead', 'export']);
  expect(exported).toMatchObject({ code: 1, stderr: expect.stringContaining('dead letter 1 is not what was written') });
  expect(exported.stdout.split('\n').filter(Boolean)).toHaveLength(kept.length - 1);
  const sent = await say(made, ['dead', 'retry']);
  expect(sent).toMatchObject({ code: 1, stderr: expect.stringContaining('dead letter 1 is not what was written') });
  expect(sent.stderr).toContain(`${kept.length - 1} delivered, 1 not tried`);
  damage(`replace(record, '"event_ie"', '"event_id"')`);
  expect((await say(made, ['dead', 'retry'])).code).toBe(0);
  expect(new Set(metadata(made).map(event => event.original_event_uid))).toEqual(new Set(vendor.ids().opal));
});

test('letters are dropped only when it is said which, and that it is meant; the history says who went', async () => {
  const made = here();
  await say(made, ['once'], true);
  const kept = await letters(made);
  for (const [args, told] of [
    [['dead', 'drop'], 'which letters?'],
    [['dead', 'drop', '--all'], 'say --yes'],
    [['dead', 'drop', '99999', '--yes'], 'no such letter: 99999'],
    [['dead', 'drop', 'first', '--yes'], "'first' is no number"],
  ] as const) {
    const refused = await say(made, args);
    expect(refused.code).toBeGreaterThan(0);
    expect(refused.stderr).toContain(told);
  }
  const dry = await say(made, ['dead', 'drop', '--all', '--dry-run']);
  expect([dry.code, dry.stderr]).toEqual([
    0,
    expect.stringMatching(/dead letters would be dropped: 1, 2, .*\nNothing was/),
  ]);
  expect(await letters(made)).toEqual(kept);
  const { seq } = kept[1]!;
  expect((await say(made, ['dead', 'drop', String(seq), '--yes', '--reason', 'a test account'])).code).toBe(0);
  expect(await letters(made)).toEqual(kept.filter(letter => letter.seq !== seq));
  const { stdout } = await say(made, ['state', 'history']);
  expect(stdout).toMatch(new RegExp(`dead drop .*1 letter: ${seq}; a test account`));
});

test('while an engine runs on the state, letters are read and not touched', async () => {
  const made = here();
  await say(made, ['once'], true);
  const running = tributary(['run', '-c', made.config], { env: { OPAL_KEY: vendor.credentials.apiKey! } });
  await running.said('"message":"running"');
  try {
    expect((await letters(made)).length).toBeGreaterThan(0);
    for (const args of [
      ['dead', 'retry'],
      ['dead', 'drop', '--all', '--yes'],
    ]) {
      const refused = await say(made, args);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('another process runs on the state');
    }
  } finally {
    running.child.kill('SIGTERM');
    await running.ended;
  }
});
