// The promise itself: in any history, with crashes at any place, every event is delivered; storage, queue and
// files have it exactly once, a sink sees again only what was in flight, and the ledger knows the fate of each.
// CRASH_SEED and CRASH_HISTORIES choose the histories; `npm run mutants` breaks the engine and sees this test fail.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { HOUR, MINUTE } from '../../../src/options.ts';
import type { DeadLetter } from '../../../src/runtime/state/state.ts';
import { assertBooks } from './books.ts';
import { dice as roll } from './dice.ts';
import { type Character, type Lasting, live } from './life.ts';
import { bump, expected, inFiles, keyOf, sinkRecords } from './records.ts';
import { world as build } from './vendor.ts';

const FIRST = Number(process.env.CRASH_SEED ?? 1);
const HISTORIES = Number(process.env.CRASH_HISTORIES ?? 40);
const root = mkdtempSync(join(tmpdir(), 'tributary-crash-'));
const random = Math.random;
const total = {
  histories: 0,
  events: 0,
  crashes: 0,
  reloads: 0,
  full: 0,
  repeats: { direct: 0, later: 0 },
  dead: 0,
  places: new Map<string, number>(),
};

afterAll(() => {
  Math.random = random;
  rmSync(root, { recursive: true, force: true });
});

test(`${HISTORIES} histories from seed ${FIRST}: nothing lost, nothing twice`, { timeout: 600_000 }, async () => {
  for (let seed = FIRST; seed < FIRST + HISTORIES; seed++) await history(seed);
  const { places, ...figures } = total;
  process.stderr.write(`${JSON.stringify({ ...figures, places: places.size })}\n`);
  expect(total.crashes).toBeGreaterThan(HISTORIES); // a test that never crashes anything would be decoration
});

const history = async (seed: number): Promise<void> => {
  const dice = roll(seed);
  Math.random = dice.next; // the jitter of the engine belongs to the history, too
  const world = build(dice, seed);
  const { pick, chance, between } = dice;
  const active = world.quiet - world.begin;
  const fullFrom = chance(0.4) ? world.begin + between(0, active) : Number.POSITIVE_INFINITY;
  const wrongFrom = chance(0.4) ? world.begin + between(0, active) : Number.POSITIVE_INFINITY;
  const character: Character = {
    routes: chance(0.6) ? ['a', 'b'] : ['a'],
    dedupeFirst: [chance(0.5), chance(0.5)],
    crash: pick(0.004, 0.01, 0.02, 0.04),
    faulty: pick(0, 0.03, 0.1),
    rude: chance(0.3),
    sour: chance(0.5) ? pick(...world.happenings).id : undefined,
    wrong: [wrongFrom, wrongFrom + between(1, 200) * MINUTE],
    full: [fullFrom, fullFrom + between(1, 60) * MINUTE],
    rotate: pick(200, 2000, 1 << 30),
    limit: pick('1B', '2KiB', '1GiB'),
    filesLater: chance(0.5),
  };
  const lasting: Lasting = {
    folder: join(root, String(seed)),
    world,
    sinks: { direct: sinkRecords(), later: sinkRecords() },
    rows: new Map(),
    files: { now: new Map(), finished: new Map() },
    truth: world.begin,
    counts: { crashes: 0, reloads: 0, full: 0, byPlace: total.places },
  };

  let letters: Awaited<ReturnType<typeof live>>;
  do {
    letters = await live(lasting, character, dice);
    lasting.truth += between(0, 5 * MINUTE);
  } while (letters === 'crashed');
  judge(seed, lasting, character, letters);
  rmSync(lasting.folder, { recursive: true, force: true });

  total.histories++;
  total.events += world.happenings.length;
  total.crashes += lasting.counts.crashes;
  total.reloads += lasting.counts.reloads;
  total.full += lasting.counts.full;
};

const judge = (seed: number, lasting: Lasting, character: Character, letters: readonly DeadLetter[]): void => {
  const { world, sinks, rows, files } = lasting;
  const story = JSON.stringify({
    seed,
    walk: world.walk,
    every: world.every / MINUTE,
    span: world.span / HOUR,
    ...character,
  });
  const poisoned = new Map<string, number>();
  const refused = new Map<string, number>(); // by place and key
  for (const { place, record } of letters) {
    if (place.startsWith('pipeline/')) bump(poisoned, `dead ${place.split('/')[1]} ${record.id}`);
    else bump(refused, `${place} ${keyOf(record)}`);
  }
  total.dead += letters.length;
  const filed = inFiles(files);
  const keys = expected(world.happenings, character.routes);

  for (const key of keys.keys()) {
    if (key.startsWith('dead ')) {
      assert.equal(poisoned.get(key), 1, `${key} is a dead letter ${poisoned.get(key)} times: ${story}`);
      continue;
    }
    assert.equal(filed.get(key), 1, `${key} is in the files ${filed.get(key)} times: ${story}`);
    assert.equal(rows.get(key), 1, `${key} is in the queue ${rows.get(key)} times: ${story}`);
    for (const which of ['direct', 'later'] as const) {
      const letter = refused.get(`exporter/${which} ${key}`) ?? 0;
      assert(letter <= 1, `${key} is a dead letter twice: ${story}`);
      const mayBeRefused = key === `a ${character.sour} 0` || Number.isFinite(character.wrong[0]);
      assert(letter === 0 || mayBeRefused, `${key} is a dead letter for nothing: ${story}`);
      if (letter === 1) continue;
      const times = sinks[which].arrived.get(key) ?? 0;
      const most = 1 + (sinks[which].allowed.get(key) ?? 0);
      assert(times >= 1, `${key} is lost at ${which}: ${story}`);
      assert(times <= most, `${key} arrived ${times} times at ${which}, ${most} are allowed: ${story}`);
      total.repeats[which] += times - 1;
    }
  }
  assertBooks(story, lasting, character, letters);
  const strangers = [...filed.keys(), ...rows.keys()].filter(key => !keys.has(key));
  assert.deepEqual(strangers, [], `strangers in the files or in the queue: ${story}`);
};
