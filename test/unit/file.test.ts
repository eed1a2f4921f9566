// The file exporter on the machine's own disk: rotation, compression, what is kept, and what it says when the disk does
// not do as it is told.
import { symlinkSync } from 'node:fs';
import { mkdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/fault.ts';
import { DAY, HOUR, MINUTE } from '../../src/options.ts';
import { listen } from '../../src/point.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { caught, conclude, context, create, deliver, folder, idsIn, names, quiet, restart } from '../support/files.ts';

describe('files', () => {
  test('are for their owner only, as are the folders that are made', async () => {
    await deliver(create({ path: 'a/b/{receiver}-{seq}.ndjson' }));
    expect((await stat(join(folder, 'a/b/opal-000001.ndjson.part'))).mode & 0o777).toBe(0o600);
    for (const made of ['a', 'a/b']) expect((await stat(join(folder, made))).mode & 0o777).toBe(0o700);
  });

  test('hold the OCSF event, or the words of the vendor where there is none', async () => {
    const [{ event: _, ...bare }] = sampleRecords(1) as [ReturnType<typeof sampleRecords>[number]];
    await deliver(create(), [...sampleRecords(1), bare]);
    const lines = (await readFile(join(folder, 'opal-000001.ndjson.part'), 'utf8')).split('\n');
    expect(lines.map(line => line && Object.keys(JSON.parse(line))[0])).toEqual(['class_uid', 'event_id', '']);
  });

  test('are finished when they are full, after the commit and not before', async () => {
    const exporter = create({ rotate: { size: 1000, every: HOUR } });
    const exported = await exporter.export(sampleRecords(5), quiet());
    expect(await names()).toEqual(['.opal-000001.ndjson.part']);
    await conclude(exported);
    expect(await names()).toEqual(['opal-000001.ndjson']);
    await deliver(exporter, sampleRecords(1, { first: 5 }));
    expect(await names()).toEqual(['opal-000001.ndjson', 'opal-000002.ndjson.part']);
  });

  test('are finished when they are old and the next batch comes; a new day is in the name', async () => {
    const exporter = create({ path: '{receiver}-{day}-{seq}.ndjson' });
    await deliver(exporter);
    await context.clock.advance(13 * HOUR);
    await deliver(exporter, sampleRecords(1, { first: 1 }));
    expect(await names()).toEqual(['opal-2026-01-15-000001.ndjson', 'opal-2026-01-16-000002.ndjson.part']);
  });

  test('are finished when they are old and the exporter is closed; young ones go on after a restart', async () => {
    const exporter = create();
    await deliver(exporter);
    await exporter.close?.();
    const next = create();
    await deliver(next, sampleRecords(1, { first: 1 }));
    expect(await names()).toEqual(['opal-000001.ndjson.part']);
    await context.clock.advance(2 * HOUR);
    await next.close?.();
    expect(await names()).toEqual(['opal-000001.ndjson']);
    expect(idsIn(await readFile(join(folder, 'opal-000001.ndjson'), 'utf8'))).toEqual(['opal-0', 'opal-1']);
  });

  test('a full file whose name was not changed before a crash is finished by the next batch', async () => {
    const exporter = create({ rotate: { size: 100, every: HOUR } });
    context.commit((await exporter.export(sampleRecords(1), quiet())).writes ?? []);
    restart();
    await deliver(create({ rotate: { size: 2 ** 20, every: HOUR } }), sampleRecords(1, { first: 1 }));
    expect(await names()).toEqual(['opal-000001.ndjson.part']);
    await deliver(create({ rotate: { size: 100, every: HOUR } }), sampleRecords(1, { first: 2 }));
    expect(await names()).toEqual(['opal-000001.ndjson', 'opal-000002.ndjson']);
  });

  test('go on under another path when the config names one', async () => {
    await deliver(create());
    await deliver(create({ path: 'new/{receiver}-{seq}.ndjson.gz' }), sampleRecords(1, { first: 1 }));
    expect(await names()).toEqual(['new/opal-000002.ndjson.gz.part', 'opal-000001.ndjson']);
  });

  test('are taken away by their reader without harm', async () => {
    const exporter = create({ rotate: { size: 100, every: HOUR } });
    await deliver(exporter);
    await rm(join(folder, 'opal-000001.ndjson'));
    await deliver(exporter, sampleRecords(1, { first: 1 }));
    expect(await names()).toEqual(['opal-000002.ndjson']);
  });

  test('every minute counts from the birth of a file, not from its last batch', async () => {
    const exporter = create({ rotate: { size: 2 ** 20, every: 10 * MINUTE } });
    for (let first = 0; first < 3; first++) {
      await deliver(exporter, sampleRecords(1, { first }));
      await context.clock.advance(6 * MINUTE);
    }
    expect(await names()).toEqual(['opal-000001.ndjson', 'opal-000002.ndjson.part']);
  });
});

describe('what is not ours', () => {
  test('is never touched, and a number that is taken is not used again', async () => {
    const foreign = [
      'opal-7.ndjson.part',
      'opal-000009.ndjson.bak',
      'opal-x-000003.ndjson.part',
      'vaults-000002.ndjson.part',
      'notes.part',
    ];
    for (const name of [...foreign, 'opal-000041.ndjson']) await writeFile(join(folder, name), 'precious');
    await deliver(create());
    expect(await names()).toEqual([...foreign, 'opal-000041.ndjson', 'opal-000042.ndjson.part'].sort());
  });

  test('may lie where a folder of ours would', async () => {
    await writeFile(join(folder, '2026-01-14'), 'precious');
    await deliver(create({ path: '{day}/{receiver}-{seq}.ndjson' }));
    expect(await names()).toEqual(['2026-01-15/opal-000001.ndjson.part']);
  });

  test('an unfinished file without any state is set aside: the state may be what was lost', async () => {
    await writeFile(join(folder, 'opal-000003.ndjson.part'), 'who knows');
    await deliver(create());
    expect(await names()).toEqual(['opal-000003.ndjson.part.unknown', 'opal-000004.ndjson.part']);
    expect(context.lines).toMatchObject([
      { level: 'warn', fields: { path: join(folder, 'opal-000003.ndjson.part.unknown') } },
    ]);
  });

  test('so is one that is newer than the state: it may be of yesterday, put back', async () => {
    const exporter = create({ rotate: { size: 100, every: HOUR }, path: '{day}/{receiver}-{seq}.ndjson' });
    await deliver(exporter);
    await mkdir(join(folder, '2026-01-14'));
    await writeFile(join(folder, '2026-01-14/opal-000002.ndjson.part'), 'precious');
    await deliver(exporter, sampleRecords(1, { first: 1 }));
    expect(await names()).toEqual([
      '2026-01-14/opal-000002.ndjson.part.unknown',
      '2026-01-15/opal-000001.ndjson',
      '2026-01-15/opal-000003.ndjson',
    ]);
  });

  test('what a crash left of a first batch is hidden from readers, and removed by the next', async () => {
    const { writes } = await create().export(sampleRecords(1), quiet());
    expect(writes).toHaveLength(1); // never committed: the program died here
    expect(await names()).toEqual(['.opal-000001.ndjson.part']);
    restart();
    await deliver(create(), sampleRecords(1, { first: 1 }));
    expect(await names()).toEqual(['opal-000001.ndjson.part']);
    expect(idsIn(await readFile(join(folder, 'opal-000001.ndjson.part'), 'utf8'))).toEqual(['opal-1']);
  });

  test('a file that a crash after the first commit left hidden is shown by the next batch', async () => {
    const { writes } = await create().export(sampleRecords(1), quiet());
    context.commit(writes ?? []); // and the program died before the file was renamed
    restart();
    await deliver(create(), sampleRecords(1, { first: 1 }));
    expect(await names()).toEqual(['opal-000001.ndjson.part']);
    expect(idsIn(await readFile(join(folder, 'opal-000001.ndjson.part'), 'utf8'))).toEqual(['opal-0', 'opal-1']);
  });

  test('two exporters on the same files are told apart; a successor of the same name is welcome', async () => {
    const exporter = create();
    await deliver(exporter);
    await deliver(create(), sampleRecords(1, { first: 1 }));
    const other = create({}, { ...context, name: 'other' });
    const fault = await caught(other.export(sampleRecords(1), quiet()));
    expect(fault).toMatchObject({ code: 'E_FILE_OWNED', kind: 'transient' });
    expect((fault as Fault).message).toContain('the exporters archive and other both write to');
  });
});

describe('what is kept', () => {
  const seqs = async () => (await names()).map(name => Number(/(\d{6})/.exec(name)?.[1]));

  test('so many finished files', async () => {
    const exporter = create({ rotate: { size: 100, every: HOUR }, keep: { files: 2 } });
    for (let first = 0; first < 5; first++) await deliver(exporter, sampleRecords(1, { first }));
    expect(await seqs()).toEqual([4, 5]);
  });

  test('those younger than an age, and always the newest', async () => {
    const exporter = create({ rotate: { size: 100, every: HOUR }, keep: { for: 90 * DAY } });
    for (let first = 0; first < 3; first++) await deliver(exporter, sampleRecords(1, { first }));
    const now = context.clock.now() / 1000;
    for (const seq of [1, 2, 3]) await utimes(join(folder, `opal-00000${seq}.ndjson`), now, now);
    await context.clock.advance(91 * DAY);
    await deliver(exporter, sampleRecords(1, { first: 3 }));
    expect(await seqs()).toEqual([4]);
  });

  test('the newest finished one, however old its last event', async () => {
    const exporter = create({ rotate: { size: 100, every: HOUR }, keep: { for: DAY } });
    const exported = await exporter.export(sampleRecords(1), quiet());
    await utimes(join(folder, '.opal-000001.ndjson.part'), 0, 0);
    await conclude(exported);
    expect(await names()).toEqual(['opal-000001.ndjson']);
  });
});

describe('trouble', () => {
  test('a torn append is cut away by the next', async () => {
    const exporter = create();
    await deliver(exporter, sampleRecords(3));
    listen(name => {
      if (name === 'file: in append') throw new Error('power cut');
    });
    await expect(exporter.export(sampleRecords(3, { first: 3 }), quiet())).rejects.toThrow('power cut');
    listen(undefined);
    const part = join(folder, 'opal-000001.ndjson.part');
    expect((await readFile(part, 'utf8')).endsWith('\n')).toBe(false);
    await deliver(exporter, sampleRecords(3, { first: 3 }));
    expect(idsIn(await readFile(part, 'utf8'))).toEqual(sampleRecords(6).map(r => r.id));
  });

  test('a batch that was given up leaves nothing behind the shorter one that comes next', async () => {
    const exporter = create();
    await conclude(await exporter.export(sampleRecords(9), quiet()), false);
    await deliver(exporter, sampleRecords(1));
    expect(idsIn(await readFile(join(folder, 'opal-000001.ndjson.part'), 'utf8'))).toEqual(['opal-0']);

    // The first was a new file; now the same behind what is committed.
    await conclude(await exporter.export(sampleRecords(9, { first: 1 }), quiet()), false);
    await deliver(exporter, sampleRecords(1, { first: 1 }));
    expect(idsIn(await readFile(join(folder, 'opal-000001.ndjson.part'), 'utf8'))).toEqual(['opal-0', 'opal-1']);
  });

  test('what a crash left is cut away when a full file is finished', async () => {
    const exporter = create();
    await deliver(exporter);
    await exporter.export(sampleRecords(9, { first: 1 }), quiet());
    restart();
    await context.clock.advance(2 * HOUR);
    await deliver(create(), sampleRecords(1, { first: 1 }));
    expect(idsIn(await readFile(join(folder, 'opal-000001.ndjson'), 'utf8'))).toEqual(['opal-0']);
  });

  test('a full disk is transient, with the path and what to do', async () => {
    const part = join(folder, '.opal-000001.ndjson.part');
    listen(name => name === 'file: before append' && symlinkSync('/dev/full', part));
    const fault = (await caught(create().export(sampleRecords(1), quiet()))) as Fault;
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code: 'E_FILE', kind: 'transient', message: `${part} cannot be written` });
    expect(fault.cause).toMatchObject({ code: 'ENOSPC' });
    expect(fault.remedy).toContain('Free space');
  });

  test('a file that lost committed events is denied, until it is put back or moved away', async () => {
    const exporter = create();
    await deliver(exporter, sampleRecords(2));
    const part = join(folder, 'opal-000001.ndjson.part');
    await truncate(part, 10);
    const fault = (await caught(exporter.export(sampleRecords(1), quiet()))) as Fault;
    expect(fault).toMatchObject({ code: 'E_FILE_SHORT', kind: 'denied' });
    expect(fault.message).toMatch(/000001\.ndjson\.part has 10 bytes, but \d+ were committed to it/);
    await rm(part);
    await deliver(exporter, sampleRecords(1, { first: 2 }));
    expect(await names()).toEqual(['opal-000002.ndjson.part']);
  });

  test('a finished file is never overwritten', async () => {
    const exporter = create({ rotate: { size: 100, every: HOUR } });
    const exported = await exporter.export(sampleRecords(1), quiet());
    await writeFile(join(folder, 'opal-000001.ndjson'), 'precious');
    await conclude(exported);
    expect(context.lines).toMatchObject([{ level: 'warn' }]);
    const fault = await caught(exporter.export(sampleRecords(1, { first: 1 }), quiet()));
    expect((fault as Fault).message).toContain('exists already; move it away');
    expect(await readFile(join(folder, 'opal-000001.ndjson'), 'utf8')).toBe('precious');
  });
});
