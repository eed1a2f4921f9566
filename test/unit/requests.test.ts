// A command asks the engine that runs: it is told what became of it, and a request that nobody takes is gone.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR } from '../../src/options.ts';
import { createBell } from '../../src/runtime/bell.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { askEngine, type Desk, openDesk } from '../../src/runtime/state/requests.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { virtualClock } from '../support/clock.ts';

const adoption = { from: 'busy', to: 'gems', reason: '' };
const failed: unknown[] = [];
let folder: string;
let store: ReturnType<typeof openState>;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-requests-'));
  store = openState(folder);
  failed.length = 0;
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
const below = () => readdirSync(join(folder, 'requests'));
const bell = createBell();
const open = (): Desk => openDesk(folder, bell.ring, error => failed.push(error));

test.each([[undefined], ['no, and why']])('is heard, and answered once: %s', async says => {
  const desk = open();
  const rung = bell.next();
  const asking = askEngine(folder, adoption, systemClock);
  await rung;
  const asked = desk.take();
  expect(asked).toMatchObject([adoption]);
  expect(desk.take()).toEqual([]);
  asked[0]?.answer(says);
  expect(await asking).toBe(says);
  expect(below()).toEqual([]);
  expect(statSync(join(folder, 'requests')).mode & 0o777).toBe(0o700);
  desk.close();
  expect(failed).toEqual([]);
});

test('is withdrawn where nobody listens for long, and is not made where nobody can', async () => {
  const clock = virtualClock();
  expect(await askEngine(folder, adoption, clock)).toContain('does not follow its config');
  const desk = open();
  const asking = askEngine(folder, adoption, clock);
  await clock.advance(HOUR);
  expect(await asking).toContain('did not listen');
  expect(desk.take()).toEqual([]);
  desk.close();
});

test('ends with the engine', async () => {
  const desk = open();
  const clock = virtualClock();
  const asking = askEngine(folder, adoption, clock);
  await clock.advance(0);
  desk.take();
  await store.close();
  await clock.advance(1000);
  expect(await asking).toContain('has ended');
  store = openState(folder);
});

test('of an engine before is not for this one, and what is no request does no harm', () => {
  mkdirSync(join(folder, 'requests'));
  writeFileSync(join(folder, 'requests', 'old.ask.json'), JSON.stringify(adoption));
  const desk = open();
  expect(desk.take()).toEqual([]);
  writeFileSync(join(folder, 'requests', 'x.ask.json'), '{"from":"busy"}');
  expect(desk.take()).toEqual([]);
  expect(below()).toEqual(['x.answer.json']);
  desk.close();
});

test('where the folder cannot be used, that is said, and nothing is asked', () => {
  const desk = openDesk(
    join(folder, 'state.db'),
    () => {},
    error => failed.push(error),
  );
  expect([desk.take(), failed.length]).toEqual([[], 1]);
  desk.close();
});
