// Who may write when: one batch of a receiver between append and commit, and nobody waits for ever.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sampleRecords } from '../support/exporter-bench.ts';
import { conclude, create, deliver, folder, idsIn, names, quiet } from '../support/files.ts';

describe('locks', () => {
  test('one batch of a receiver is between append and commit at a time; another receiver does not wait', async () => {
    const exporter = create();
    const first = await exporter.export(sampleRecords(1), quiet());
    let second = false;
    const work = exporter.export(sampleRecords(1, { first: 1 }), quiet()).then(exported => {
      second = true;
      return exported;
    });
    await deliver(exporter, sampleRecords(1, { receiver: 'vaults' }));
    expect(second).toBe(false);
    await conclude(first);
    await conclude(await work);
    expect(idsIn(await readFile(join(folder, 'opal-000001.ndjson.part'), 'utf8'))).toEqual(['opal-0', 'opal-1']);
  });

  test('who waits can give up, and does not hold up who waits behind', async () => {
    const exporter = create();
    const first = await exporter.export(sampleRecords(1), quiet());
    const cut = new AbortController();
    const second = exporter.export(sampleRecords(1, { first: 1 }), cut.signal);
    const third = exporter.export(sampleRecords(1, { first: 2 }), quiet());
    cut.abort();
    await expect(second).rejects.toThrow();
    await conclude(first);
    await conclude(await third);
    expect(idsIn(await readFile(join(folder, 'opal-000001.ndjson.part'), 'utf8'))).toEqual(['opal-0', 'opal-2']);
  });

  test('two exports of the same receivers in another order do not wait for each other', async () => {
    const exporter = create();
    const [opal, vaults] = [sampleRecords(1), sampleRecords(1, { receiver: 'vaults' })];
    await Promise.all([deliver(exporter, [...opal, ...vaults]), deliver(exporter, [...vaults, ...opal])]);
    expect(await names()).toEqual(['opal-000001.ndjson.part', 'vaults-000001.ndjson.part']);
  });
});
