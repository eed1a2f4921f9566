// What `reconcile` says in the end: what is named, what it comes to, and with which exit code.
import { expect, test } from 'vitest';
import { asJson, asText, type Report, summary } from '../../src/cli/reconcile-report.ts';
import { Fault } from '../../src/fault.ts';
import type { Found } from '../../src/runtime/review/review-tally.ts';

const SINCE = Date.UTC(2026, 0, 8);
const found = (more: Partial<Found> = {}): Found => ({
  receiver: 'opal',
  pipeline: 'all',
  since: SINCE,
  horizon: SINCE,
  records: 10,
  known: 10,
  dead: 0,
  ahead: 0,
  dropped: 0,
  missing: 0,
  delivered: 0,
  old: 0,
  named: [],
  ...more,
});
const report = (more: Partial<Report> = {}): Report => ({
  since: SINCE,
  only: false,
  found: [found()],
  passed: [],
  endings: [{ lane: 'opal' }],
  gaps: () => [],
  ...more,
});
const LEFT = { lane: 'queue out', fault: new Fault('E_QUEUE_LEFT') };
const failed = { receiver: 'odd', why: 'does not know how to go back', failed: true };

test.each<[string, Partial<Report>, boolean, string]>([
  ['nothing is missing', {}, true, 'Nothing is missing since 2026-01-08T00:00:00.000Z.'],
  ['all of it was delivered', { found: [found({ missing: 2, delivered: 2 })] }, true, '2 missing records delivered.'],
  ['some was not', { found: [found({ missing: 2, delivered: 1 })] }, false, '2 records missing, 1 of them delivered.'],
  ['it only looked', { only: true, found: [found({ missing: 1 })] }, false, '1 record missing; without --dry-run'],
  ['some is too old', { found: [found({ old: 3 })] }, false, '3 records may have been delivered so long ago'],
  [
    'one could not finish',
    { endings: [{ lane: 'opal', fault: new Fault('E_TIMEOUT') }] },
    false,
    'as far as could be seen',
  ],
  [
    'a queue could not be emptied',
    { endings: [LEFT], found: [found({ missing: 2, delivered: 2 })] },
    false,
    '2 missing records delivered or queued.\nWhat is left in a queue is sent by the next run.',
  ],
  [
    'a queue could not be emptied, and nothing is missing',
    { endings: [LEFT] },
    false,
    'Nothing is missing since 2026-01-08T00:00:00.000Z.\nWhat is left',
  ],
  ['one could not be asked', { passed: [failed] }, false, 'as far as could be seen'],
  ['nobody had', { found: [], passed: [{ ...failed, failed: false }] }, true, 'Nothing was compared.'],
  ['one had nothing to compare', { passed: [{ ...failed, failed: false }] }, true, 'Nothing is missing since'],
])('%s', (_, more, fine, text) => {
  const said = summary(report(more));
  expect(said.fine).toBe(fine);
  expect(said.text).toContain(text);
});

test('a hostile id is shown and not obeyed; a hundred are shown, and how many there are more', () => {
  const named = Array.from({ length: 150 }, (_, i) => ({ id: `\u001b[2J\n${i}`, time: SINCE, is: 'missing' as const }));
  const lines = asText(report({ found: [found({ missing: 150, delivered: 150, known: 0, named })] }));
  expect(lines.length).toBe(102);
  expect(lines[0]).toBe('opal -> all: 10 records shown, 0 delivered before, 150 missing, 150 delivered now\n');
  expect(lines[1]).toBe('  missing  2026-01-08T00:00:00.000Z  \\u{1b}[2J\\u{a}0\n');
  expect(lines[101]).toBe('  … and 50 more\n');
  expect(asText(report({ found: [found({ missing: 1, named: [{ ...named[0]!, time: 1e300 }] })] }))[1]).toContain(
    'at no date',
  );
});

test('for a script: one object for each pipeline, with times as texts', () => {
  const gap = { from: SINCE, to: SINCE + 1000 };
  const lines = asJson(
    report({
      found: [found({ since: SINCE + 1000, old: 1, named: [{ id: 'a', time: SINCE, is: 'old' }] })],
      passed: [failed],
      endings: [{ lane: 'opal', fault: new Fault('E_TIMEOUT', 'too slow') }],
      gaps: () => [gap],
    }),
  );
  expect(lines.map(line => JSON.parse(line))).toEqual([
    {
      receiver: 'opal',
      pipeline: 'all',
      since: '2026-01-08T00:00:01.000Z',
      deliversSince: '2026-01-08T00:00:01.000Z',
      records: 10,
      known: 10,
      dead: 0,
      ahead: 0,
      dropped: 0,
      missing: 0,
      delivered: 0,
      old: 1,
      dryRun: false,
      complete: false,
      queuesLeft: false,
      fault: { code: 'E_TIMEOUT', message: 'too slow' },
      gaps: [{ from: '2026-01-08T00:00:00.000Z', to: '2026-01-08T00:00:01.000Z' }],
      named: [{ id: 'a', time: '2026-01-08T00:00:00.000Z', is: 'old' }],
    },
    { receiver: 'odd', notCompared: 'does not know how to go back', failed: true },
  ]);
});

test('that a receiver began later is said', () => {
  expect(asText(report({ found: [found({ since: SINCE + 1000 })] }))[0]).toContain(
    'since it began at 2026-01-08T00:00:01',
  );
  expect(asText(report({ passed: [{ ...failed, pipeline: 'p' }] })).at(-1)).toBe(
    'odd -> p: not compared, it does not know how to go back\n',
  );
});
