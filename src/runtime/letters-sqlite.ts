// Dead letters in `state.db`: one a culprit. Kept by a delivery, removed by another that got them through, or by hand.
import type { DatabaseSync } from 'node:sqlite';
import { Fault } from '../fault.ts';
import { textOfAny } from '../json.ts';
import { type AuditRecord, identify, type Write } from '../model.ts';
import { reading } from './sqlite-open.ts';
import type { DeadLetter } from './state.ts';

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
  const insert = db.prepare(`insert into dead (place, identity, id, part, code, reason, count, first, last, record)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
        const kept = insert.get(place, identity, id, part, code, reason, share, now, now, textOfAny(record));
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

const isChosen =
  ({ seqs = [], place, code }: Choice) =>
  (letter: Pick<DeadLetter, 'seq' | 'place' | 'code'>): boolean =>
    (seqs.length === 0 || seqs.includes(letter.seq)) &&
    (place === undefined || letter.place === place) &&
    (code === undefined || letter.code === code);

/** The dead letters in a state, oldest first; reads beside a running engine. */
export const readDeadLetters = (folder: string, choice: Choice = {}): DeadLetter[] =>
  reading(folder, 1, [] as DeadLetter[], db => {
    const chosen = isChosen(choice);
    const rows = db
      .prepare('select seq, place, code, reason, count, tries, first, last, record from dead order by seq')
      .iterate();
    return [...rows]
      .map(row => row as unknown as DeadLetter & { record: string }) // the columns are the letter's own
      .filter(chosen)
      .map(row => ({ ...row, record: recordOf(row, folder) }));
  });

const recordOf = ({ seq, record }: { readonly seq: number; readonly record: string }, folder: string): AuditRecord => {
  try {
    return JSON.parse(record) as AuditRecord; // nobody else writes letters
  } catch (cause) {
    const what = `the state in ${folder} is damaged: dead letter ${seq} is not what was written`;
    throw new Fault('E_STATE_CORRUPT', what, { cause });
  }
};
