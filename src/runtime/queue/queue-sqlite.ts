// The queues in `state.db`. A row is one batch of records as JSON, compressed: audit events say much the same again and
// again, and shrink to a tenth. Rows are numbered for ever, so that one that is gone is never taken for another.
import type { DatabaseSync } from 'node:sqlite';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Portion } from '../../counts.ts';
import { describe, Fault } from '../../fault.ts';
import { textOfAny } from '../../json.ts';
import type { AuditRecord, Write } from '../../model.ts';
import { point } from '../../point.ts';
import type { Holding, Row, Size } from '../state/state.ts';

type Only<K extends Write['kind']> = Extract<Write, { kind: K }>;

/** A row as it lies in the table. */
export interface StoredRow {
  readonly seq: number;
  readonly queue: string;
  /** When it was written, ms since the epoch. */
  readonly added: number;
  /** Its records. */
  readonly count: number;
  /** Of its JSON, in bytes. */
  readonly size: number;
  /** Of the data, in bytes. */
  readonly bytes: number;
  readonly data: Uint8Array;
}

/** What was stored, and of what size it was. */
export const packRow = (records: readonly AuditRecord[]): { readonly data: Uint8Array; readonly size: number } => {
  const json = Buffer.from(textOfAny(records));
  return { data: zstdCompressSync(json, SUMMED), size: json.length };
};

const SUMMED = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

/** Throws E_QUEUE_ROW where it is not what was stored. */
export const unpackRow = ({ seq, queue, count, size, bytes, data }: StoredRow): readonly AuditRecord[] => {
  const damaged = (what: string, cause?: unknown) =>
    new Fault('E_QUEUE_ROW', `row ${seq} of the queue ${queue} ${what}`, cause === undefined ? {} : { cause });
  const length = (data as Uint8Array | null)?.length; // a damaged row may have none
  if (length !== bytes) throw damaged(`has ${length ?? 'no'} bytes, not ${bytes}`);
  let records: unknown;
  try {
    const json = zstdDecompressSync(data, { maxOutputLength: Math.max(1, size) });
    if (json.length !== size) throw new Error(`${json.length} bytes of JSON, not ${size}`);
    records = JSON.parse(json.toString());
  } catch (error) {
    throw damaged(`cannot be read: ${describe(error)}`, error);
  }
  if (!Array.isArray(records) || records.length !== count) throw damaged(`does not have ${count} records`);
  return records as readonly AuditRecord[]; // nobody else writes rows, and their sizes agree
};

export interface QueueTables {
  rows(queue: string, most: Size): readonly Row[];
  holdings(): ReadonlyMap<string, Holding>;
  /** Both to be called inside of a transaction; `learn`, and what `dequeue` returns, once it is committed. */
  enqueue(write: Only<'enqueue'>, now: number): { readonly row: number; readonly learn: () => void };
  dequeue(write: Only<'dequeue'>): () => void;
  /** Rows were written anew. */
  recount(): void;
}

export const queueTables = (db: DatabaseSync): QueueTables => {
  const oldest = db.prepare('select * from queue where queue = ? order by seq');
  const insert = db.prepare('insert into queue (queue, added, count, size, bytes, data) values (?, ?, ?, ?, ?, ?)');
  const portions = db.prepare('select portions from ledger_rows where row = ?');
  const remove = db.prepare('delete from queue where seq = ? and queue = ? returning count, bytes');
  const counted = () =>
    new Map(holdingsIn(db).map(({ queue, rows, records, bytes }) => [queue, { rows, records, bytes }]));
  let held = counted();

  const learn = (queue: string, { rows, records, bytes }: Holding) => {
    const before = held.get(queue) ?? { rows: 0, records: 0, bytes: 0 };
    const now = { rows: before.rows + rows, records: before.records + records, bytes: before.bytes + bytes };
    if (now.rows === 0) held.delete(queue);
    else held.set(queue, now);
  };

  /** For the ledger alone: where they are damaged, the row goes its way, and a check says so. */
  const portionsOf = (row: number): { readonly portions?: readonly Portion[] } => {
    try {
      const found = portions.get(row);
      return found ? { portions: JSON.parse(String(found.portions)) } : {}; // nobody else writes them
    } catch {
      return {};
    }
  };

  return {
    rows: (queue, most) => {
      const found: Row[] = [];
      let [records, bytes] = [0, 0];
      for (const each of oldest.iterate(queue)) {
        const row = each as unknown as StoredRow; // the columns are its own
        records += row.count;
        bytes += row.size;
        if (found.length > 0 && (records > most.records || bytes > most.bytes)) break;
        try {
          found.push({ seq: row.seq, records: unpackRow(row), ...portionsOf(row.seq) });
        } catch (error) {
          if (found.length === 0) throw error;
          break; // those before it are fine
        }
      }
      return found;
    },
    holdings: () => new Map(held),
    enqueue: ({ queue, records }, now) => {
      const { data, size } = packRow(records);
      const row = Number(insert.run(queue, now, records.length, size, data.length, data).lastInsertRowid);
      point('queue: after enqueue');
      return { row, learn: () => learn(queue, { rows: 1, records: records.length, bytes: data.length }) };
    },
    dequeue: ({ queue, rows }) => {
      const gone = { rows: 0, records: 0, bytes: 0 };
      point('queue: before delete');
      for (const seq of rows) {
        const row = remove.get(seq, queue) as { count: number; bytes: number } | undefined;
        if (!row) throw new Fault('E_COMMIT_STALE', `row ${seq} of the queue ${queue} is gone`);
        gone.rows -= 1;
        gone.records -= row.count;
        gone.bytes -= row.bytes;
      }
      point('queue: after delete');
      return () => learn(queue, gone);
    },
    recount: () => {
      held = counted();
    },
  };
};

/** What each queue holds, and since when, by name. */
export const holdingsIn = (db: DatabaseSync) =>
  db
    .prepare(
      `select queue, count(*) as rows, sum(count) as records, sum(bytes) as bytes, min(added) as oldest
      from queue group by queue order by queue`,
    )
    .all() as unknown as readonly (Holding & { readonly queue: string; readonly oldest: number })[]; // its own columns
