// Ways to break the program, and the test that must notice. A guard without a mutation here is decoration.
export interface Mutation {
  readonly name: string;
  readonly changes: readonly Change[];
  /** The tests of which at least one must fail. */
  readonly tests: readonly string[];
}

export interface Change {
  readonly file: string;
  /** Exactly once in the file. */
  readonly find: string;
  readonly put: string;
}

const WALKS = 'src/source/walks.ts';
const WINDOWS = 'src/source/windows.ts';
const DELIVER = 'src/runtime/deliver.ts';
const STATE = 'src/runtime/state/state-sqlite.ts';
const TABLES = 'src/runtime/state/tables.ts';
const WRITER = 'exporters/file/writer.ts';
const ENCODE = 'exporters/file/encode.ts';
const VENDOR = 'test/property/crash/vendor.ts';
const CRASH = ['test/property/crash'];

const ENGINE = ['test/unit/engine.test.ts'];
const DELIVERY = ['test/unit/deliver.test.ts'];
const STORE = ['test/unit/state.test.ts'];
const MARKS = ['test/unit/marks.test.ts'];
const WALKING = ['test/property/walks.test.ts'];
const HTTP = ['test/unit/http.test.ts'];
const FILES = ['test/unit/file.test.ts'];
const ENCODING = ['test/unit/file-encode.test.ts'];
const CONTRACT = ['test/contract/receivers.test.ts'];

type Edit = readonly [file: string, find: string, put: string];

export const unit = (name: string, tests: readonly string[], ...changes: readonly Edit[]): Mutation => ({
  name,
  tests,
  changes: changes.map(([file, find, put]) => ({ file, find, put })),
});

const crash = (name: string, ...changes: readonly Edit[]): Mutation => unit(name, CRASH, ...changes);

