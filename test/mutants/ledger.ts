// Ways to break the ledger, and the tests that must notice.
import { type Mutation, unit } from './mutations.ts';

const FATE = 'src/runtime/fate.ts';
const PORTION = 'src/runtime/portion.ts';
const PURE = 'src/runtime/ledger/ledger.ts';
const KEPT = 'src/runtime/ledger/ledger-sqlite.ts';
const READ = 'src/runtime/ledger/ledger-read.ts';
const DELIVER = 'src/runtime/deliver.ts';
const CRASH = ['test/property/crash'];
const FATES = ['test/unit/ledger-fates.test.ts'];
const CHAIN = ['test/unit/ledger-chain.test.ts'];
const LATER = ['test/unit/ledger-later.test.ts'];
const LATE = ['test/unit/lateness.test.ts'];

type Edit = readonly [file: string, find: string, put: string];

const ledger = (name: string, tests: readonly string[], ...changes: readonly Edit[]): Mutation =>
  unit(`ledger: ${name}`, tests, ...changes);

export const ledgerMutations: readonly Mutation[] = [
  ledger('it is written in a transaction of its own', CRASH, [
    DELIVER,
    'await store.commit(writes, clock.now());',
    "for (const isCount of [true, false]) await store.commit(writes.filter(({ kind }) => (kind === 'count') === isCount), clock.now());",
  ]),
  ledger('its memory is ahead of the disk', CRASH, [
    KEPT,
    '    return () => {\n      head = { ...sealed, entry: next };\n    };',
    '    head = { ...sealed, entry: next };\n    return () => {};',
  ]),
  ledger('what waits is never settled', FATES, [PORTION, 'pending: -sources', 'pending: 0 * sources']),
  ledger('what waits is counted as delivered', FATES, [DELIVER, 'queued: handle.queued ?? false,', 'queued: false,']),
  ledger('the rows of a queue forget by which route they came', FATES, [
    'src/runtime/state/state-sqlite.ts',
    'if (write.portions) rows.push({ row, portions: write.portions });',
    'if (write.portions) rows.push({ row, portions: write.portions.slice(0, 1) });',
  ]),
  ledger('a record is torn apart between rows', FATES, [PORTION, 'if (at < end) continue;', '']),
  ledger('parts count as records', FATES, [
    FATE,
    'own.reduce((most, n) => Math.max(most, n), tally',
    'own.reduce((all, n) => all + n, tally',
  ]),
  ledger('what remembers filters', FATES, [FATE, 'if (remembers) duplicate', 'if (!remembers) duplicate']),
  ledger('a record of which a part is dead is delivered as well', FATES, [
    FATE,
    'if (out > on) after.set(id, out - on);',
    '',
  ]),
  ledger('what a sink does not name is all dead', FATES, [
    FATE,
    'if (count === undefined || chosen.size < count)',
    'if (count !== null)',
  ]),
  ledger('a record that is dead dies again', FATES, [KEPT, 'const first = wasDead ? 0 : 1;', 'const first = 1;']),
  ledger(
    'an entry is sealed without the one before',
    CHAIN,
    [PURE, "hash('sha256', previous + content)", "hash('sha256', content)"],
    [READ, "hash('sha256', previous + content) === digest", "hash('sha256', content) === digest"],
  ),
  ledger('nobody looks at what an entry says', CHAIN, [
    READ,
    "hash('sha256', previous + content) === digest",
    'digest',
  ]),
  ledger('nobody looks at what comes before', CHAIN, [READ, 'previous !== before.digest', 'previous === undefined']),
  ledger('nobody misses one in the middle', CHAIN, [
    READ,
    'before !== undefined && seq !== before.seq + 1 ?',
    'seq < 0 && before ?',
  ]),
  ledger('nobody misses the newest', CHAIN, [READ, 'if (newest !== (last?.sealed.seq ?? 0))', 'if (newest < 0)']),
  ledger('nobody looks into the queue', CHAIN, [READ, 'if (account.pending !== rows)', 'if (rows < 0)']),
  ledger('nobody looks at the letters', CHAIN, [
    READ,
    'if (account.dead - account.dropped !== letters)',
    'if (letters < 0)',
  ]),
  ledger('an hour goes on for ever', CHAIN, [
    KEPT,
    'return Math.floor(now / HOUR) === Math.floor(entry.since / HOUR)',
    'return now >= 0',
  ]),
  ledger('the anchor goes, too', CHAIN, [KEPT, 'where seq < ? or', 'where seq <= ? or']),
  ledger('old entries stay', CHAIN, [KEPT, 'if (until > now - KEPT.for) break;', 'if (now > 0) break;']),
  ledger('a letter that went through stays dead', LATER, [
    KEPT,
    'fate ? { dead: -1, [fate]: 1 } : { dropped: 1 }',
    '{}',
  ]),
  ledger('the first part that goes through is enough', LATER, [
    KEPT,
    '!owner.certain || links.isDead(owner)',
    '!owner.certain',
  ]),
  ledger('a copy counts like one that is dead', LATER, [
    KEPT,
    '!owner.certain || links.isDead(owner)',
    'links.isDead(owner)',
  ]),
  ledger('a letter that is dropped is not counted so', LATER, [
    'src/runtime/state/state-tools.ts',
    'ledgerTable(db).drop(seqs, now);',
    '',
  ]),
  ledger('a new name is not told', LATER, [
    'src/runtime/state/adopt-sqlite.ts',
    'const learn = ledger.rename(from, to, now);',
    'const learn = () => {};',
  ]),
  ledger('what is read again is late', LATER, [
    'src/runtime/state/state-tools.ts',
    'ledgerTable(db).moved(receiver, now);',
    '',
  ]),
  ledger('requests are forgotten with a commit that failed', LATER, [
    'src/runtime/counter.ts',
    'requests += received.requests;',
    '',
  ]),
  ledger('a review is counted as read', LATER, [
    'src/runtime/review/review-store.ts',
    "if (write.kind !== 'count') return write;",
    "if (write.kind !== 'count' || write.kind) return write;",
  ]),
  ledger('what was read before is late', LATE, [
    'src/runtime/ledger/lateness.ts',
    'for (const { part, guessed, time } of sieve.outgoing)',
    'for (const { part, guessed, time } of batch.records)',
  ]),
  ledger('advice without evidence', LATE, [
    'src/runtime/ledger/lateness.ts',
    'const ENOUGH = 1000;',
    'const ENOUGH = 1;',
  ]),
  unit(
    'a gap is counted with the next records only',
    ['test/unit/ledger-later.test.ts'],
    ['src/runtime/counter.ts', 'records.length === 0 && !gap &&', 'records.length === 0 &&'],
  ),
];
