// What a thousand changes of a config cost in memory: each loads it again, makes its receiver anew, and closes the old one.
// The process in which a config is tried is left out: it ends, and what it took with it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { planOf, readAgain, silent } from '../../src/cli/session.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startEngine } from '../../src/runtime/engine.ts';
import { budgets } from '../../src/runtime/http/budget.ts';
import { httpClients } from '../../src/runtime/http/fetch.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import type { Figure } from './measure.ts';

const CHANGES = 1000;
/** What an import may keep, by the design; MB. */
const GOAL = 0.4;

export const run = async (): Promise<readonly Figure[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-bench-'));
  const file = join(folder, 'pipeline.config.ts');
  process.env.BENCH_KEY = 'made up';
  const write = (pageSize: number) => writeFileSync(file, config(pageSize));
  write(1);
  const store = openState(folder);
  const http = httpClients({ clock: systemClock, budgets: budgets(systemClock), folder });
  const ground = { store, clock: systemClock, log: silent, http: http.open, folder };
  const engine = await startEngine(planOf(await readAgain(file, {})), ground);
  const change = async (turn: number) => {
    write(1 + (turn % 1000));
    const { stop } = await engine.reload(planOf(await readAgain(file, { again: turn })));
    if (stop.length !== 1) throw new Error('nothing has changed');
  };

  const warm = 100;
  for (let turn = 1; turn <= warm; turn++) await change(turn);
  const before = used();
  const began = performance.now();
  for (let turn = warm + 1; turn <= warm + CHANGES; turn++) await change(turn);
  const took = (performance.now() - began) / CHANGES;
  await new Promise(resolve => setTimeout(resolve, 2000)); // connections close
  const each = (used() - before) / CHANGES;
  engine.abort();
  await engine.ended;
  await http.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
  const goal = { met: each <= GOAL, text: `at most ${GOAL} MB` };
  return [
    { what: `memory kept by each of ${CHANGES} changes`, value: `${(each * 1000).toFixed(0)} kB`, goal },
    { what: 'one change, from its file to its lane', value: `${took.toFixed(1)} ms` },
  ];
};

/** MB of live objects. */
const used = (): number => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // what the flag adds
  for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().heapUsed / 1e6;
};

const config = (pageSize: number): string => `
  import { defineConfig, secret } from 'tributary';
  import { opal } from 'tributary/receivers/opal';
  import { dedupe } from 'tributary/processors/dedupe';
  import { normalize } from 'tributary/processors/normalize';
  import { otlp } from 'tributary/exporters/otlp';
  export default defineConfig({
    receivers: { opal: opal({ apiKey: secret.env('BENCH_KEY'), baseUrl: 'http://127.0.0.1:1', pageSize: ${pageSize} }) },
    processors: { dedupe: dedupe(), normalize: normalize() },
    exporters: { out: otlp({ endpoint: 'http://127.0.0.1:1' }) },
    pipelines: { all: { receivers: ['opal'], processors: ['dedupe', 'normalize'], exporters: ['out'] } },
  });`;
