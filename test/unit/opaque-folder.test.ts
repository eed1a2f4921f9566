// A file in the drop folder that is half written, grows, changes, is too large or cannot be read harms neither itself
// nor the others.
import { writeFileSync } from 'node:fs';
import { appendFile, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { watchFolder } from '../../src/source/folder.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { csv, rows, signed } from '../support/opaque.ts';
import { drop, names, place, put, run, scratch, warnings } from '../support/opaque-drop.ts';

describe('a file that is being written', () => {
  const folder = (context: TestContext, settle = 10_000) =>
    watchFolder({
      directory: drop(),
      accepts: name => name.endsWith('.zip'),
      settle,
      clock: context.clock,
      log: context.log,
    });
  const { signal } = new AbortController();

  test.each([10_000, 0])('is left alone until it has not changed between two looks, %i ms apart', async settle => {
    const context = testContext();
    const watched = folder(context, settle);
    await put('a.zip', 'half');
    const first = watched.look(() => true, signal);
    while (context.clock.sleepers === 0) await new Promise(setImmediate);
    await appendFile(join(drop(), 'a.zip'), ' and half');
    expect(await context.clock.run(first)).toMatchObject({ files: [], complete: false });
    expect(await context.clock.run(watched.look(() => true, signal))).toMatchObject({
      files: [{ name: 'a.zip' }],
      complete: true,
    });
  });

  test('is left alone when only its times change', async () => {
    const context = testContext();
    const watched = folder(context);
    await put('a.zip', 'half');
    const first = watched.look(() => true, signal);
    while (context.clock.sleepers === 0) await new Promise(setImmediate);
    await put('a.zip', 'flah');
    expect(await context.clock.run(first)).toMatchObject({ files: [] });
  });

  test('does not hold up the others', async () => {
    const context = testContext();
    const watched = folder(context);
    await put('growing.zip', '');
    await put('done.zip', 'x');
    const first = watched.look(() => true, signal);
    while (context.clock.sleepers === 0) await new Promise(setImmediate);
    await appendFile(join(drop(), 'growing.zip'), 'more');
    expect(await context.clock.run(first)).toMatchObject({ files: [{ name: 'done.zip' }], complete: false });
  });

  test('that changes between look and copy is not copied, removed or set aside', async () => {
    const context = testContext();
    const watched = folder(context);
    await put('a.zip', 'one');
    const { files } = await context.clock.run(watched.look(() => true, signal));
    await put('a.zip', 'two');
    expect(await watched.copy(files[0]!, 100)).toBeUndefined();
    await watched.remove(files[0]!);
    expect(await watched.setAside(files[0]!, join(place, 'aside'), 'why')).toBe(true);
    expect(await names()).toEqual(['a.zip']);
  });

  test('that changes while it is looked at is left alone', async () => {
    const context = testContext();
    await put('a.zip', 'half');
    let asked = 0;
    const now = () => {
      if (++asked === 2) writeFileSync(join(drop(), 'a.zip'), 'half and half'); // the second look has just taken its size
      return context.clock.now();
    };
    const { clock, log } = context;
    const accepts = () => true;
    const watched = watchFolder({ directory: drop(), accepts, settle: 0, clock: { ...clock, now }, log });
    expect(await clock.run(watched.look(() => true, signal))).toMatchObject({ files: [] });
    expect(asked).toBeGreaterThan(2);
  });

  test('one that cannot be read is said once, and the others are read', async () => {
    const context = testContext();
    await put('a.zip', signed(csv(rows(0, 1))));
    await put('b.zip', signed(csv(rows(1, 1))));
    const watched = folder(context);
    const { files } = await context.clock.run(watched.look(() => true, signal));
    await rm(join(drop(), 'a.zip')); // gone between look and copy: as good as unreadable, also for root
    expect(await watched.copy(files[0]!, 1e6)).toBeUndefined();
    expect(await watched.copy(files[0]!, 1e6)).toBeUndefined();
    const copy = await watched.copy(files[1]!, 1e6);
    await copy!.handle.close();
    expect(warnings(context)).toEqual([expect.stringMatching(/cannot be read; the others are/)]);
  });

  test('one that is too large is refused, and leaves no copy', async () => {
    const context = testContext();
    await put('a.zip', 'x'.repeat(1000));
    const watched = folder(context);
    const { files } = await context.clock.run(watched.look(() => true, signal));
    await expect(watched.copy(files[0]!, 999)).rejects.toMatchObject({ code: 'E_ARCHIVE', kind: 'rejected' });
    expect(await readdir(scratch)).toEqual([]);
  });

  test('links are not followed, hidden files and folders are not seen', async () => {
    const context = testContext();
    await writeFile(join(place, 'real.zip'), signed(csv(rows(0, 1))));
    await symlink(join(place, 'real.zip'), join(drop(), 'link.zip'));
    await mkdir(join(drop(), 'folder.zip'));
    await put('.hidden.zip', signed(csv(rows(1, 1))));
    expect((await run(context)).records).toEqual([]);
    expect(warnings(context)).toEqual([expect.stringMatching(/a link .* is not followed/)]);
  });
});
