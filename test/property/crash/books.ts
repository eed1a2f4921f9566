// The ledger of a history, held to the promise: in balance after every commit, chained without a break, and in the end what
// really became of each event. It looks at the disk, as an auditor would, and never at the program's memory.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Sealed, unseal } from '../../../src/runtime/ledger/ledger.ts';
import { checkLedger, readLedger } from '../../../src/runtime/ledger/ledger-read.ts';
import type { DeadLetter } from '../../../src/runtime/state/state.ts';
import type { Character, Lasting } from './life.ts';

/** Looks at the newest entry after each commit, and now and then at everything. */
export const auditor = (folder: string) => {
  const db = new DatabaseSync(join(folder, 'state.db'), { readOnly: true });
  const newest = db.prepare('select * from ledger order by seq desc limit 1');
  let [looks, last]: [number, Sealed | undefined] = [0, undefined];
  return {
    look: (): void => {
      const sealed = newest.get() as Sealed | undefined;
      if (!sealed || sealed.digest === last?.digest) return;
      for (const account of unseal(sealed).reading.accounts) {
        const { fetched, duplicate, filtered, delivered, dead, pending } = account;
        const counts = JSON.stringify(account);
        assert(Math.min(fetched, duplicate, filtered, delivered, dead, pending) >= 0, `less than nothing: ${counts}`);
        assert.equal(fetched, duplicate + filtered + delivered + dead + pending, `out of balance: ${counts}`);
      }
      if (last && sealed.seq === last.seq + 1) assert.equal(sealed.previous, last.digest, 'the chain broke');
      last = sealed;
      if (++looks % 25 === 0) assert.deepEqual(checkLedger(folder).problems, []);
    },
    close: () => db.close(),
  };
};

const EXPORTERS = ['direct', 'later', 'archive'] as const;

/** In the end: each event has the fate in the ledger that it has in the sinks, in the files and among the letters. */
export const assertBooks = (
  story: string,
  { folder, world }: Lasting,
  { routes }: Character,
  letters: readonly DeadLetter[],
): void => {
  assert.deepEqual(checkLedger(folder).problems, [], story);
  const { accounts, receivers } = readLedger(folder);
  for (const route of routes)
    for (const exporter of EXPORTERS) {
      const own = accounts.find(one => one.pipeline === route && one.exporter === exporter);
      const dead = new Set(letters.filter(isOf(route, exporter)).map(({ record }) => record.id)).size;
      assert(own, `${route} > ${exporter} is not counted: ${story}`);
      const { fetched, delivered, pending, filtered } = own;
      const where = `${JSON.stringify(own)}: ${story}`;
      assert.equal(own.dead, dead, `dead: ${where}`);
      assert.equal(delivered, world.happenings.length - dead, `delivered: ${where}`);
      assert.deepEqual({ pending, filtered }, { pending: 0, filtered: 0 }, where);
      assert.equal(fetched, receivers[0]?.fetched, `fetched: ${where}`);
      assert(fetched >= world.happenings.length, where);
    }
};

const isOf =
  (route: string, exporter: string) =>
  ({ place, record }: DeadLetter): boolean =>
    place.startsWith(`pipeline/${route}/`) || (place === `exporter/${exporter}` && record.attributes?.route === route);
