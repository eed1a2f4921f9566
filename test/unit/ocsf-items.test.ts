// Files as people have them at hand.
import { describe, expect, test } from 'vitest';
import { complete } from '../../src/ocsf/complete.ts';
import { itemsOf, reportOf } from '../../src/ocsf/items.ts';
import { drafts, mappingOf, recordOf } from '../support/ocsf.ts';

const read = (text: string) => {
  const { items, broken } = itemsOf(text, 'f');
  return {
    items: items.map(({ where, raw }) => [where, raw]),
    broken: broken.map(line => line.split(': ').slice(0, 2).join(': ')),
  };
};

describe('itemsOf reads', () => {
  test.each([
    [
      'a list',
      '[{"a":1},\n{"a":2}]',
      [
        ['f[0]', { a: 1 }],
        ['f[1]', { a: 2 }],
      ],
    ],
    ['a record', '\uFEFF{"a":1}', [['f', { a: 1 }]]],
    ['a record over several lines', '{\n"a":1\n}', [['f', { a: 1 }]]],
    [
      'one a line',
      '{"a":1}\r\n\n{"a":2}\n',
      [
        ['f:1', { a: 1 }],
        ['f:3', { a: 2 }],
      ],
    ],
    ['a page', '{"items":[{"a":1}],"cursor":"x"}', [['f[0]', { a: 1 }]]],
    ['a page with its list one level down', '{"list":{"objects":[{"a":1}],"response":{}}}', [['f[0]', { a: 1 }]]],
    [
      'pages, one a line',
      '{"events":[{"a":1}]}\n{"events":[]}\n{"events":[{"a":2}]}',
      [
        ['f:1[0]', { a: 1 }],
        ['f:3[0]', { a: 2 }],
      ],
    ],
    [
      'a record with lists of other things',
      '{"events":["a"],"sub":[{"b":1}]}',
      [['f', { events: ['a'], sub: [{ b: 1 }] }]],
    ],
    ['long numbers to the last digit', '{"a":12345678901234567890}', [['f', { a: '12345678901234567890' }]]],
  ])('%s', (_what, text, items) => {
    expect(read(text)).toEqual({ items, broken: [] });
  });

  test('what can be read, and says what cannot', () => {
    expect(read('{"a":1}\n{"a":\nnope\n{"a":2}')).toEqual({
      items: [
        ['f:1', { a: 1 }],
        ['f:4', { a: 2 }],
      ],
      broken: ['f:2: is not JSON', 'f:3: is not JSON'],
    });
    expect(read('[\n{"a":1},\n')).toEqual({ items: [], broken: ['f: is not JSON'] });
    expect(read(' \n')).toEqual({ items: [], broken: ['f: is empty'] });
  });
});

test('reportOf tells each finding of each event, and counts', () => {
  const record = recordOf({});
  const good = complete(drafts[0]!, record, mappingOf().describe(record.origin), { now: 1_768_471_205_000 });
  const bad = { ...good, hat: 1, status: 'Fine' };
  const { lines, valid, invalid } = reportOf(`${JSON.stringify(good)}\n${JSON.stringify(bad)}\n{\n`, 'f');
  expect([valid, invalid]).toEqual([1, 2]);
  expect(lines[0]).toMatch(/^f:3: is not JSON: /);
  expect(lines.slice(1)).toEqual([
    'f:2: /status is not the caption of the id beside it [sibling_differs]',
    'f:2: /hat is no attribute of this class or object; put it under `unmapped` [attribute_unknown]',
  ]);
});
