// The checker, held to histories that are made up: what it must find, and what it must not.
import { expect, test } from 'vitest';
import { check } from './check.ts';
import type { Evidence, Letter, Sent } from './evidence.ts';

const found = (id: string, uid = `u-${id}`) => ({ id, uid });
const line = (id: string, at: string, uid = `u-${id}`) => ({ id, uid, at });
const sent = (life: number, ids: readonly string[], more: Partial<Sent> = {}): Sent => ({
  life,
  events: ids.map(id => found(id)),
  fate: 'taken',
  ...more,
});
const letter = (place: string, id: string): Letter => ({ place, id, part: 0, partial: false });

/** Four records of two receivers; lives 1 and 2 were killed, life 3 drained; all went well. */
const fine: Evidence = {
  generated: new Map([
    ['a', 'opal'],
    ['b', 'opal'],
    ['c', 'opal'],
    ['x', 'audit'],
  ]),
  poisoned: new Set(),
  files: { archive: [line('a', 'f:1'), line('b', 'f:2'), line('c', 'f:3'), line('x', 'g:1')] },
  sinks: { collector: { queued: false, sent: [sent(1, ['a', 'b']), sent(1, ['x']), sent(2, ['c'])] } },
  letters: [],
  killed: new Set([1, 2]),
  faults: [],
};

const collector = (...all: readonly Sent[]): Pick<Evidence, 'sinks'> => ({
  sinks: { collector: { queued: false, sent: all } },
});
const crimesOf = (change: Partial<Evidence>) => check({ ...fine, ...change }).violations.map(v => v.crime);

test('a history in which all went well', () => {
  expect(check(fine)).toEqual({
    violations: [],
    ends: { archive: { events: 4, repeats: 0, bound: 0 }, collector: { events: 4, repeats: 0, bound: 4 } },
  });
});

test.each<[string, Partial<Evidence>, readonly string[]]>([
  ['an event that arrived nowhere', { generated: new Map([...fine.generated, ['d', 'opal']]) }, ['lost']],
  ['an event that one end lacks', collector(sent(1, ['a', 'b']), sent(1, ['x'])), ['lost']],
  ['an event that the files lack', { files: { archive: fine.files.archive!.slice(1) } }, ['lost', 'other uid']],
  [
    'one of the events of a record',
    { files: { archive: [...fine.files.archive!, line('a', 'f:4', 'u-a/1')] } }, // the sink lacks the second part
    ['lost'],
  ],
  ['an event that is in a file twice', { files: { archive: [...fine.files.archive!, line('a', 'h:1')] } }, ['twice']],
  [
    'an event that nobody generated',
    {
      files: { archive: [...fine.files.archive!, line('z', 'h:1')] },
      ...collector(...fine.sinks.collector!.sent, sent(3, ['z'])),
    },
    ['stranger', 'stranger'],
  ],
  [
    'a repeat with another uid',
    collector(...fine.sinks.collector!.sent, sent(2, [], { events: [found('c', 'u-c2')] })),
    ['lost', 'other uid'],
  ],
  ['a repeat in the same life', collector(...fine.sinks.collector!.sent, sent(2, ['c'])), ['repeat']],
  [
    'a repeat of a batch that was not in flight any more',
    collector(sent(1, ['a', 'b']), sent(1, ['c']), sent(1, ['x']), sent(2, ['a', 'b'])),
    ['repeat', 'repeat'],
  ],
  [
    'a repeat after a life that ended in order',
    { ...collector(...fine.sinks.collector!.sent, sent(4, ['x'])), killed: new Set([2]) },
    ['repeat'],
  ],
  [
    'a repeat of a queue, which has one batch in flight',
    { sinks: { later: { queued: true, sent: [sent(1, ['a', 'b']), sent(1, ['x', 'c']), sent(2, ['b'])] } } },
    ['repeat'],
  ],
  ['a dead letter that nothing refused', { letters: [letter('exporter/collector', 'a')] }, ['dead']],
  ['a dead letter of the pipeline that it could process', { letters: [letter('pipeline/all/poison', 'a')] }, ['dead']],
  ['a program that ended by itself', { faults: ['life 2 ended'] }, ['fault']],
])('%s', (_, change, crimes) => {
  expect(crimesOf(change)).toEqual(crimes);
});

test.each<[string, Partial<Evidence>]>([
  [
    'the batch that each receiver had in flight at a kill comes again',
    collector(sent(1, ['a', 'b']), sent(1, ['x']), sent(2, ['x']), sent(2, ['a', 'b']), sent(2, ['c']), sent(3, ['c'])),
  ],
  [
    'half of a batch that was halved, and killed in between',
    collector(sent(1, ['a', 'b', 'c'], { fate: 'refused' }), sent(1, ['a']), sent(2, ['a', 'b', 'c']), sent(2, ['x'])),
  ],
  [
    'what a sink took without saying so',
    collector(sent(1, ['a', 'b'], { fate: 'unheard' }), sent(1, ['a', 'b']), sent(1, ['c']), sent(1, ['x'])),
  ],
  [
    'a batch that was not taken at first',
    collector(sent(1, ['a', 'b'], { fate: 'failed' }), sent(1, ['a', 'b']), sent(1, ['c']), sent(1, ['x'])),
  ],
  [
    'what was refused, and is dead at that end',
    {
      ...collector(sent(1, ['a', 'b']), sent(1, ['x']), sent(2, ['c'], { fate: 'refused' })),
      letters: [letter('exporter/collector', 'c')],
    },
  ],
  [
    'what was taken in part: the sink does not say which, so each of the batch is dead',
    {
      ...collector(sent(1, ['a', 'b'], { dropped: ['u-b'] }), sent(1, ['x']), sent(2, ['c'])),
      letters: ['a', 'b'].map(id => ({ ...letter('exporter/collector', id), partial: true })),
    },
  ],
  [
    'what the pipeline cannot process',
    {
      generated: new Map([...fine.generated, ['p', 'opal']]),
      poisoned: new Set(['p']),
      letters: [letter('pipeline/all/poison', 'p')],
    },
  ],
])('nothing is wrong with: %s', (_, change) => {
  expect(check({ ...fine, ...change }).violations).toEqual([]);
});

test('a repeat counts, and so does what could have come again', () => {
  const { ends } = check({
    ...fine,
    ...collector(
      sent(1, ['a', 'b'], { fate: 'unheard' }),
      sent(1, ['a', 'b']),
      sent(1, ['c']),
      sent(2, ['c']),
      sent(3, ['x']),
    ),
  });
  // a and b unheard, c in flight at the end of lives 1 and 2.
  expect(ends.collector).toEqual({ events: 4, repeats: 3, bound: 4 });
});
