// Our own log: a JSON object a line for machines, and plain lines for a person, whose terminal nobody else moves.
import { expect, test } from 'vitest';
import { createLog, labelled } from '../../src/runtime/log.ts';

const said = (format: 'json' | 'text'): [ReturnType<typeof createLog>, string[]] => {
  const lines: string[] = [];
  return [createLog(format, line => lines.push(line)), lines];
};

test('for machines: an object a line, with its time, its level and its fields', () => {
  const [log, lines] = said('json');
  labelled(log, { lane: 'opal' }).warn({ code: 'E_TIMEOUT', wait: 3 }, 'it waits');
  expect(lines.map(line => JSON.parse(line))).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      lane: 'opal',
      code: 'E_TIMEOUT',
      wait: 3,
      message: 'it waits',
    },
  ]);
  expect(lines[0]).toMatch(/\}\n$/);
});

test('for a person: the time of day, and fields behind the words', () => {
  const [log, lines] = said('text');
  log.info({ kept: ['opal'], state: './state' }, 'running');
  expect(lines).toEqual([
    expect.stringMatching(/^\d\d:\d\d:\d\d info {2}running {2}kept=\["opal"\] state=\.\/state\n$/),
  ]);
});

test('what a vendor says moves no terminal, and is no line of ours', () => {
  const [log, lines] = said('text');
  log.error({ reason: 'no \u001b[2J\u202e\n12:00:00 info  all is well', list: ['\u202e'] }, 'it is \u001b[31mrefused');
  const [line = ''] = lines;
  expect(line).toContain(
    'it is \\u{1b}[31mrefused  reason=no \\u{1b}[2J\\u{202e}\n    12:00:00 info  all is well list=',
  );
  expect(line).toBe(line.replaceAll('\u001b', '').replaceAll('\u202e', ''));
});
