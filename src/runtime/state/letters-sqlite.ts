// Dead letters in `state.db`: one a culprit. Kept by a delivery, removed by another that got them through, or by hand.
import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '../../fault.ts';
import { textOfAny } from '../../json.ts';
import { type AuditRecord, identify, type Write } from '../../model.ts';
import { reading } from './sqlite-open.ts';
import type { DeadLetter } from './state.ts';
import { agrees, type SummedLetter, sumOfLetter } from './sums.ts';

type Only<K extends Write['kind']> = Extract<Write, { kind: K }>;

/** A letter that was written, by what it is known. */
export interface Kept {
  readonly seq: number;
  readonly place: string;
  readonly identity: string;
  readonly id: string;
  readonly part: number;
}

export interface LetterTable {
  /** How many records became new letters of this identity since then. */
  since(identity: string, time: number): number;
  /** How many records became new letters at this place since then. */
  at(place: string, time: number): number;
  /** How many letters there are. */
  total(): number;
  /** The letters that it made, or counted again. */
  keep(write: Only<'dead'>, now: number): readonly Kept[];
  /**
   * Removes a letter that came through; if it was refused again at its place, counts that instead. `among` is what it is
   * committed with. True when the letter itself was written: then `keep` must not be asked to.
   */
  revive(write: Only<'revive'>, among: readonly Write[], now: number): Only<'dead'> | undefined;
}

/** The letters of a connection; to be changed inside of a transaction. */
export const letterTable = (db: DatabaseSync): LetterTable => {
  const insert = db.prepare(`insert into dead (place, identity, id, part, code, reason, count, first, last, record, sum)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (place, identity, id, part) where code <> 'E_SINK_PARTIAL'
    do update set tries = tries + 1, last = excluded.last, reason = excluded.reason
    returning seq`);
  const since = db.prepare('select coalesce(sum(count), 0) as n from dead where identity = ? and first >= ?');
  const at = db.prepare('select coalesce(sum(count), 0) as n from dead where place = ? and first >= ?');
  const total = db.prepare('select count(*) as n from dead');
  const one = db.prepare('select place, id, part from dead where seq = ?');
  const again = db.prepare('update dead set tries = tries + 1, last = ?, reason = ? where seq = ?');
  const remove = db.prepare('delete from dead where seq = ?');
  const numberOf = (row: unknown): number => (row as { n: number }).n; // each of these queries has one column, `n`

  return {
    since: (identity, time) => numberOf(since.get(identity, time)),
    at: (place, time) => numberOf(at.get(place, time)),
    total: () => numberOf(total.get()),

    /** A culprit that is read again raises its count; it does not become another letter. */
    keep: ({ place, code, reason, count, records }, now) =>
      records.map((record, index) => {
        const share = records.length === 1 ? count : code === 'E_SINK_PARTIAL' ? (index === 0 ? count : 0) : 1;
        const { origin, id, part = 0 } = record;
        const identity = identify(origin);
        const text = textOfAny(record);
        const sum = sumOfLetter({ place, identity, id, part, record: text });
        const kept = insert.get(place, identity, id, part, code, reason, share, now, now, text, sum);
        return { seq: Number(kept?.seq), place, identity, id, part };
      }),

    revive: ({ seq }, among, now) => {
      const letter = one.get(seq) as { place: string; id: string; part: number } | undefined;
      if (!letter) throw new Fault('E_COMMIT_STALE', `dead letter ${seq} is gone`);
      const refusal = among
        .filter(write => write.kind === 'dead')
        .find(
          ({ place, records }) =>
            place === letter.place && records.some(({ id, part = 0 }) => id === letter.id && part === letter.part),
        );
      if (refusal) again.run(now, refusal.reason, seq);
      else remove.run(seq);
      return refusal;
    },
  };
};

/** Where each dead letter could not pass, and what it is; without its record. Reads beside a running engine. */
export const readLetterIds = (
  folder: string,
): readonly { readonly place: string; readonly identity: string; readonly id: string }[] =>
  // The columns are named as the fields.
  reading(folder, 1, [], db => db.prepare('select place, identity, id from dead').all()) as unknown as readonly {
    place: string;
    identity: string;
    id: string;
  }[];

/** Which letters are meant; all when nothing is said. */
export interface Choice {
  readonly seqs?: readonly number[];
  readonly place?: string | undefined;
  readonly code?: string | undefined;
}

/** A letter without its record. */
export interface LetterSummary extends Omit<DeadLetter, 'record'> {
  /** Nothing where the record is damaged. */
  readonly receiver: string | null;
  readonly id: string;
  readonly part: number | null;
}

/** Which letters there are, oldest first; reads beside a running engine, and no record. */
export const listDeadLetters = (folder: string, { seqs = [], place, code }: Choice = {}): readonly LetterSummary[] =>
  reading(folder, 1, [] as readonly LetterSummary[], db => {
    const from = (path: string) => `case when json_valid(record) then json_extract(record, '${path}') end`;
    const rows = db
      .prepare(
        `select seq, place, code, reason, count, tries, first, last, ${from('$.origin.receiver')} as receiver, id,
          ${from('$.part')} as part
        from dead where (:place is null or place = :place) and (:code is null or code = :code)
          and (:all or seq in (select value from json_each(:seqs))) order by seq`,
      )
      .all({ place: place ?? null, code: code ?? null, all: Number(seqs.length === 0), seqs: JSON.stringify(seqs) });
    return rows as unknown as readonly LetterSummary[]; // the columns are named as the fields
  });

/**
 * Letters with their records, a few in memory at a time. One that is damaged is told and passed by; where nobody is to be
 * told, it throws E_STATE_CORRUPT.
 */
export function* lettersOf(
  folder: string,
  seqs: readonly number[],
  damaged: (fault: Fault) => void = fault => {
    throw fault;
  },
): Generator<DeadLetter> {
  for (let at = 0; at < seqs.length; at += AT_ONCE)
    yield* reading(folder, 1, [] as readonly DeadLetter[], db => {
      const one = db.prepare('select * from dead where seq = ?');
      return seqs.slice(at, at + AT_ONCE).flatMap(seq => {
        const row = one.get(seq) as unknown as StoredLetter | undefined; // its columns
        if (!row) return []; // it went meanwhile
        try {
          return [letterIn(row, folder)];
        } catch (fault) {
          damaged(fault as Fault); // that is what it throws
          return [];
        }
      });
    });
}

/** So many are in memory. */
const AT_ONCE = 100;

type StoredLetter = Omit<DeadLetter, 'record'> & SummedLetter;

/** Throws E_STATE_CORRUPT where it is not what was written. */
const letterIn = (row: StoredLetter, folder: string): DeadLetter => {
  const { seq, place, code, reason, count, tries, first, last } = row;
  return { seq, place, code, reason, count, tries, first, last, record: recordIn(row, folder) };
};

const recordIn = (row: StoredLetter, folder: string): AuditRecord => {
  const damaged = (cause?: unknown) =>
    new Fault('E_STATE_CORRUPT', `the state in ${folder} is damaged: dead letter ${row.seq} is not what was written`, {
      cause,
    });
  if (!agrees(row, sumOfLetter(row))) throw damaged();
  try {
    return JSON.parse(row.record) as AuditRecord; // nobody else writes letters
  } catch (cause) {
    throw damaged(cause);
  }
};
