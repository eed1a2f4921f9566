// Ways to hammer a vendor, and to be misled by a disk, and the tests that must notice.
import { type Mutation, unit } from './mutations.ts';

const BUDGET = 'src/runtime/http/budget.ts';
const BUCKET = 'src/runtime/http/bucket.ts';
const CIRCUIT = 'src/runtime/http/circuit.ts';
const OPEN = ['test/unit/circuit.test.ts'];
const DAMAGE = ['test/unit/state-damage.test.ts', 'test/unit/state-damage-tables.test.ts'];
const LOOP = ['test/property/crash-loop.test.ts'];

export const misfortuneMutations: readonly Mutation[] = [
  unit('a circuit that never opens', OPEN, [
    CIRCUIT,
    'if (failures < MOST_FAILURES) return;',
    'if (failures >= 0) return;',
  ]),
  unit('a circuit that counts failures that are not in a row', OPEN, [CIRCUIT, '    failures = 0;\n', '']),
  unit('everybody is a probe', OPEN, [BUDGET, 'if (health.probe !== undefined) await', 'if (false) await']),
  unit('a probe that was given up is waited for', OPEN, [
    CIRCUIT,
    'if (mine && probe === mine) probe = undefined;\n        mine?.resolve();',
    "if (outcome !== 'given up') {\n          if (mine && probe === mine) probe = undefined;\n          mine?.resolve();\n        }",
  ]),
  unit('a vendor that refuses counts as sick', OPEN, [CIRCUIT, '&& SICK.has(code)', '|| SICK.has(code)']),
  unit('the rest of a circuit is said again and again', OPEN, [
    'src/runtime/trouble.ts',
    "last !== undefined && fault.code === 'E_PAUSED'",
    "last === undefined && fault.code === 'E_PAUSED'",
  ]),
  unit(
    'a bucket that begins full',
    [...LOOP, 'test/program/crash-loop.test.ts'],
    [BUCKET, 'rate, level: 0, at: now', 'rate, level: burst(rate), at: now'],
  ),
  unit('a wait that is not kept', LOOP, [
    BUDGET,
    'let rest = restKept(kept, key, clock.now());',
    'let rest = NO_REST;',
  ]),
  unit('a wait that is not noted', LOOP, [BUDGET, 'await keep({', 'await (async (_: WaitNote) => {})({']),
  unit(
    'a position whose bits fell over is used',
    ['test/unit/state-damage.test.ts'],
    ['src/runtime/state/sums.ts', 'if (!isWhole(row)) throw damaged();', ''],
  ),
  unit('a position that is gone is taken for none', DAMAGE, [
    'src/runtime/state/state-sqlite.ts',
    'if (!row && sql.entry.get(BEGAN,',
    'if (row && sql.entry.get(BEGAN,',
  ]),
  unit(
    'space is not given back',
    ['test/unit/state.test.ts'],
    ['src/runtime/state/sqlite-open.ts', '    giveBack(db);\n', ''],
  ),
  unit('a dead letter whose bits fell over is sent', DAMAGE, [
    'src/runtime/state/letters-sqlite.ts',
    'if (!agrees(row, sumOfLetter(row))) throw damaged();',
    '',
  ]),
  unit('marks without a check sum', DAMAGE, [
    'src/runtime/state/marks-sqlite.ts',
    'agrees(block, sumOfMarks(block))',
    'true',
  ]),
  unit('damaged marks are not said', DAMAGE, [
    'src/runtime/engine.ts',
    'for (const doubt of store.doubts) log.warn({}, doubt);',
    '',
  ]),
  unit('a wait whose bits fell over is kept', DAMAGE, [
    'src/runtime/state/notes-sqlite.ts',
    'agrees(row, sumOf(row.key, row.noted, row.until))',
    'true',
  ]),
  unit('the ledger of a damaged row holds the lane', DAMAGE, [
    'src/runtime/ledger/ledger-sqlite.ts',
    'insert or replace into ledger_rows',
    'insert into ledger_rows',
  ]),
  unit(
    'rows of a queue without a check sum',
    ['test/unit/queue-damage.test.ts'],
    ['src/runtime/queue/queue-sqlite.ts', 'zstdCompressSync(json, SUMMED)', 'zstdCompressSync(json)'],
  ),
  unit(
    'a damaged state ends in a stack trace',
    ['test/unit/state-damage.test.ts'],
    ['src/runtime/state/state-sqlite.ts', "throw asStateFault(error, folder, 'E_STATE_CORRUPT');", 'throw error;'],
  ),
  unit(
    'a full disk gives up the batch',
    ['test/unit/disk.test.ts'],
    ['src/runtime/deliver.ts', 'await persist(() => commit(all, how), how);', 'await commit(all, how);'],
  ),
  unit(
    'a wrong clock is said with each answer',
    ['test/unit/skew.test.ts'],
    ['src/runtime/telemetry/skew.ts', 'wrong.add(lane);', ''],
  ),
  unit(
    'all letters are held in memory',
    ['test/program/dead-many.test.ts'],
    ['src/runtime/state/letters-sqlite.ts', 'const AT_ONCE = 100;', 'const AT_ONCE = 1e6;'],
  ),
  unit(
    'a full queue drops what a month brings',
    ['test/unit/long-trouble.test.ts'],
    ['src/runtime/queue/queue.ts', 'await room(how);', 'if ((await holding()).bytes >= limit) return {};'],
  ),
  unit(
    'a body without a limit',
    ['test/unit/hostile-vendors.test.ts'],
    ['src/runtime/http/fetch.ts', 'if (size > most) throw', 'if (size > 2 ** 40) throw'],
  ),
  unit(
    'each piece of a body is decoded by itself',
    ['test/unit/fetch.test.ts'],
    ['src/runtime/http/fetch.ts', 'decoder.decode(chunk, { stream: true })', "chunk.toString('utf8')"],
  ),
  unit(
    'a body that ends within a sign is whole',
    ['test/unit/fetch.test.ts'],
    ['src/runtime/http/fetch.ts', 'return text + decoder.decode();', 'return text;'],
  ),
  unit(
    'V8 takes all the memory that it likes',
    ['test/unit/heap.test.ts'],
    ['src/cli/heap.ts', '--semi-space-growth-factor=1', '--semi-space-growth-factor=2'],
  ),
  unit(
    'a position that leads astray is committed',
    ['test/unit/hostile-vendors.test.ts'],
    ['src/source/http.ts', 'if (ahead) assertNear(api.base, request(ahead).path);', ''],
  ),
  unit('a clock that steps back makes a rest longer', OPEN, [
    'src/runtime/http/rest.ts',
    'left - Math.max(0, now - at)',
    'left - (now - at)',
  ]),
];
