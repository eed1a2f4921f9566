// All that a receiver has in `state.db` is given to another name: in one transaction, and kept in the history.
import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../fault.ts';
import { textOfAny } from '../../json.ts';
import { type AuditRecord, identify } from '../../model.ts';
import type { Adopted } from '../adoption.ts';
import { type LedgerTable, portionsIn } from '../ledger/ledger-sqlite.ts';
import { packRow, type StoredRow, unpackRow } from '../queue/queue-sqlite.ts';
import { noteChange } from './history-sqlite.ts';
import { BEGAN, type EntryRow, HIGHEST, type PositionRow, rowOf } from './position-sqlite.ts';
import { reading } from './sqlite-open.ts';
import { agrees, type SummedLetter, sumOfLetter } from './sums.ts';

export interface Taken {
  /** Where it stands. */
  readonly row: PositionRow;
  /** Entries that stay, because the other name has one of its own. */
  readonly left: readonly EntryRow[];
  /** To be called once it is true. */
  readonly learn: () => void;
}

/**
 * To be called inside of a transaction. Throws E_ADOPT where there is no such position, or the new name has one.
 * @param ledger that of this connection, where it has one: it keeps in memory what it wrote
 */
export const adopt = (
  db: DatabaseSync,
  ledger: Pick<LedgerTable, 'rename'>,
  { from, to, identity, reason }: Adopted,
  now: number,
): Taken => {
  const row = rowOf(db, from, identity);
  if (!row) throw new Fault('E_ADOPT', `'${from}' has no position any more`);
  if (rowOf(db, to, identity)) throw new Fault('E_ADOPT', `'${to}' has a position of its own already`);
  db.prepare('update positions set receiver = ? where receiver = ? and identity = ?').run(to, from, identity);
  db.prepare('update or replace trail set receiver = ? where receiver = ? and identity = ?').run(to, from, identity);
  db.prepare('update or ignore gaps set receiver = ? where receiver = ?').run(to, from);
  const rekey = db.prepare('update or replace entries set key = ? where space = ? and key = ?');
  for (const space of [HIGHEST, BEGAN]) rekey.run(`${to} ${identity}`, space, `${from} ${identity}`);
  db.prepare('update or ignore entries set space = ? where space = ?').run(`receiver/${to}`, `receiver/${from}`);
  // What exporters keep by receiver, such as the file that its records go to: it is finished under the old name.
  db.prepare("update or ignore entries set key = ? where key = ? and space glob 'exporter/*'").run(to, from);
  renameRecords(db, from, to, identity);
  const learn = ledger.rename(from, to, now);
  const why = [reason, `from ${from}`].filter(Boolean).join('; ');
  const change = { command: 'state adopt', receiver: to, identity, before: null, after: row.value, reason: why };
  noteChange(db, { ...change, time: now });
  const left = "select * from entries where space = ? or (key = ? and space glob 'exporter/*')";
  return { row, left: db.prepare(left).all(`receiver/${from}`, from) as unknown as readonly EntryRow[], learn }; // its own columns
};

/** Records that wait in queues or as dead letters go out under the new name. */
const renameRecords = (db: DatabaseSync, from: string, to: string, identity: string): void => {
  const isTheirs = ({ origin }: AuditRecord) => origin.receiver === from && identify(origin) === identity;
  const renamed = (record: AuditRecord): AuditRecord => ({ ...record, origin: { ...record.origin, receiver: to } });
  const letter = db.prepare('update dead set record = ?, sum = ? where seq = ?');
  for (const row of db.prepare('select * from dead where identity = ?').all(identity)) {
    const stored = row as unknown as SummedLetter & { readonly seq: number }; // its columns
    if (!agrees(stored, sumOfLetter(stored))) continue; // damaged: it is nobody's, and stays as it is
    const parsed = JSON.parse(stored.record) as AuditRecord; // nobody else writes letters
    if (!isTheirs(parsed)) continue;
    const record = textOfAny(renamed(parsed));
    letter.run(record, sumOfLetter({ ...stored, record }), stored.seq);
  }
  const update = db.prepare('update queue set size = ?, bytes = ?, data = ? where seq = ?');
  for (const seq of rowsOf(db, from)) {
    const row = db.prepare('select * from queue where seq = ?').get(seq) as unknown as StoredRow; // its own columns
    const records = unpackRow(row);
    if (!records.some(isTheirs)) continue;
    const { data, size } = packRow(records.map(record => (isTheirs(record) ? renamed(record) : record)));
    update.run(size, data.length, data, seq);
  }
};

/** The rows of queues in which there may be something of a receiver: of records without a portion nobody knows. */
const rowsOf = (db: DatabaseSync, receiver: string): readonly number[] => {
  const known = new Map(portionsIn(db).map(({ row, portions }) => [row, portions]));
  const all = db.prepare('select seq, count from queue order by seq').all();
  return all.flatMap(({ seq, count }) => {
    const portions = known.get(Number(seq)) ?? [];
    const isOthers = portions.every(one => one.receiver !== receiver);
    return isOthers && portions.reduce((sum, one) => sum + one.records, 0) === count ? [] : [Number(seq)];
  });
};

/** How much would have to be written anew, because it waits in queues or as dead letters; bytes of JSON. Reads beside a running engine. */
export const sizeOfAdoption = (folder: string, { from, identity }: Pick<Adopted, 'from' | 'identity'>): number =>
  reading(folder, SINCE, 0, db => {
    const size = db.prepare('select size from queue where seq = ?');
    const queued = rowsOf(db, from).reduce((sum, seq) => sum + Number(size.get(seq)?.size ?? 0), 0);
    const letters = db.prepare('select coalesce(sum(length(record)), 0) as n from dead where identity = ?');
    return queued + Number(letters.get(identity)?.n);
  });

/** The version of the state that brought the last of the tables that are read. */
const SINCE = 7;
