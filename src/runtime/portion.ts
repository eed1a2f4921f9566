// What routes hand to a queue, as rows: which of a row's records came by which route is kept beside it, so that what becomes
// of them later is counted where they came from.
import type { Refusal } from '../component.ts';
import type { Counts, Portion } from '../counts.ts';
import type { AuditRecord } from '../model.ts';
import { countedOf, type Handed, judge, sourcesOf } from './fate.ts';
import type { Row } from './state/state.ts';

// ---- In ----

export interface Cut {
  readonly records: readonly AuditRecord[];
  readonly portions?: readonly Portion[];
}

/** Rows of at most so many records; longer only where a record's parts would be torn apart: they settle together. */
export const cut = (handed: readonly Handed[], longest: number): readonly Cut[] => {
  const rows: { of: Handed; records: AuditRecord[] }[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const of of handed)
    for (const whole of wholes(of.records)) {
      if (size + whole.length > longest) {
        rows.push([]);
        size = 0;
      }
      const row = rows.at(-1)!;
      if (row.at(-1)?.of !== of) row.push({ of, records: [] });
      row.at(-1)!.records.push(...whole);
      size += whole.length;
    }
  return rows.map(row => {
    const routed = row.filter(({ of }) => of.pipeline !== '');
    const portions = routed.map(({ of, records }) => portionOf({ ...of, records }));
    return { records: row.flatMap(({ records }) => records), ...(portions.length > 0 && { portions }) };
  });
};

/** The shortest runs of records of which none shares an id with another. */
const wholes = (records: readonly AuditRecord[]): readonly (readonly AuditRecord[])[] => {
  const last = new Map(records.map(({ id }, at) => [id, at]));
  const runs: AuditRecord[][] = [];
  let [run, end]: [AuditRecord[], number] = [[], -1];
  for (const [at, record] of records.entries()) {
    run.push(record);
    end = Math.max(end, last.get(record.id)!);
    if (at < end) continue;
    runs.push(run);
    run = [];
  }
  return runs;
};

const portionOf = ({ receiver, pipeline, records, surplus }: Handed): Portion => {
  const all = sourcesOf(records);
  const over = [...surplus].flatMap(([id, n]) => Array<string>(Math.min(n, all.get(id) ?? 0)).fill(id));
  const portion = { receiver, pipeline, records: records.length, sources: countedOf(all, surplus) };
  return over.length === 0 ? portion : { ...portion, surplus: over };
};

// ---- Out ----

/** What became of the records of rows that leave the queue of an exporter; of rows without portions, nobody knows whose. */
export const settled = (exporter: string, rows: readonly Row[], refusals: readonly Refusal[]): Counts => {
  const known = rows.filter(
    ({ records, portions = [] }) => portions.reduce((n, p) => n + p.records, 0) === records.length,
  );
  const waited = known.flatMap(({ portions = [] }) =>
    portions.map(({ receiver, pipeline, sources }) => ({ receiver, pipeline, exporter, pending: -sources })),
  );
  const { fates, dead } = judge(exporter, known.flatMap(handedIn), refusals, 'delivered');
  return { fates: [...waited, ...fates], dead };
};

const handedIn = ({ records, portions = [] }: Row): readonly Handed[] => {
  let at = 0;
  return portions.map(({ receiver, pipeline, records: length, surplus = [] }) => {
    at += length;
    return { receiver, pipeline, records: records.slice(at - length, at), surplus: tallyOf(surplus) };
  });
};

const tallyOf = (ids: readonly string[]): ReadonlyMap<string, number> =>
  new Map([...Map.groupBy(ids, id => id)].map(([id, same]) => [id, same.length]));
