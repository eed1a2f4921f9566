// What `check --diff` foresees: which lanes begin again, because of what, and what becomes of their positions.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secret } from '../../src/options.ts';
import { type Foreseen, foresee } from '../../src/runtime/reload/foresee.ts';
import { keepOutline, outlineOf, readOutline } from '../../src/runtime/reload/outline.ts';
import { planOf, world } from '../support/reload.ts';

const { sim, pass, out } = world();
const base = {
  receivers: { a: sim({ from: 'a' }), b: sim({ from: 'b' }) },
  processors: { x: pass() },
  exporters: { out: out({ to: '1' }) },
};
type Config = Parameters<typeof planOf>[0];

/** Positions are those of the old config, all of them; a receiver reads what it is called after, unless it is said. */
const from = async (
  next: Config,
  { old = base as Config, reads = {} as Record<string, string>, stands = ['a', 'b'] } = {},
) => {
  const identities = (config: Config, of: Record<string, string>) =>
    new Map(Object.keys(config.receivers).map(name => [name, of[name] ?? name]));
  const foreseen = foresee({
    old: outlineOf(await planOf(old), identities(old, {})),
    next: outlineOf(await planOf(next), identities(next, reads)),
    positions: stands.map(name => ({ receiver: name, identity: name })),
    remembering: new Set(['p/x', 'q/x', 'p/y']),
    inWords: identity => `log ${identity}`,
  });
  return new Map(foreseen.map(({ receiver, ...rest }) => [receiver, rest]));
};
const untouched = { becomes: 'untouched', changed: [], position: 'goes on', notes: [] };
const STANDS = 'goes on from where it stands';

test('nothing has changed', async () => {
  expect(await from(base)).toEqual(
    new Map([
      ['a', untouched],
      ['b', untouched],
    ]),
  );
});

test.each<[string, Config, Partial<Omit<Foreseen, 'receiver'>>]>([
  [
    'an option',
    { ...base, receivers: { ...base.receivers, a: sim({ from: 'a', size: 7 }) } },
    { changed: ['receivers.a: size'] },
  ],
  [
    'a processor more, and an exporter of another name',
    { ...base, processors: { x: pass(), y: pass() }, exporters: { other: out({ to: '1' }) } },
    {
      changed: ['processors.y comes', 'exporters.other comes', 'exporters.out goes'].toSorted(),
      notes: ['p/y has no memory yet: what is read again by overlap and sweep comes once more'],
    },
  ],
  [
    'a function',
    { ...base, processors: { x: pass({ by: () => {} }) } },
    { changed: ['processors.x holds what cannot be compared, such as a function'] },
  ],
  [
    'the name of a pipeline',
    { ...base, pipelines: { q: { receivers: ['a', 'b'], processors: ['x'], exporters: ['out'] } } },
    {
      changed: ['the order of processors, or the name of a pipeline'],
      notes: ['q/x has no memory yet: what is read again by overlap and sweep comes once more'],
    },
  ],
])('%s: made anew, and the position is kept', async (_, next, expected) => {
  const { changed = [], ...rest } = (await from(next)).get('a')!;
  expect({ ...rest, changed: changed.toSorted() }).toEqual({
    becomes: 'made anew',
    position: STANDS,
    notes: [],
    ...expected,
  });
});

test('another log under the same name: it begins anew, and that is said', async () => {
  const moved = { ...base, receivers: { ...base.receivers, a: sim({ from: 'z' }) } };
  expect((await from(moved, { reads: { a: 'z' } })).get('a')).toMatchObject({
    becomes: 'made anew',
    position: 'begins at its since, because it reads another log now: log z',
  });
});

test('another name for the same log: the whole config is refused, and the remedy is said', async () => {
  const {
    receivers: { a, b },
  } = base;
  const renamed = await from({ ...base, receivers: { b, c: a } }, { reads: { c: 'a' } });
  expect(renamed.get('c')).toMatchObject({
    becomes: 'refused',
    position: "reads what 'a' has read: tributary state adopt a c, once this config is in place",
  });
  expect(renamed.get('a')).toMatchObject({
    becomes: 'stopped',
    position: 'stays, and is used when the receiver comes back',
  });
  expect(renamed.get('b')).toEqual(untouched);
});

test('a new one, with a position from before, and without', async () => {
  const old = { ...base, receivers: { a: base.receivers.a } };
  expect((await from(base, { old })).get('b')).toMatchObject({ becomes: 'started', position: STANDS });
  expect((await from(base, { old, stands: ['a'] })).get('b')).toMatchObject({ position: 'begins at its since' });
});

test('an outline is kept for its owner only, without an option of the config; one that is damaged is none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-outline-'));
  try {
    expect(readOutline(folder)).toBeUndefined();
    const receivers = { a: sim({ from: 'tenant-4711' }) };
    const outline = outlineOf(await planOf({ ...base, receivers }), new Map());
    keepOutline(folder, outline);
    expect(readOutline(folder)).toEqual(JSON.parse(JSON.stringify(outline)));
    expect(statSync(join(folder, 'plan.json')).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(outline)).not.toContain('4711');
    expect(JSON.stringify(outline)).not.toContain(secret.env('X').reference);
    writeFileSync(join(folder, 'plan.json'), '{"version":2}');
    expect(readOutline(folder)).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
