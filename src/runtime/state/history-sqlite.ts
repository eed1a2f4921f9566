// What was done to a state by hand, and where each receiver stood hour by hour: so that an operator can see what was, and
// go back to it. Beside the truth: bounded, and nothing is decided by it.
import type { DatabaseSync } from 'node:sqlite';
import type { Write } from '../../model.ts';
import { DAY, HOUR } from '../../options.ts';
import { reading } from './sqlite-open.ts';

/** How many changes by hand are kept; how long the positions of deliveries are, in ms, and how large each may be. */
export const KEPT = { changes: 10_000, trail: 30 * DAY, position: 8192 } as const;

/** The version of the state that brought the tables. */
const SINCE = 4;

/** A change that a person made by a command. Positions as JSON texts. */
export interface Change {
  /** ms since the epoch */
  readonly time: number;
  /** `state rewind` */
  readonly command: string;
  /** Empty where it is about none. */
  readonly receiver: string;
  readonly identity: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly reason: string;
}

/** Where a receiver stood after the first delivery of an hour. */
export interface Stood {
  readonly receiver: string;
  readonly identity: string;
  /** ms since the epoch: the hour's beginning */
  readonly time: number;
  /** As JSON text; null where it was too large to be kept. */
  readonly value: string | null;
}

type MoveWrite = Extract<Write, { kind: 'move' }>;

/** Notes the first move of each hour, in the transaction of the move; what is returned is to be called once it is true. */
export const trailOf = (db: DatabaseSync): ((write: MoveWrite, now: number) => () => void) => {
  const insert = db.prepare('insert or ignore into trail values (?, ?, ?, ?)');
  const purge = db.prepare('delete from trail where receiver = ? and identity = ? and hour < ?');
  const noted = new Map<string, number>(); // by receiver and identity: one for each receiver that runs
  return ({ receiver, identity, move }, now) => {
    const [key, hour] = [`${receiver} ${identity}`, Math.floor(now / HOUR)];
    if (noted.get(key) === hour) return () => {};
    const value = JSON.stringify(move.position);
    insert.run(receiver, identity, hour, value.length > KEPT.position ? null : value);
    purge.run(receiver, identity, hour - KEPT.trail / HOUR);
    return () => void noted.set(key, hour);
  };
};

/** To be called in the transaction of the change. */
export const noteChange = (db: DatabaseSync, change: Change): void => {
  const { time, command, receiver, identity, before, after, reason } = change;
  db.prepare(
    'insert into history (time, command, receiver, identity, before, after, reason) values (?, ?, ?, ?, ?, ?, ?)',
  ).run(time, command, receiver, identity, before, after, reason);
  db.prepare('delete from history where seq <= (select max(seq) from history) - ?').run(KEPT.changes);
};

/** All that is known, each in its order; reads beside a running engine. */
export const readHistory = (
  folder: string,
): { readonly changes: readonly Change[]; readonly trail: readonly Stood[] } =>
  reading(folder, SINCE, { changes: [], trail: [] }, db => ({
    // The columns are named as the fields.
    changes: db
      .prepare('select time, command, receiver, identity, before, after, reason from history order by seq')
      .all() as unknown as readonly Change[],
    trail: db
      .prepare('select receiver, identity, hour * ? as time, value from trail order by hour, receiver')
      .all(HOUR) as unknown as readonly Stood[],
  }));
