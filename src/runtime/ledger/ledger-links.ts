// In whose account which dead letter counts. A record is dead there as long as one letter of it is kept: it has several,
// where it was made into parts.
import type { DatabaseSync } from 'node:sqlite';
import type { Account, Dead } from '../../counts.ts';

type Source = Account & Pick<Dead, 'identity' | 'id'>;

/** A record in whose account a letter counts. */
export interface Owner extends Source {
  /** False for a copy that does not count. */
  readonly certain: boolean;
}

/** To be changed inside of a transaction. */
export const linkTable = (db: DatabaseSync) => {
  const insert = db.prepare('insert or ignore into ledger_letters values (?, ?, ?, ?, ?, ?, ?)');
  const remove = db.prepare('delete from ledger_letters where letter = ? returning *');
  const count = db.prepare(
    `select count(*) as n from ledger_letters
    where receiver = ? and pipeline = ? and exporter = ? and identity = ? and id = ? and certain = 1`,
  );
  const rename = db.prepare('update or replace ledger_letters set receiver = ? where receiver = ?');
  return {
    add: (letter: number, { receiver, pipeline, exporter, identity, id, certain }: Owner): void => {
      insert.run(letter, receiver, pipeline, exporter, identity, id, certain ? 1 : 0);
    },
    /** A letter that is gone; in whose accounts it was. */
    remove: (letter: number): readonly Owner[] =>
      remove.all(letter).map(row => ({ ...(row as unknown as Source), certain: row.certain === 1 })), // its own columns
    isDead: ({ receiver, pipeline, exporter, identity, id }: Source): boolean =>
      Number(count.get(receiver, pipeline, exporter, identity, id)?.n) > 0,
    rename: (from: string, to: string): void => void rename.run(to, from),
  };
};