export const mutations: readonly Mutation[] = [
  unit("our clock for the vendor's", WALKING, [
    WINDOWS,
    'const safe = Math.min(to, first - settle);',
    'const safe = to;',
  ]),
  crash(
    'no overlap',
    [WINDOWS, 'const onward = Math.max(from, safe - overlap);', 'const onward = Math.max(from, safe);'],
    [VENDOR, 'const behind = pick(HOUR, 2 * HOUR, 3 * HOUR);', 'const behind = Infinity;'],
    [VENDOR, 'pick(0, settle + overlap, behind)', 'settle + overlap'],
    [VENDOR, 'begin + active + latest + behind', 'begin + active + latest'],
  ),
  unit('no sweep', WALKING, [WINDOWS, 'wasOld ? { sweep: at(onward) } : {}', '{ sweep: at(onward) }']),
  unit('the sweep skips what it should not', WALKING, [
    WINDOWS,
    'const wasOld = to <= first - behind && position.sweep.from >= from;',
    'const wasOld = position.sweep.from >= from;',
  ]),
  crash('the window moves before it is read out', [
    WINDOWS,
    'if (next !== null) {',
    'if (next !== null && track === "sweep") {',
  ]),
  unit(
    'the low-water time of a cursor moves at once',
    [...WALKING, ...CRASH],
    [WALKS, 'low: more ? place.low : Math.max(place.low, date)', 'low: date'],
    [VENDOR, "walk === 'cursor' ? pick(HOUR, 14 * DAY)", "walk === 'cursor' ? HOUR"],
  ),
  crash('no dedupe', [
    'processors/dedupe/index.ts',
    'const known = await state.known(',
    'const known = new Set<string>(); await state.known(',
  ]),
  unit(
    'marks in memory before the commit',
    [...STORE, ...CRASH],
    [
      STATE,
      'const digests = ids.map(digestOf);',
      'const digests = ids.map(digestOf); { const early = marks.get(space) ?? new Marks(); for (const d of digests) early.add(d); marks.set(space, early); }',
    ],
  ),
  crash('marks outside the batch', [
    DELIVER,
    '  const shares = new Map',
    "  for (const { writes } of processed) if (batch.move && writes.length > 0) await how.store.commit([{ kind: 'dated', date: batch.move.date }, ...writes], how.clock.now());\n  const shares = new Map",
  ]),
  crash(
    'marks dated by the low-water time',
    [STATE, 'date: Math.floor(move.date)', 'date: Math.floor(move.low)'],
    [VENDOR, 'pick(MINUTE, HOUR, 14 * DAY)', 'MINUTE'],
  ),
  unit(
    'what is too old stays in memory',
    ['test/property/marks.test.ts'],
    [STATE, 'for (const blob of gone) for', 'for (const blob of gone.slice(1)) for'],
  ),
  crash('marks not written', [STATE, 'if (digests.length > 0) {', 'if (digests.length > 1e9) {']),
  crash('a file not cut back', [
    WRITER,
    'append(unfinishedOf(tail), tail.length,',
    'append(partOf(tail), (await disk.stat(partOf(tail)))?.size ?? 0,',
  ]),
  crash('the length of a file not staged', [WRITER, 'writes: [state.set(place.receiver, longer)],', 'writes: [],']),
  unit('a piece of a file is written twice', ENCODING, [ENCODE, '      end = 0;\n', '']),
  unit('a piece of a file is as long as its batch', ENCODING, [
    ENCODE,
    'if (most > sheet.length) yield',
    'if (false) yield',
  ]),
  unit('a file takes the pieces of a batch for one', ENCODING, [
    'exporters/file/disk.ts',
    '        end += bytes.length;\n',
    '',
  ]),
  unit(
    'node:http is imported, with all that this loads',
    ['test/unit/imports.test.ts'],
    ['src/runtime/http/status.ts', "import { http } from '../../node-http.ts';", "import http from 'node:http';"],
  ),
  unit('a file finished before its commit', FILES, [WRITER, 'if (committed) await attempt', 'await attempt']),
  unit('a file with its name before its first commit', FILES, [
    WRITER,
    'append(unfinishedOf(tail), tail.length',
    'append(partOf(tail), tail.length',
  ]),
  crash('commit before export', [
    DELIVER,
    '  const outcomes = await Promise.allSettled(handed);',
    '  await commit(writes, how); writes = [];\n  const outcomes = await Promise.allSettled(handed);',
  ]),
  crash('exporters called before all processors', [
    DELIVER,
    '  const shares = new Map',
    "  if (batch.records.length > 0) await lane.routes[0]!.exporters.find(e => e.name === 'direct')!.hand([{ receiver: lane.name, pipeline: 'a', surplus: new Map(), records: batch.records.map(r => ({ ...r, attributes: { route: 'a' } })) }], how);\n  const shares = new Map",
  ]),
  crash('a call for each route', [
    DELIVER,
    'shares.set(handle, [...(shares.get(handle) ?? []), handed]);',
    'shares.set({ ...handle }, [handed]);',
  ]),
  unit('no look at the signal', DELIVERY, [DELIVER, '  signal.throwIfAborted();\n', '']),
  crash('a full disk is not tried again in place', [
    DELIVER,
    'await persist(() => commit(all, how), how);',
    'await commit(all, how);',
  ]),
  crash(
    'two dead letters of one culprit',
    [TABLES, "create unique index culprits on dead (place, identity, id, part) where code <> 'E_SINK_PARTIAL';`", '`'],
    [
      'src/runtime/state/letters-sqlite.ts',
      "on conflict (place, identity, id, part) where code <> 'E_SINK_PARTIAL'\n    do update set tries = tries + 1, last = excluded.last, reason = excluded.reason",
      '',
    ],
  ),
  crash('dedupe by id alone', ['processors/dedupe/index.ts', 'seen.add(`${part} ${id}`)', 'seen.add(id)']),
  unit('the receipt is delivered before the commit', ENGINE, [
    'src/runtime/lane.ts',
    'abortable(signal => deliver(batch, signal)).pipe(',
    '(receipt.deliver(), abortable(signal => deliver(batch, signal))).pipe(',
  ]),
  unit('Retry-After is not obeyed', ENGINE, ['src/retry.ts', 'fault.retryAfter ??', '(fault.retryAfter ?? 0) / 2 ||']),
  unit('a denied export becomes a dead letter', DELIVERY, [
    'src/retry.ts',
    "fault.kind === 'rejected') throw",
    "fault.kind !== 'transient') throw",
  ]),
  unit('a sink that refuses everything makes dead letters', DELIVERY, [
    'src/runtime/handle.ts',
    'if (records.length === 1 || refused < records.length) return taken;',
    'return taken;',
  ]),
  unit('a failure is thrown before every exporter is awaited', DELIVERY, [
    DELIVER,
    'const outcomes = await Promise.allSettled(handed);',
    'await Promise.all(handed); const outcomes = await Promise.allSettled(handed);',
  ]),
  unit('a dead letter limit that nobody looks at', ENGINE, [
    'src/runtime/dead-limit.ts',
    'if (recent > limit)',
    'if (recent > limit * 1000)',
  ]),
  unit('the state is opened twice', STORE, ['src/runtime/state/sqlite-open.ts', 'begin exclusive', 'select 1']),
  unit('positions are compared by value', STORE, [STATE, 'if (count !== move.after)', 'if (count < move.after)']),
  unit('a removed mark breaks the chain of its slot', MARKS, [
    'src/runtime/state/marks.ts',
    'if (((next - home) & mask) < ((next - hole) & mask)) continue;',
    'break;',
  ]),
  unit('a page budget that nobody looks at', WALKING, [WINDOWS, 'if (pages >= maxPages)', 'if (pages >= 1e9)']),
  unit('a cursor that does not move is asked for ever', HTTP, [
    'src/source/http.ts',
    'if (step.more && sameAsk(',
    'if (false && sameAsk(',
  ]),
  unit('a refused cursor leads back for ever', HTTP, [
    'src/source/http.ts',
    'if (back === undefined || key === recovered)',
    'if (back === undefined)',
  ]),
  unit('a position of another shape is used', HTTP, [
    'src/source/http.ts',
    'if (isStored(position) && position.shape === walk.shape && walk.fits(position.at)) return position;',
    'if (isStored(position) && walk.fits(position.at)) return position;',
  ]),
  unit('the place in a file is not kept', CONTRACT, [
    'src/source/files.ts',
    'while (reader.at < at && !(await reader.records.next()).done) reader.at++;',
    'reader.at = at;',
  ]),
  unit('a folder is closed while an abandoned pull still reads', CONTRACT, [
    'src/source/files.ts',
    'close: () => inTurn(close)',
    'close',
  ]),
  unit('digits that a double cannot hold are lost', CONTRACT, [
    'src/source/http.ts',
    'json = parse(answer.text);',
    'json = JSON.parse(answer.text);',
  ]),
];
