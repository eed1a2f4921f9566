// Ways to break the change of a config while it runs, and the tests that must notice.
import { type Mutation, unit } from './mutations.ts';

const ENGINE = 'src/runtime/engine.ts';
const POOL = 'src/runtime/pool.ts';
const PLAN = 'src/runtime/plan.ts';
const RELOAD = ['test/unit/engine-reload.test.ts'];
const DIFFERENCE = ['test/unit/plan.test.ts'];
const PROGRAM = ['test/program/reload.test.ts'];

export const reloadMutations: readonly Mutation[] = [
  unit('a changed lane is stopped before the new one is created', RELOAD, [
    ENGINE,
    'const made = await create(next, change);',
    'for (const name of change.stop) await end(lanes.get(name)!); const made = await create(next, change);',
  ]),
  unit('a new lane does not wait for the old one', RELOAD, [
    ENGINE,
    'track(run(runner, ends.get(name)))',
    'track(run(runner, undefined))',
  ]),
  unit('what was made for a refused config is not closed', RELOAD, [
    ENGINE,
    'for (const runner of made.lanes.values()) await runner.close();',
    '',
  ]),
  unit('an old lane is never given up', RELOAD, [
    ENGINE,
    '.then(runner.abort, () => {});',
    '.then(() => {}, () => {});',
  ]),
  unit('exporters are not counted: the first that leaves closes them', RELOAD, [
    POOL,
    'if (--shared.uses > 0) return;',
    'if (--shared.uses > 0 && !shared.handle) return;',
  ]),
  unit('exporters are not shared by generations', RELOAD, [POOL, 'part.fingerprint ?? part.spec', 'part.spec']),
  unit('a queue is read before the old reader has come to its end', RELOAD, [POOL, 'await before;', '']),
  unit('options of processors do not count', DIFFERENCE, [
    PLAN,
    'options: spec.options, queue',
    "options: map === 'processors' ? {} : spec.options, queue",
  ]),
  unit('the order of processors does not count', DIFFERENCE, [
    PLAN,
    'processors: known(processors),',
    'processors: known(processors).toSorted(),',
  ]),
  unit('a function counts as the same', DIFFERENCE, [
    'src/runtime/fingerprint.ts',
    "if (typeof value !== 'object') return undefined;",
    "if (typeof value !== 'object') return 'function';",
  ]),
  unit('the module of before is used again', PROGRAM, [
    'src/runtime/load.ts',
    "again === undefined ? '' :",
    "again !== undefined || again === undefined ? '' :",
  ]),
  unit('links are not watched', ['test/unit/watch.test.ts'], ['src/runtime/watch.ts', 'places.push(here);', '']),
  unit(
    'a config is not tried before it is loaded',
    ['test/program/trial.test.ts'],
    ['src/cli/trial.ts', "tried.kill('SIGKILL');", "tried.kill('SIGKILL'); trial = { sources: trial.sources };"],
  ),
];
