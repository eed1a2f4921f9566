// A drop folder is read file by file, each row once: whatever is dropped, in whatever order, half written, damaged,
// dropped again or taken away, and wherever the program is killed.
import { createSign, hash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dedupe } from '../../processors/dedupe/index.ts';
import { opaque } from '../../receivers/opaque/index.ts';
import { type AuditRecord, identify, type Receiver, type ReceiverContext } from '../../src/index.ts';
import { watchFolder } from '../../src/source/folder.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { csv, KEYS, rows, signed, temporary, zip } from '../support/opaque.ts';

let [place, key, scratch] = ['', '', ''];
const drop = () => join(place, 'drop');

beforeEach(async () => {
  place = await temporary();
  scratch = await temporary();
  process.env.TMPDIR = scratch; // private copies go here
  await mkdir(drop());
  key = join(place, 'key.pem');
  await writeFile(key, KEYS.rsa.publicKey);
});

const usual = process.env.TMPDIR;
afterEach(async () => {
  if (usual === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = usual;
  await rm(place, { recursive: true });
  await rm(scratch, { recursive: true });
});

const create = (context: ReceiverContext, options: Partial<Parameters<typeof opaque>[0]> = {}): Receiver => {
  const spec = opaque({ directory: drop(), publicKey: key, ...options });
  const checked = spec.schema['~standard'].validate(spec.options);
  if (checked instanceof Promise || checked.issues) throw new Error(JSON.stringify(checked));
  return spec.create(context, checked.value);
};

/** Drops a file; each one younger than the last. */
let age = 0;
const put = async (name: string, content: Buffer | string): Promise<void> => {
  await writeFile(join(drop(), name), content);
  const time = new Date(Date.UTC(2026, 0, 1) + ++age * 1000);
  await utimes(join(drop(), name), time, time);
};

interface Played {
  /** Of the batches that were committed. */
  readonly records: readonly AuditRecord[];
  readonly batches: number;
}

/** Runs a receiver until it rests, or kills it instead of committing a batch: the one after so many. */
const play = async (
  context: TestContext,
  receiver: Receiver,
  kill = Infinity,
  each?: (batch: number) => Promise<void>,
): Promise<Played> => {
  const records: AuditRecord[] = [];
  let batches = 0;
  let stop = () => {};
  const played = new Promise<void>((resolve, reject) => {
    context.rest = () => resolve();
    const subscription = receiver.emissions.subscribe({
      error: reject,
      next: async ({ batch, receipt }) => {
        await each?.(batches)?.catch(reject);
        if (batches === kill) return resolve();
        batches++;
        records.push(...batch.records);
        const { origin } = receiver;
        context.commit([
          ...(batch.writes ?? []),
          { kind: 'move', receiver: origin.receiver, identity: identify(origin), move: batch.move! },
        ]);
        receipt.deliver();
      },
    });
    stop = () => subscription.unsubscribe();
  });
  await context.clock.run(played);
  stop();
  await receiver.close?.();
  return { records, batches };
};

const run = (context: TestContext, options: Partial<Parameters<typeof opaque>[0]> = {}) =>
  play(context, create(context, options));
const ids = ({ records }: Pick<Played, 'records'>) => records.map(r => r.id);
const idsOf = (from: number, count: number) => rows(from, count).map(([id]) => id);
const names = async (folder = drop()) => (await readdir(folder)).toSorted();
const warnings = (context: TestContext) => context.lines.filter(l => l.level !== 'info').map(l => l.message);

test('archives come in the order of their age, with their proof', async () => {
  await put('b.zip', signed(csv(rows(0, 3))));
  await put('a.zip', signed(csv(rows(3, 2))));
  await put('notes.txt', 'not an archive');
  const context = testContext({ folder: place });
  const played = await run(context, { directory: 'drop', organization: 'acme' });
  expect(ids(played)).toEqual(idsOf(0, 5));
  expect(played.records[3]).toMatchObject({
    origin: { type: 'opaque', site: 'drop', tenant: 'acme' },
    raw: {
      row: { Actor: 'ada@example.com' },
      export: { archive: 'a.zip', row: 1, signature: 'verified', filtered: 'no', sha256: /^\w{64}$/ },
    } as object,
  });
});

test('a folder that was read is not read again, by name, by age or by another receiver object', async () => {
  await put('a.zip', signed(csv(rows(0, 3))));
  const context = testContext();
  await run(context);
  await rename(join(drop(), 'a.zip'), join(drop(), 'renamed.zip'));
  await put('copy.zip', await readFile(join(drop(), 'renamed.zip')));
  const again = await run(context);
  expect(again.records).toEqual([]);
  expect(again.batches).toBe(0);
});

test('exports that overlap give each row once', async () => {
  const plain = (from: number, count: number) =>
    csv(
      rows(from, count).map(row => row.slice(1)),
      ['Actor', 'Workspace', 'Action', 'Timestamp', 'Status'],
    );
  for (const [i, [from, count]] of (
    [
      [0, 50],
      [20, 50],
      [0, 100],
      [99, 5],
    ] as const
  ).entries()) {
    await put(`ids-${i}.zip`, signed(csv(rows(from, count))));
    await put(`none-${i}.zip`, signed(plain(from, count)));
  }
  const context = testContext();
  const step = dedupe();
  const checked = step.schema['~standard'].validate(step.options);
  const processor = step.create(context, (checked as { value: unknown }).value);
  const kept: AuditRecord[] = [];
  for (const record of (await run(context)).records) {
    const { records, writes } = await processor.process([record]);
    kept.push(...records);
    context.commit(writes ?? []);
  }
  const given = kept.filter(r => !r.guessed);
  expect(ids({ records: given }).toSorted()).toEqual(idsOf(0, 104));
  expect(kept.length - given.length).toBe(104);
});

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

describe('an archive that cannot be used', () => {
  const forged = async () => {
    const bytes = signed(csv(rows(50, 3)), undefined, KEYS.other);
    await put('forged.zip', bytes);
    return bytes;
  };

  test('is set aside with the reason, and the next ones are read', async () => {
    await forged();
    await put('cut.zip', signed(csv(rows(0, 3))).subarray(0, 200));
    await put('nothing.zip', '');
    await put('good.zip', signed(csv(rows(0, 3))));
    const context = testContext();
    expect(ids(await run(context))).toEqual(idsOf(0, 3));
    expect(await names()).toEqual(['good.zip', 'quarantine']);
    expect(await names(join(drop(), 'quarantine'))).toEqual([
      'cut.zip',
      'cut.zip.reason.txt',
      'forged.zip',
      'forged.zip.reason.txt',
      'nothing.zip',
      'nothing.zip.reason.txt',
    ]);
    expect(await readFile(join(drop(), 'quarantine', 'forged.zip.reason.txt'), 'utf8')).toMatch(
      /E_SIGNATURE: the signature does not fit/,
    );
    expect(context.lines.filter(l => l.level === 'error')).toHaveLength(3);
  });

  test('is read after all when its key is added and it is put back', async () => {
    const bytes = await forged();
    const context = testContext();
    await run(context);
    await writeFile(key, KEYS.rsa.publicKey + KEYS.other.publicKey); // no restart: keys are read for each archive
    await rename(join(drop(), 'quarantine', 'forged.zip'), join(drop(), 'forged.zip'));
    expect(ids(await run(context))).toEqual(idsOf(50, 3));
    expect(await readFile(join(drop(), 'forged.zip'))).toEqual(bytes);
  });

  test('is one whose rows were moved to the query, too', async () => {
    const results = csv(rows(0, 3));
    const cut = results.lastIndexOf('\n', results.length - 2) + 1; // before the last row
    const whole = { results, query: Buffer.from('{}\n') };
    const signature = createSign('sha256').update(whole.results).update(whole.query).sign(KEYS.rsa.privateKey);
    const moved = {
      'results.csv': results.subarray(0, cut),
      'audit_logs_query.txt': Buffer.concat([results.subarray(cut), whole.query]),
      'signature.bin': signature,
    };
    await put('moved.zip', await zip(moved));
    expect((await run(testContext())).records).toEqual([]);
    expect(await names(join(drop(), 'quarantine'))).toEqual(['moved.zip', 'moved.zip.reason.txt']);
  });

  test('two of one name do not overwrite each other', async () => {
    const context = testContext();
    for (const content of ['one', 'two']) {
      await put('a.zip', content);
      await run(context);
    }
    const found = await names(join(drop(), 'quarantine'));
    expect(found.filter(name => name.endsWith('.zip'))).toHaveLength(2);
    expect(found).toHaveLength(4);
  });

  test('goes where the option says', async () => {
    await forged();
    await run(testContext({ folder: place }), { quarantine: 'aside' });
    expect(await names(join(place, 'aside'))).toEqual(['forged.zip', 'forged.zip.reason.txt']);
  });

  test('is moved after a crash between the commit and the move, and not before the commit', async () => {
    await forged();
    await put('good.zip', signed(csv(rows(0, 3))));
    const context = testContext();
    await play(context, create(context), 1); // the start is committed, the verdict is not
    expect(await names()).toEqual(['forged.zip', 'good.zip']);
    await play(context, create(context), 1, async batch => {
      if (batch === 0) expect(await names()).toEqual(['forged.zip', 'good.zip']);
    });
    expect(ids(await run(context))).toEqual(idsOf(0, 3));
    expect(await names()).toEqual(['good.zip', 'quarantine']);
  });

  test('that cannot be moved is left, said once, and blocks nothing', async () => {
    await forged();
    await put('good.zip', signed(csv(rows(0, 3))));
    await writeFile(join(place, 'file'), ''); // a folder cannot be made below a file
    const context = testContext();
    expect(ids(await run(context, { quarantine: join(place, 'file', 'aside') }))).toEqual(idsOf(0, 3));
    expect(warnings(context).filter(w => /cannot be moved/.test(w))).toHaveLength(1);
    expect((await run(context, { quarantine: join(place, 'file', 'aside') })).records).toEqual([]);
  });
});

describe('killed and started again', () => {
  const sizes = [2500, 1, 1000, 1001];
  const fill = async () => {
    let from = 0;
    for (const [i, size] of sizes.entries()) {
      await put(`${i}.zip`, i === 1 ? 'bad' : signed(csv(rows(from, size))));
      from += size;
    }
  };
  const expected = [...idsOf(0, 2500), ...idsOf(2501, 2001)];

  test('at every batch: what was committed is the same, and nothing twice', async () => {
    await fill();
    const total = (await run(testContext())).batches;
    expect(total).toBeGreaterThan(8);
    for (let kill = 0; kill < total; kill++) {
      await rm(join(drop(), 'quarantine'), { recursive: true, force: true });
      await put('1.zip', 'bad');
      const context = testContext();
      const before = await play(context, create(context), kill);
      const after = await run(context);
      const all = [...ids(before), ...ids(after)];
      expect(all).toHaveLength(expected.length);
      expect(new Set(all)).toEqual(new Set(expected));
    }
  });

  test('in the same object, as a lane restarts: an abandoned batch comes again', async () => {
    await put('a.zip', signed(csv(rows(0, 2500))));
    const context = testContext();
    const receiver = { ...create(context), close: async () => {} };
    const first = await play(context, receiver, 2);
    const second = await play(context, receiver);
    expect([...ids(first), ...ids(second)]).toEqual(idsOf(0, 2500));
  });

  test('rows without an id keep theirs across a restart in the middle', async () => {
    const same = Array.from({ length: 2500 }, (_, i) => [
      'ada',
      'Log in',
      `2026-01-15T08:00:${String(i % 3).padStart(2, '0')}Z`,
    ]);
    await put('a.zip', signed(csv(same, ['actor', 'action', 'time'])));
    const whole = ids(await run(testContext()));
    const context = testContext();
    const parts = [...ids(await play(context, create(context), 2)), ...ids(await run(context))];
    expect(parts).toEqual(whole);
    expect(new Set(parts).size).toBe(2500);
  });

  test('a file that was taken away in the middle is said, blocks nothing, and is read when it comes back', async () => {
    await put('a.zip', signed(csv(rows(0, 2500))));
    await put('b.zip', signed(csv(rows(3000, 5))));
    const context = testContext();
    await play(context, create(context), 2);
    await rename(join(drop(), 'a.zip'), join(place, 'a.zip'));
    expect(ids(await run(context))).toEqual(idsOf(3000, 5));
    expect(warnings(context)).toEqual([expect.stringMatching(/taken away or changed before all of it/)]);
    await rename(join(place, 'a.zip'), join(drop(), 'a.zip'));
    expect(ids(await run(context))).toEqual(idsOf(0, 2500));
  });

  test('no private copy is left, nor seen by name while it is open', async () => {
    await put('a.zip', signed(csv(rows(0, 2500))));
    const context = testContext();
    await play(context, create(context), 2, async () => expect(await readdir(scratch)).toEqual([]));
    expect(await readdir(scratch)).toEqual([]);
  });
});

describe('what was delivered', () => {
  test('stays, unless asked otherwise', async () => {
    await put('a.zip', signed(csv(rows(0, 3))));
    await run(testContext());
    expect(await names()).toEqual(['a.zip']);
  });

  test('is removed after the commit, and not before', async () => {
    await put('a.zip', signed(csv(rows(0, 1500))));
    const context = testContext();
    await play(context, create(context, { keep: false }), 2, async () => expect(await names()).toEqual(['a.zip']));
    const rest = await play(context, create(context, { keep: false }), Infinity, async () =>
      expect(await names()).toEqual(['a.zip']),
    );
    expect(rest.records).toHaveLength(500);
    expect(await names()).toEqual([]);
  });

  test('is removed after a while', async () => {
    await put('a.zip', signed(csv(rows(0, 3))));
    const context = testContext();
    await run(context, { keep: '1h' });
    expect(await names()).toEqual(['a.zip']);
    await context.clock.advance(3_600_000);
    await run(context, { keep: '1h' });
    expect(await names()).toEqual([]);
  });

  test('is forgotten when it is gone, so that the position stays small', async () => {
    const context = testContext();
    for (let i = 0; i < 5; i++) {
      await put(`${i}.zip`, signed(csv(rows(i, 1))));
      await run(context, { keep: false });
    }
    const position = await context.position<{ done: Readonly<Record<string, number>> }>(create(context).origin);
    expect(Object.keys(position!.value.done)).toHaveLength(1);
  });

  test('is known of 5,000 files that lie there; beyond, it is said, and waited for', async () => {
    const context = testContext();
    const { origin } = create(context);
    const contents = Array.from({ length: 5000 }, (_, i) => `delivered ${i}`);
    for (const [i, content] of contents.entries()) writeFileSync(join(drop(), `${i}.zip`), content);
    const done = Object.fromEntries([...contents, 'gone', 'gone too'].map(content => [hash('sha256', content), 1]));
    const position = { shape: 'files/1', done, bad: {}, reading: null, read: 1 };
    context.commit([
      {
        kind: 'move',
        receiver: 'test',
        identity: identify(origin),
        move: { after: 0, position, low: 0, date: 1 },
      },
    ]);
    await put('new.zip', signed(csv(rows(0, 2))));
    context.report = (fault, wait) => {
      context.faults.push({ fault, wait });
      for (let i = 0; i < 3; i++) rmSync(join(drop(), `${i}.zip`));
    };
    expect(ids(await run(context))).toEqual(idsOf(0, 2));
    expect(context.faults.map(f => f.fault.code)).toEqual(['E_FOLDER_FULL']);
    const stored = await context.position<{ done: Readonly<Record<string, number>> }>(origin);
    expect(Object.keys(stored!.value.done)).toHaveLength(4998);
  });

  test('its low-water time never moves, or trails by what exports may reach back', async () => {
    await put('a.zip', signed(csv(rows(0, 3))));
    const low = async (options: object) => {
      const context = testContext();
      const moves: number[] = [];
      const commit = context.commit;
      context.commit = writes => {
        for (const write of writes) if (write.kind === 'move') moves.push(write.move.low);
        commit(writes);
      };
      await run(context, options);
      return { lows: moves, now: context.clock.now() };
    };
    expect((await low({})).lows.every(l => l === 0)).toBe(true);
    const { lows: moved, now } = await low({ reach: '400d' });
    expect(moved.at(-1)).toBeLessThanOrEqual(now - 400 * 86_400_000);
    expect(moved.at(-1)).toBeGreaterThan(0);
  });
});

describe('what is wrong from the start is said at the start', () => {
  test.each([
    ['a folder that is not there', { directory: '/nowhere/at/all' }, 'E_FOLDER', /does not exist/],
    ['a key that is not there', { publicKey: '/nowhere.pem' }, 'E_KEY', /cannot be read/],
  ])('%s', (_name, options, code, words) => {
    expect(() => create(testContext(), options)).toThrow(
      expect.objectContaining({ code, kind: 'denied', message: expect.stringMatching(words) }),
    );
  });

  test.each([
    ['no key', { publicKey: [] }],
    ['an option that does not exist', { folder: 'x' }],
    ['a column that does not exist', { columns: { when: 'Time' } }],
    ['a duration that is none', { keep: 'forever' }],
  ])('%s', async (_name, options) => {
    const spec = opaque({ directory: 'x', publicKey: 'y', ...options } as never);
    expect(await spec.schema['~standard'].validate(spec.options)).toHaveProperty('issues');
  });

  test('a folder that goes away while it is watched is waited for', async () => {
    const context = testContext();
    const receiver = create(context);
    await rm(drop(), { recursive: true });
    context.report = (fault, wait) => {
      context.faults.push({ fault, wait });
      mkdirSync(drop());
      writeFileSync(join(drop(), 'a.zip'), signed(csv(rows(0, 2))));
    };
    expect(ids(await play(context, receiver))).toEqual(idsOf(0, 2));
    expect(context.faults[0]?.fault).toMatchObject({ code: 'E_FOLDER', kind: 'denied' });
  });

  test('a key that goes away holds the archive, and does not condemn it', async () => {
    await put('a.zip', signed(csv(rows(0, 2))));
    const context = testContext();
    const receiver = create(context);
    await rm(key);
    context.report = (fault, wait) => {
      context.faults.push({ fault, wait });
      writeFileSync(key, KEYS.rsa.publicKey);
    };
    expect(ids(await play(context, receiver))).toEqual(idsOf(0, 2));
    expect(context.faults[0]?.fault).toMatchObject({ code: 'E_KEY' });
    expect((await stat(join(drop(), 'a.zip'))).isFile()).toBe(true);
  });
});

test('headers that are not recognized by themselves can be named', async () => {
  const body = [['2026-01-15T08:00:00Z', 'Log in', '7']];
  await put('a.zip', signed(csv(body, ['Occurred', 'What', 'Ref'])));
  const { records } = await run(testContext(), { columns: { time: 'occurred', action: 'What', id: 'Ref' } });
  expect(records[0]).toMatchObject({
    id: '7',
    time: [Date.UTC(2026, 0, 15, 8) / 1000, 0],
    raw: { export: { columns: { action: 'What' } } },
  });
});
