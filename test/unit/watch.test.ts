// What has to be watched to notice that another file is there: the file, and each link on the way to it.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { placesOf, watchFiles } from '../../src/runtime/reload/watch.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tributary-watch-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...names: string[]) => join(folder, ...names);

test('a plain file is its own place, also where it is not there yet', () => {
  expect(placesOf(at('a.ts'))).toEqual([at('a.ts')]);
  expect(placesOf(at('no', 'where.ts'))).toEqual([at('no', 'where.ts')]);
});

test('links on the way, as Kubernetes makes them, and one that leads to itself', () => {
  mkdirSync(at('..2026'));
  writeFileSync(at('..2026', 'c.ts'), '');
  symlinkSync('..2026', at('..data'));
  symlinkSync('..data/c.ts', at('c.ts'));
  symlinkSync(at('c.ts'), at('far.ts'));
  expect(placesOf(at('far.ts'))).toEqual([at('far.ts'), at('c.ts'), at('..data'), at('..2026', 'c.ts')]);
  symlinkSync('round', at('round'));
  expect(placesOf(at('round')).length).toBeLessThan(100);
});

test('tells of a file in a folder that it follows, and says which folder it cannot watch', async () => {
  const failed: string[] = [];
  let told = Promise.withResolvers<void>();
  const eyes = watchFiles(
    () => told.resolve(),
    where => failed.push(where),
  );
  eyes.follow([at('d.ts'), at('gone', 'x.ts')]);
  expect(failed).toEqual([at('gone')]);
  writeFileSync(at('d.ts'), '');
  await told.promise;
  told = Promise.withResolvers();
  eyes.follow([at('e.ts')]);
  writeFileSync(at('e.ts'), '');
  await told.promise;
  eyes.close();
});
