// The tables of `state.db`, as the changes that made them. A change that was released is never edited: the next one is
// appended, and an older state is brought up to date by those it lacks.

/** Each raises the version of the state by one; the first makes an empty file a state. */
export const MIGRATIONS: readonly string[] = [
  `create table positions (
    receiver text, identity text, count integer not null, value text not null, low integer not null,
    primary key (receiver, identity)) without rowid;
  create table entries (space text, key text, value text not null, primary key (space, key)) without rowid;
  create table marks (seq integer primary key, space text not null, date integer not null, ids blob not null);
  create index marks_by_date on marks (space, date);
  create table dead (
    seq integer primary key autoincrement, place text not null, identity text not null, id text not null,
    part integer not null, code text not null, reason text not null, count integer not null,
    tries integer not null default 1, first integer not null, last integer not null, record text not null);
  create index dead_by_time on dead (identity, first);
  create unique index culprits on dead (place, identity, id, part) where code <> 'E_SINK_PARTIAL';`,

  // Notes: beside the truth. Nothing that is delivered depends on them.
  `create table drift (
    vendor text, feed text, kind text, what text, count integer not null, first integer not null,
    last integer not null, example text not null, primary key (vendor, feed, kind, what)) without rowid;
  create table gaps (
    receiver text, since integer, until integer not null, noticed integer not null,
    primary key (receiver, since)) without rowid;`,

  // Queues. The data comes last: whoever counts rows does not read it. A number is never used again.
  `create table queue (
    seq integer primary key autoincrement, queue text not null, added integer not null, count integer not null,
    size integer not null, bytes integer not null, data blob not null);
  create index queue_order on queue (queue);
  create index dead_by_place on dead (place, first);`,

  // What was changed by a person, and once an hour where each receiver stood.
  `create table history (
    seq integer primary key autoincrement, time integer not null, command text not null, receiver text not null,
    identity text not null, before text, after text, reason text not null);
  create table trail (
    receiver text, identity text, hour integer, value text, primary key (receiver, identity, hour)) without rowid;`,

  // Until when a vendor may not be asked: a note.
  'create table waits (key text primary key, noted integer not null, until integer not null) without rowid;',

  // Sums of what must not be misread; nothing beside what was written before.
  'alter table positions add column sum integer; alter table entries add column sum integer;',

  // The ledger: its entries; by which routes the records of a queue's row came; and in whose account a letter counts as dead.
  `create table ledger (
    seq integer primary key autoincrement, previous text not null, content text not null, digest text not null);
  create table ledger_rows (row integer primary key, portions text not null);
  create table ledger_letters (
    letter integer, receiver text, pipeline text, exporter text, identity text not null, id text not null,
    certain integer not null, primary key (letter, receiver, pipeline, exporter)) without rowid;
  create index ledger_dead on ledger_letters (receiver, pipeline, exporter, identity, id);`,

  // More sums: of what would be sent altered, asked for late, or delivered twice.
  `alter table dead add column sum integer; alter table marks add column sum integer;
  alter table waits add column sum integer;`,
];

export const VERSION = MIGRATIONS.length;
