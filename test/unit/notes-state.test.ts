// Notes in the state: an older one is brought up to date, a newer one refused, one in use is read beside its engine.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { SECOND } from '../../src/options.ts';
import type { WaitNote } from '../../src/runtime/http/budget.ts';
import { readNotes } from '../../src/runtime/state/notes-sqlite.ts';
import { openState } from '../../src/runtime/state/state-sqlite.ts';
import { MIGRATIONS, VERSION } from '../../src/runtime/state/tables.ts';
import { brief, delivery, folder, noted, read, reopen, store, taker } from '../support/notes.ts';

describe('the state', () => {
  const version = () => {
    const db = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
    const { user_version } = db.prepare('pragma user_version').get() as { user_version: number };
    db.close();
    return user_version;
  };
  const setVersion = (to: number) => {
    const db = new DatabaseSync(join(folder, 'state.db'));
    db.exec(`pragma user_version = ${to}`);
    db.close();
  };

  test('of version 1 is brought up to date, and what was true stays true', async () => {
    await store.close();
    rmSync(join(folder, 'state.db'));
    const old = new DatabaseSync(join(folder, 'state.db'));
    old.exec(`${MIGRATIONS[0]} pragma user_version = 1;
      insert into positions values ('opal', 'opal x', 7, '{"at":7}', 5);
      insert into entries values ('s', 'k', '[1]');
      insert into dead (place, identity, id, part, code, reason, count, first, last, record)
        values ('exporter/x', 'opal x', 'a', 0, 'E_PROCESSOR', 'no', 1, 10, 10, '{"id":"a"}');`);
    old.close();
    expect(readNotes(folder)).toEqual({ drift: [], gaps: [] }); // not yet
    reopen();
    expect(version()).toBe(VERSION);
    expect(await store.position('opal', 'opal x')).toEqual({ count: 7, value: { at: 7 } });
    expect(await store.get('s', 'k')).toEqual([1]);
    expect(await store.deadSince('opal x', 0)).toBe(1);
    expect(brief(await noted(read({ a: 1 })))).toEqual([['field', 'a', 1]]);
  });

  test('a change that fails midway changes nothing', async () => {
    await store.close();
    setVersion(1); // its tables are there already: the change cannot be made
    expect(() => openState(folder)).toThrow(expect.objectContaining({ code: 'E_STATE_OPEN' }));
    expect(version()).toBe(1);
    setVersion(VERSION);
    reopen();
  });

  test('of a newer version is refused by the reader as by the engine', async () => {
    await store.close();
    setVersion(VERSION + 1);
    const refusal = expect.objectContaining({
      code: 'E_STATE_NEWER',
      message: expect.stringContaining(`${VERSION + 1}`),
    });
    expect(() => readNotes(folder)).toThrow(refusal);
    expect(() => openState(folder)).toThrow(refusal);
    setVersion(VERSION);
    reopen();
  });

  test('is read beside an open store, in the middle of its work; one that is not there has no notes', async () => {
    const notes = taker();
    for (let i = 1; i <= 3; i++) {
      notes.delivered('acme', delivery([read({ a: 1 })]));
      await notes.clock.advance(5 * SECOND);
      await store.commit([{ kind: 'set', space: 's', key: 'k', value: i }], i);
      expect(brief(readNotes(folder).drift)).toEqual([['field', 'a', i]]);
    }
    await notes.close();
    expect(readNotes(join(folder, 'nowhere'))).toEqual({ drift: [], gaps: [] });
  });
});

test('until when a vendor may not be asked is kept for the next process; what has passed goes', async () => {
  const wait = (key: string, noted: number, until: number) => ({ key, noted, until });
  const note = (now: number, ...waits: readonly WaitNote[]) => store.note({ drift: [], gaps: [], waits }, now);
  await note(1000, wait('a', 1000, 2000), wait('b', 1000, 9000));
  await note(1500, wait('a', 1500, 5000)); // in place of the one before
  await store.close();
  reopen();
  expect(await store.waits()).toEqual([wait('a', 1500, 5000), wait('b', 1000, 9000)]);
  await note(6000, wait('c', 6000, 7000));
  expect(await store.waits()).toEqual([wait('b', 1000, 9000), wait('c', 6000, 7000)]);
});
