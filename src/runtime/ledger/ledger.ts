// The ledger's arithmetic: an entry is a reading of all counters, as of a meter, and each is chained to the one before.
// What happened between two readings is their difference. Pure; `ledger-sqlite.ts` keeps it.
import { hash } from 'node:crypto';
import type { Account, Fates, Received } from '../../counts.ts';
import type { Gap } from '../../model.ts';
import { lateIn } from './lateness.ts';

/** One receiver, since the ledger began. Keys in the order of the alphabet: the text of a reading is canonical. */
export interface ReceiverReading {
  /** The vendor's clock when its end was last reached; ms since the epoch. */
  readonly end?: number;
  /** Of the requests: no answer came, or one that says no. */
  readonly failed: number;
  readonly fetched: number;
  /** When the first event happened that was fetched in the time of this entry; ms since the epoch. */
  readonly first?: number;
  /** ms of history that the vendor no longer kept. */
  readonly gap: number;
  /** Those spans that were met in the time of this entry, joined where they touch; not more than some. */
  readonly gaps?: readonly Gap[];
  /** As `first`: the last. */
  readonly last?: number;
  /** Of the fetched. */
  readonly late: number;
  /** By the buckets of `lateness.ts`. */
  readonly lateness: readonly number[];
  readonly receiver: string;
  readonly requests: number;
}

/**
 * One receiver on one route to one exporter, in records of the vendor since the ledger began. At any time:
 * fetched = duplicate + filtered + delivered + dead + pending.
 */
export interface AccountReading extends Account {
  /** They are dead letters, or were until somebody dropped them. */
  readonly dead: number;
  /** Accepted by the exporter's destination. */
  readonly delivered: number;
  /** Of the dead: no letter is kept any more. */
  readonly dropped: number;
  readonly duplicate: number;
  readonly exporter: string;
  readonly fetched: number;
  readonly filtered: number;
  /** They wait in the exporter's queue. */
  readonly pending: number;
  readonly pipeline: string;
  readonly receiver: string;
}

export interface Reading {
  readonly accounts: readonly AccountReading[];
  readonly receivers: readonly ReceiverReading[];
}

/** One hour of the ledger at most. */
export interface Entry {
  /** From 1 on, without a gap. */
  readonly seq: number;
  /** The first and the last commit that it counts, by our clock; ms since the epoch. */
  readonly since: number;
  readonly until: number;
  readonly reading: Reading;
}

/** An entry as it is kept: its text, and the digests that chain it. */
export interface Sealed {
  readonly seq: number;
  /** The digest of the entry before; zeros for the first. */
  readonly previous: string;
  readonly content: string;
  /** SHA-256 of `previous` and `content`, one after the other; hex. */
  readonly digest: string;
}

export const NOTHING: Reading = { accounts: [], receivers: [] };
export const FIRST = '0'.repeat(64);

/** When the vendor's end was last reached; ms since the epoch. */
export const endIn = ({ receivers }: Reading, receiver: string): number | undefined =>
  receivers.find(one => one.receiver === receiver)?.end;

// ---- The chain ----

export const seal = ({ seq, since, until, reading }: Entry, previous: string): Sealed => {
  const content = JSON.stringify({
    accounts: reading.accounts,
    entry: seq,
    receivers: reading.receivers,
    since,
    until,
  });
  return { seq, previous, content, digest: hash('sha256', previous + content) };
};

/** Throws where the text is not that of an entry. */
export const unseal = ({ content }: Pick<Sealed, 'content'>): Entry => {
  const { accounts, entry, receivers, since, until } = JSON.parse(content);
  if (![entry, since, until].every(Number.isSafeInteger) || !Array.isArray(accounts) || !Array.isArray(receivers))
    throw new TypeError('it is no entry of a ledger');
  return { seq: entry, since, until, reading: { accounts, receivers } }; // whoever wrote it is held by the digest
};

// ---- Adding ----

/** How many spans are named in one entry; all are counted. */
const MOST_GAPS = 20;

/** Spans that touch are one. */
const joined = (gaps: readonly Gap[], gap: Gap): readonly Gap[] => {
  const [touching, others] = [gaps.filter(g => touch(g, gap)), gaps.filter(g => !touch(g, gap))];
  const all = [gap, ...touching];
  const one = { from: Math.min(...all.map(g => g.from)), to: Math.max(...all.map(g => g.to)) };
  return [...others, one].slice(0, MOST_GAPS);
};

const touch = (a: Gap, b: Gap): boolean => a.from <= b.to && b.from <= a.to;

/** What belongs to the time of one entry only is left out in the next. */
export const nextOf = (reading: Reading): Reading => ({
  ...reading,
  receivers: reading.receivers.map(({ first: _, gaps: __, last: ___, ...rest }) => rest),
});

export const addReceived = (reading: Reading, { events, gap, ...more }: Received): Reading =>
  grown(reading, {
    ...more,
    ...events,
    late: lateIn(more.lateness),
    gap: gap ? Math.max(0, gap.to - gap.from) : 0,
    ...(gap && { gaps: [gap] }),
  });

const grown = (reading: Reading, more: ReceiverReading): Reading => {
  const old = reading.receivers.find(({ receiver }) => receiver === more.receiver);
  const sum = (key: 'failed' | 'fetched' | 'gap' | 'late' | 'requests') => (old?.[key] ?? 0) + more[key];
  const end = more.end ?? old?.end;
  const gaps = (more.gaps ?? []).reduce(joined, old?.gaps ?? []);
  const [first, last] = [least(old?.first, more.first), most(old?.last, more.last)];
  const next: ReceiverReading = {
    ...(end !== undefined && { end }),
    failed: sum('failed'),
    fetched: sum('fetched'),
    ...(first !== undefined && { first }),
    gap: sum('gap'),
    ...(gaps.length > 0 && { gaps }),
    ...(last !== undefined && { last }),
    late: sum('late'),
    lateness: plus(old?.lateness ?? [], more.lateness),
    receiver: more.receiver,
    requests: sum('requests'),
  };
  return { ...reading, receivers: placed(reading.receivers, old, next, r => r.receiver) };
};

