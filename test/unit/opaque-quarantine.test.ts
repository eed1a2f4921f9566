// An archive that cannot be used is set aside with the reason, after the commit, and holds up none of the others.
import { createSign } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testContext } from '../support/context.ts';
import { csv, KEYS, rows, signed, zip } from '../support/opaque.ts';
import { create, drop, ids, idsOf, key, names, place, play, put, run, warnings } from '../support/opaque-drop.ts';

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
