// What a review found, per receiver and pipeline: counted once for each id, however often the walk came across it.
import type { AuditRecord } from '../../model.ts';
import type { Delivery } from '../account.ts';
import { digestOf, Marks } from '../state/marks.ts';
import type { Observer } from '../telemetry/observer.ts';
import type { Reviewed } from './review.ts';
import type { Judged, Verdict } from './review-judge.ts';

/** How many of what is missing, and of what is too old, are named for each pipeline. */
const NAMED = 1000;

export interface Found {
  readonly receiver: string;
  readonly pipeline: string;
  /** From where on it was asked: not from before its receiver began; ms since the epoch. */
  readonly since: number;
  /** What happened before this may be forgotten, and is not delivered; ms since the epoch. */
  readonly horizon: number;
  /** What the vendor showed. */
  readonly records: number;
  readonly known: number;
  readonly dead: number;
  readonly ahead: number;
  /** A processor in front of what remembers dropped them. */
  readonly dropped: number;
  readonly missing: number;
  /** Of those: went through the pipeline, and are committed. */
  readonly delivered: number;
  readonly old: number;
  /** Of what is missing or old, the first that were come across; oldest first. */
  readonly named: readonly Named[];
}

export interface Named {
  readonly id: string;
  /** ms since the epoch */
  readonly time: number;
  readonly is: 'missing' | 'old';
}

export interface Tally {
  readonly observer: Observer;
  found(): readonly Found[];
}

/** @param only nothing is delivered */
/**
 * Looks again at what seemed to be missing: beside a running engine, some of it was delivered meanwhile.
 * @param known which ids are marked now
 */
export const confirmed = (
  found: readonly Found[],
  reviewed: ReadonlyMap<string, Reviewed>,
  known: (space: string, ids: readonly string[]) => Promise<ReadonlySet<string>>,
): Promise<readonly Found[]> =>
  Promise.all(
    found.map(async each => {
      const { receiver, pipeline, missing, old, named } = each;
      const space = reviewed.get(receiver)?.cases.find(given => given.pipeline === pipeline)?.space;
      if (space === undefined || missing === 0 || missing + old > named.length) return each; // so many did not come meanwhile
      const now = await known(
        space,
        named.filter(({ is }) => is === 'missing').map(({ id }) => id),
      );
      return {
        ...each,
        known: each.known + now.size,
        missing: missing - now.size,
        named: named.filter(({ id, is }) => is === 'old' || !now.has(id)),
      };
    }),
  );

export const tallyOf = (reviewed: ReadonlyMap<string, Reviewed>, { only }: { readonly only: boolean }): Tally => {
  const pipelines = [...reviewed].flatMap(([receiver, { cases }]) =>
    cases.map(given => ({ receiver, given, count: counter() })),
  );
  return {
    observer: {
      delivered: (lane, { batch, routes }) => {
        for (const { receiver, given, count } of pipelines) {
          const route = routes.find(({ pipeline }) => pipeline === given.pipeline);
          if (receiver !== lane || !route) continue;
          const died = idsOf(route.steps.flatMap(({ dead }) => dead));
          const through = only ? new Set<string>() : idsOf(deliverable(route, given.processor));
          for (const { id } of batch.records) {
            const verdict = given.verdicts.get(id);
            count.add(id, verdict, { died: died.has(id), through: through.has(id) });
          }
          given.verdicts.clear();
        }
      },
    },
    found: () =>
      pipelines.map(({ receiver, given, count }) => ({
        receiver,
        pipeline: given.pipeline,
        since: given.since,
        horizon: given.horizon,
        ...count.sums(),
      })),
  };
};

/** What went on behind the judge. */
const deliverable = ({ steps }: Delivery['routes'][number], processor: string): readonly AuditRecord[] =>
  steps.find(({ name }) => name === processor)?.outgoing ?? [];

const idsOf = (records: readonly AuditRecord[]): ReadonlySet<string> => new Set(records.map(({ id }) => id));

type Sums = Omit<Found, 'receiver' | 'pipeline' | 'since' | 'horizon'>;

const counter = () => {
  const seen = new Marks();
  const named: Named[] = [];
  const counts: Record<Verdict | 'dropped' | 'delivered', number> = {
    known: 0,
    dead: 0,
    ahead: 0,
    missing: 0,
    old: 0,
    dropped: 0,
    delivered: 0,
  };
  return {
    add: (id: string, judged: Judged | undefined, { died, through }: { died: boolean; through: boolean }) => {
      const digest = digestOf(id);
      if (seen.has(digest)) return;
      seen.add(digest);
      const is = judged?.is ?? (died ? 'dead' : 'dropped');
      counts[is]++;
      if (is === 'missing' && through) counts.delivered++;
      if (judged && (is === 'missing' || is === 'old') && named.length < NAMED)
        named.push({ id, time: judged.time, is });
    },
    sums: (): Sums => {
      const { known, dead, ahead, missing, delivered, old, dropped } = counts;
      return {
        records: seen.size,
        known,
        dead,
        ahead,
        dropped,
        missing,
        delivered,
        old,
        named: named.toSorted((a, b) => a.time - b.time),
      };
    },
  };
};
