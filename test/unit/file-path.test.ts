// The paths of the file exporter: which will do, where they lead, and what is said of the others.
import { describe, expect, test } from 'vitest';
import { file } from '../../exporters/file/index.ts';
import { pathOf, problemsOf } from '../../exporters/file/pattern.ts';
import { HOUR } from '../../src/options.ts';

const PLAIN = '{receiver}-{seq}.ndjson';

describe('a path', () => {
  test.each([
    ['/var/log/{receiver}/{day}-{seq}.ndjson.gz', []],
    ['{type}/{feed}/{receiver}-{seq}.ndjson', []],
    ['all.ndjson', ['must contain {receiver} once', 'must contain {seq} once']],
    ['{receiver}-{seq}-{seq}.ndjson', ['must contain {seq} once']],
    ['{receiver}{seq}.ndjson', ['must have a sign like - between placeholders, and on either side of {seq}']],
    ['{receiver}-1{seq}.ndjson', ['must have a sign like - between placeholders, and on either side of {seq}']],
    ['{seq}/{receiver}.ndjson', ['must have {seq} in the name of the file']],
    ['{type}-{receiver}-{seq}.ndjson', ['must have {type} as a folder of its own: /{type}/']],
    ['{receiver}-{seq}.part', ['must not end in .part or .unknown: that is what unfinished files are called']],
    ['{receiver}-{hour}-{seq}', ['has {hour}, but knows only {receiver}, {type}, {feed}, {day}, {seq}']],
  ])('%s', (path, problems) => expect(problemsOf(path)).toEqual(problems));

  test('leads nowhere else, whatever a receiver is called; different names stay different', () => {
    const receivers = ['../../etc/passwd', '..', '.', '', 'a/b', 'a_b', 'a%2Fb', 'Zoë', '*', '\0', '_'];
    const paths = receivers.map(receiver => pathOf('/logs/{receiver}-{seq}', { receiver, type: 't', feed: '' }, 1, 0));
    for (const path of paths) expect(path).toMatch(/^\/logs\/[\w%-][\w%.-]*-000001$/);
    expect(paths[0]).toBe('/logs/%2E%2E%2F..%2Fetc%2Fpasswd-000001');
    expect(new Set(paths.slice(0, 3)).size + new Set(paths.slice(4)).size).toBe(receivers.length - 1);
  });

  test('options tell all problems at once', async () => {
    const spec = file({ path: 'x.log', rotate: { size: '1B' }, keep: { files: 0 } });
    const checked = await spec.schema['~standard'].validate(spec.options);
    expect(checked.issues?.map(({ path, message }) => `${path?.join('.')}: ${message}`)).toEqual([
      'path: must contain {receiver} once',
      'path: must contain {seq} once',
      "rotate.size: must be a size like '256KiB' or '128MiB', at least '1KiB'",
      expect.stringContaining('keep.files: '),
    ]);
  });

  test('the defaults are 128 MiB or an hour', async () => {
    const spec = file({ path: PLAIN });
    expect(await spec.schema['~standard'].validate(spec.options)).toEqual({
      value: { path: PLAIN, rotate: { size: 128 * 2 ** 20, every: HOUR } },
    });
  });
});
