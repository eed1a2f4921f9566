// Ways to break `reconcile`, and the tests that must notice.
import { type Mutation, unit } from './mutations.ts';

const REVIEW = 'src/runtime/review/review.ts';
const JUDGE = 'src/runtime/review/review-judge.ts';
const PLACES = 'src/runtime/review/review-store.ts';
const UNIT = ['test/unit/review.test.ts'];

export const reviewMutations: readonly Mutation[] = [
  unit('a review moves the receiver', UNIT, [
    PLACES,
    'const others = writes.filter(write => write !== step);',
    'const others = [...writes];',
  ]),
  unit('a look is written', UNIT, [PLACES, 'others.length > 0 && !only', 'others.length > 0']),
  unit('a review is not counted', UNIT, [PLACES, 'step.move.after !== place.position.count', 'step.move.after < 0']),
  unit('marks of a review are of no date', UNIT, [
    PLACES,
    "step ? [{ kind: 'dated', date: step.move.date }, ...others] : others",
    'others',
  ]),
  unit('a date forgets', UNIT, [
    'src/runtime/state/state-sqlite.ts',
    '(dated && { low: 0, date: dated.date })',
    '(dated && { low: dated.date, date: dated.date })',
  ]),
  unit('what may be forgotten is delivered', UNIT, [
    JUDGE,
    "return time < given.horizon ? 'old' : 'missing';",
    "return 'missing';",
  ]),
  unit('what was not delivered is marked', UNIT, [
    JUDGE,
    'inner.process(missing);',
    'inner.process(records).then(done => ({ ...done, records: done.records.filter(r => missing.includes(r)) }));',
  ]),
  unit('what is ahead is missing', UNIT, [JUDGE, 'if (time >= given.front)', 'if (time < 0 && time >= given.front)']),
  unit('dead letters are missing', UNIT, [
    REVIEW,
    'letter.identity === identity &&',
    'letter.identity !== identity &&',
  ]),
  unit('nothing is kept away from what is forgotten', UNIT, [
    REVIEW,
    'by.remember + MARGIN',
    'by.remember + 0 * MARGIN',
  ]),
  unit('what was forgotten before a rewinding is taken to be known', UNIT, [
    REVIEW,
    'Math.max(row.low, notedOf(state, HIGHEST, row) ?? row.low)',
    'Math.max(row.low, 0 * (notedOf(state, HIGHEST, row) ?? row.low))',
  ]),
  unit('what was before the beginning is missing', UNIT, [
    REVIEW,
    'Math.max(asked.since, notedOf(state, BEGAN, row) ?? asked.since)',
    'asked.since + 0 * (notedOf(state, BEGAN, row) ?? 0)',
  ]),
  unit('a beginning stays where it was after a rewinding', UNIT, [
    'src/runtime/state/state-tools.ts',
    'note(BEGAN, Math.min(low, Number(began ?? low)))',
    'note(BEGAN, Number(began ?? low))',
  ]),
  unit('what has no time is young', UNIT, [JUDGE, "guessed === 'time' || guessed === 'both' ?", "guessed === 'id' ?"]),
  unit('a pipeline that remembers nothing has it all again', UNIT, [
    REVIEW,
    'if (!given) return [];',
    'if (!given) return [route];',
  ]),
  unit('a look is not taken twice', UNIT, [
    'src/runtime/review/review-tally.ts',
    '|| missing === 0 ||',
    '|| missing > 0 ||',
  ]),
  unit(
    'a folder is tidied by who only compares',
    ['test/unit/opaque-review.test.ts'],
    ['src/source/files.ts', 'if (position.only) return position;', ''],
  ),
  unit(
    'files are compared that were not delivered',
    ['test/unit/opaque-review.test.ts'],
    ['src/source/files.ts', '(position.only?.includes(digest) ?? true)', 'true'],
  ),
  unit(
    'what is left in a queue counts as delivered',
    ['test/unit/reconcile-report.test.ts'],
    ['src/cli/reconcile-report.ts', '&& !broken && !isQueued', '&& !broken'],
  ),
  unit(
    'what is missing is counted as fetched when its queue is read, too',
    ['test/program/reconcile-queue.test.ts'],
    [PLACES, 'fetched: fetched - duplicate', 'fetched: fetched - duplicate + (rest.delivered ?? 0)'],
  ),
];