/** What is added to one account. */
export type Change = Partial<Omit<AccountReading, keyof Account>>;

export const addToAccount = (reading: Reading, { receiver, pipeline, exporter }: Account, more: Change): Reading => {
  const old = reading.accounts.find(one => isOf(one, { receiver, pipeline, exporter }));
  const sum = (key: keyof Change) => (old?.[key] ?? 0) + (more[key] ?? 0);
  const next: AccountReading = {
    dead: sum('dead'),
    delivered: sum('delivered'),
    dropped: sum('dropped'),
    duplicate: sum('duplicate'),
    exporter,
    fetched: sum('fetched'),
    filtered: sum('filtered'),
    pending: sum('pending'),
    pipeline,
    receiver,
  };
  return { ...reading, accounts: placed(reading.accounts, old, next, nameOf) };
};

const isOf = (one: Account, other: Account): boolean =>
  one.receiver === other.receiver && one.pipeline === other.pipeline && one.exporter === other.exporter;

export const nameOf = ({ receiver, pipeline, exporter }: Account): string =>
  [receiver, pipeline, exporter].map(encodeURIComponent).join(' ');

/** What becomes of one record that was dead. */
export const fateIn = ({ delivered = 0, duplicate = 0, filtered = 0 }: Change) =>
  delivered > 0 ? 'delivered' : duplicate > 0 ? 'duplicate' : filtered > 0 ? 'filtered' : undefined;

export const changeOf = ({ fetched, duplicate, filtered, delivered, pending }: Fates): Change => ({
  ...(fetched && { fetched }),
  ...(duplicate && { duplicate }),
  ...(filtered && { filtered }),
  ...(delivered && { delivered }),
  ...(pending && { pending }),
});

// ---- Taking away ----

/** What was counted in readings, one after the other, behind another one. */
export const sumOf = (before: Reading, readings: readonly Reading[]): Reading => {
  const last = readings.at(-1) ?? before;
  const spans = (receiver: string) =>
    readings.flatMap(one => one.receivers.filter(other => other.receiver === receiver));
  return {
    accounts: last.accounts.map(account => {
      const old = before.accounts.find(one => isOf(one, account));
      const minus = (key: keyof Change) => account[key] - (old?.[key] ?? 0);
      return {
        dead: minus('dead'),
        delivered: minus('delivered'),
        dropped: minus('dropped'),
        duplicate: minus('duplicate'),
        exporter: account.exporter,
        fetched: minus('fetched'),
        filtered: minus('filtered'),
        pending: minus('pending'),
        pipeline: account.pipeline,
        receiver: account.receiver,
      };
    }),
    receivers: last.receivers.map(({ receiver, end, ...counts }) => {
      const old = before.receivers.find(one => one.receiver === receiver);
      const own = spans(receiver);
      const first = own.reduce<number | undefined>((a, b) => least(a, b.first), undefined);
      const latest = own.reduce<number | undefined>((a, b) => most(a, b.last), undefined);
      const gaps = own.flatMap(one => one.gaps ?? []).reduce<readonly Gap[]>(joined, []);
      return {
        ...(end !== undefined && { end }),
        failed: counts.failed - (old?.failed ?? 0),
        fetched: counts.fetched - (old?.fetched ?? 0),
        ...(first !== undefined && { first }),
        gap: counts.gap - (old?.gap ?? 0),
        ...(gaps.length > 0 && { gaps }),
        ...(latest !== undefined && { last: latest }),
        late: counts.late - (old?.late ?? 0),
        lateness: plus(
          counts.lateness,
          (old?.lateness ?? []).map(n => -n),
        ),
        receiver,
        requests: counts.requests - (old?.requests ?? 0),
      };
    }),
  };
};

// ---- By hand ----

/** What was counted under one name is added to what was counted under another. */
export const renamed = (reading: Reading, from: string, to: string): Reading => {
  const isTheirs = ({ receiver }: { readonly receiver: string }) => receiver === from;
  const kept: Reading = {
    accounts: reading.accounts.filter(one => !isTheirs(one)),
    receivers: reading.receivers.filter(one => !isTheirs(one)),
  };
  const received = reading.receivers.filter(isTheirs).reduce((all, one) => grown(all, { ...one, receiver: to }), kept);
  return reading.accounts.filter(isTheirs).reduce((all, { receiver: _, pipeline, exporter, ...counts }) => {
    return addToAccount(all, { receiver: to, pipeline, exporter }, counts);
  }, received);
};

/** Without the memory of where the vendor's end was. */
export const movedByHand = (reading: Reading, receiver: string): Reading => ({
  ...reading,
  receivers: reading.receivers.map(one => {
    const { end: _, ...rest } = one;
    return one.receiver === receiver ? rest : one;
  }),
});

/** In place of the old one; a new one in the order of the names. */
const placed = <T>(all: readonly T[], old: T | undefined, one: T, name: (one: T) => string): readonly T[] =>
  old === undefined
    ? [...all, one].toSorted((a, b) => (name(a) < name(b) ? -1 : 1))
    : all.map(other => (other === old ? one : other));

const plus = (a: readonly number[], b: readonly number[]): readonly number[] =>
  Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0) + (b[i] ?? 0));

const least = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
const most = (a: number | undefined, b: number | undefined) =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
