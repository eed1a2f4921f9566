// Ways to break the durable queue, and the tests that must notice.
import { type Mutation, unit } from './mutations.ts';

const QUEUE = 'src/runtime/queue/queue.ts';
const ROWS = 'src/runtime/queue/queue-sqlite.ts';
const CRASH = ['test/property/crash', 'test/property/queue.test.ts'];
const UNIT = [
  'test/unit/queue.test.ts',
  'test/unit/queue-rows.test.ts',
  'test/unit/queue-end.test.ts',
  'test/unit/queue-damage.test.ts',
];
const ENGINE = ['test/unit/engine.test.ts', 'test/unit/engine-queue.test.ts'];

export const queueMutations: readonly Mutation[] = [
  unit('rows are not checked when they are removed', UNIT, [
    ROWS,
    'if (!row) throw',
    'if (!row) continue; if (!row) throw',
  ]),
  unit('rows are removed before they are exported', CRASH, [
    QUEUE,
    'const [exported] = await conclude([sink.hand([unrouted(records)], how)], [dequeue], how,',
    'await store.commit([dequeue], clock.now()); const [exported] = await conclude([sink.hand([unrouted(records)], how)], [], how,',
  ]),
  unit('rows are written beside the commit', CRASH, [
    QUEUE,
    '      return {\n        writes,\n',
    '      await store.commit(writes, clock.now());\n      return {\n        writes: [],\n',
  ]),
  unit('a full queue drops', UNIT, [
    QUEUE,
    'await room(how);',
    'await room({ ...how, report: () => { full = false; } }); if ((await holding()).bytes >= limit) return {};',
  ]),
  unit('a full queue takes more', UNIT, [QUEUE, 'if (!full) return;', 'if (!full || full) return;']),
  unit('numbers of rows are used again', UNIT, [
    'src/runtime/state/tables.ts',
    'seq integer primary key autoincrement, queue text',
    'seq integer primary key, queue text',
  ]),
  unit('the newest rows first', UNIT, [ROWS, 'where queue = ? order by seq', 'where queue = ? order by seq desc']),
  unit('sizes are learnt before the commit', UNIT, [
    ROWS,
    'return { row, learn: () => learn(queue, { rows: 1, records: records.length, bytes: data.length }) };',
    'learn(queue, { rows: 1, records: records.length, bytes: data.length }); return { row, learn: () => {} };',
  ]),
  unit('a stop waits for the next try', UNIT, [
    QUEUE,
    'sleep: ms => clock.sleep(ms, resting)',
    'sleep: ms => clock.sleep(ms, aborting.signal)',
  ]),
  unit('a reader that is not woken', UNIT, [
    QUEUE,
    'if (committed) arrivals.ring();',
    'if (!committed) arrivals.ring();',
  ]),
  unit('patience while lanes still fill the queue', UNIT, [
    QUEUE,
    'finishing ? patience : Number.POSITIVE_INFINITY',
    'patience',
  ]),
  unit('who waits is patient a moment longer than whoever hears of it', ENGINE, [
    QUEUE,
    'const now = clock.now();\n      moved?.();\n      return now;',
    'moved?.();\n      return clock.now();',
  ]),
  unit('a queue that moves is no progress', ENGINE, [
    QUEUE,
    'isMoving ? [LOOK, anew()] :',
    'isMoving ? [LOOK, clock.now()] :',
  ]),
  unit('who waits for room is given up by its next look', ENGINE, [
    QUEUE,
    'left > 0 ? Math.min(look, left) : look',
    'look',
  ]),
  unit('a part that is through is no progress', ENGINE, ['src/runtime/handle.ts', '    how.moved?.();\n', '']),
  unit('a page that is there is no progress', ENGINE, ['src/runtime/runner.ts', '    trouble.moved();\n', '']),
  unit('what begins again and again is progress', ENGINE, ['src/runtime/runner.ts', '    trouble.undone();\n', '']),
  unit('no limit of dead letters', UNIT, [
    QUEUE,
    'const recent = await store.deadAt(place, clock.now() - DAY);',
    'const recent = 0 * (await store.deadAt(place, clock.now() - DAY));',
  ]),
  unit('a damaged row is skipped', UNIT, [ROWS, 'if (found.length === 0) throw error;\n          break;', 'continue;']),
];
