// Ways to break the change of a config while it runs, and the tests that must notice.
import { type Mutation, unit } from './mutations.ts';

const ENGINE = 'src/runtime/engine.ts';
const POOL = 'src/runtime/pool.ts';
const PLAN = 'src/runtime/plan.ts';
const RELOAD = ['test/unit/engine-reload.test.ts'];
const DIFFERENCE = ['test/unit/plan.test.ts'];
const ADOPT = ['test/unit/engine-adopt.test.ts'];
const ADOPTING = 'src/runtime/state/adopt-sqlite.ts';
const LOAD = ['test/unit/load.test.ts'];

export const reloadMutations: readonly Mutation[] = [
  unit('a changed lane is stopped before the new one is created', RELOAD, [
    ENGINE,
    'const made = await create(next, change, adoptions);',
    'for (const name of change.stop) await end(lanes.get(name)!); const made = await create(next, change, adoptions);',
  ]),
  unit('a new lane does not wait for the old one', RELOAD, [
    ENGINE,
    'handedOver : ends.get(name);',
    'handedOver : undefined;',
  ]),
  unit('what was made for a refused config is not closed', RELOAD, [
    ENGINE,
    'for (const runner of made.lanes.values()) await runner.close();',
    '',
  ]),
  unit('nobody waits for exporters that go', RELOAD, [ENGINE, '.then(pool.released);', ';']),
  unit('a lane waits for what an exporter that goes has in hand', RELOAD, [
    'src/runtime/runner.ts',
    'for (const each of uses.values()) each.release();',
    'for (const each of uses.values()) each.release(); await pool.released();',
  ]),
  unit(
    'what is answered is kept until its time is over',
    ['test/unit/many-reloads.test.ts'],
    ['src/runtime/http/fetch.ts', 'clearTimeout(timer);', ''],
  ),
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
    'src/runtime/reload/fingerprint.ts',
    "if (typeof value !== 'object') return undefined;",
    "if (typeof value !== 'object') return 'function';",
  ]),
  unit('the module of before is used again', LOAD, [
    'src/runtime/load.ts',
    "again === undefined ? '' :",
    "again !== undefined || again === undefined ? '' :",
  ]),
  unit('a new name takes a position over before the old lane has come to its end', ADOPT, [
    ENGINE,
    'const handedOver = gone.then(() => adopt(made.adopted));',
    'const handedOver = adopt(made.adopted);',
  ]),
  unit('a new name begins before the position is its own', ADOPT, [
    ENGINE,
    'made.adopted.some(({ to }) => to === name) ? handedOver : ends.get(name);',
    'ends.get(name);',
  ]),
  unit('queues are read while a position gets another name', ADOPT, [POOL, 'await Promise.all(read.map(halt));', '']),
  unit('queues are not read any more after it', ADOPT, [POOL, 'read.forEach(resume);', '']),
  unit('what waits keeps its old name', ADOPT, [ADOPTING, 'renameRecords(db, from, to, identity);', '']),
  unit('a lane whose position could not be adopted begins all the same', ADOPT, [
    ENGINE,
    '      runner.abort();\n    });',
    '    });',
  ]),
  unit(
    'a position is adopted although the new name has one',
    ['test/unit/state-tools.test.ts'],
    [ADOPTING, 'if (rowOf(db, to, identity)) throw', 'if (rowOf(db, to, identity) && now < 0) throw'],
  ),
  unit(
    'a request is carried out though nobody waits for it',
    ['test/unit/requests.test.ts'],
    [
      'src/runtime/state/requests.ts',
      'rmSync(folder, { recursive: true, force: true }); // whoever asked',
      '// whoever asked',
    ],
  ),
  unit('links are not watched', ['test/unit/watch.test.ts'], ['src/runtime/reload/watch.ts', 'places.push(here);', '']),
  unit(
    'a config is not tried before it is loaded',
    ['test/program/trial.test.ts'],
    ['src/cli/trial.ts', "tried.kill('SIGKILL');", "tried.kill('SIGKILL'); trial = { sources: trial.sources };"],
  ),
];
