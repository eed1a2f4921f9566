// What the program tells V8 of its memory, in a process of its own: the flags are V8's, and another version may not know them.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const heap = pathToFileURL(join(import.meta.dirname, '../../src/cli/heap.ts'));

/** Pages that live a while and die, as events do; then the size of V8's spaces, in MB. */
const work = `
  (await import('${heap}')).limitHeap();
  const pages = [];
  for (let page = 0; page < 100; page++) {
    pages.push(Array.from({ length: 20_000 }, (_, id) => ({ id, text: 'x' + id })));
    if (pages.length > 10) pages.shift();
  }
  const { getHeapSpaceStatistics } = await import('node:v8');
  const sizes = getHeapSpaceStatistics().map(space => [space.space_name, space.space_size / 2 ** 20]);
  process.stdout.write(JSON.stringify(Object.fromEntries(sizes)));`;

test('V8 keeps the space for new objects small, and knows every flag that it is told', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', work], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout).new_space).toBe(16);
});
