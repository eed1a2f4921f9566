// The escape hatch: the user's own function over records. What makes a record *that* record may not change.
import { z } from 'zod';
import { type AuditRecord, defineProcessor, identify } from '../../src/index.ts';

type Records = readonly AuditRecord[];

/** Records in, records out, in the order in which they are to go on. Must not change what it is given, but copy. */
export type Change = (records: Records) => Records | Promise<Records>;

const specify = defineProcessor({
  type: 'apply',
  options: z.strictObject({
    change: z
      .custom<Change>(value => typeof value === 'function', 'must be a function: apply(records => records)')
      .describe('Records in, records out; may be asynchronous.'),
  }),
  create: (_context, { change }) => ({
    process: async records => {
      const changed: unknown = await change(records);
      return { records: checked(records, changed) };
    },
  }),
});

/**
 * Hands the records of each batch to a function, which may drop, reorder, split and add to them. `id`, `origin` and
 * `raw` stay as they are; a record that is split numbers its `part`s. What it throws is not lost: the record at fault
 * becomes a dead letter.
 */
export const apply = (change: Change) => specify({ change });

/** One record at a time, for `apply(each(record => ...))`: nothing drops it, a list splits it. */
export const each =
  (change: (record: AuditRecord) => Each | Promise<Each>): Change =>
  async records => {
    const changed: Each[] = [];
    for (const record of records) changed.push(await change(record));
    return changed.flatMap(one => one ?? []);
  };

type Each = AuditRecord | Records | undefined;

/** What the function returned, if each of it stems from a record that it was given. Throws an error that says which does not. */
const checked = (given: Records, changed: unknown): Records => {
  if (!Array.isArray(changed)) throw new TypeError('apply: the function must return a list of records');
  const sources = Map.groupBy(given, record => record.id);
  for (const record of changed as readonly Partial<AuditRecord>[]) check(record, sources);
  const records: Records = changed;
  const repeats = tally(given);
  // Repeats that were given may be returned, split or not: to drop them is the work of `dedupe`.
  for (const [key, { id, count }] of tally(records))
    if (count > (repeats.get(key)?.count ?? sources.get(id)!.length))
      throw new TypeError(`apply: the function returned record ${name(id)} ${count} times: number them with \`part\``);
  return records;
};

const check = (record: Partial<AuditRecord> | null | undefined, sources: ReadonlyMap<string, Records>): void => {
  const id = record?.id;
  if (id === undefined) throw new TypeError('apply: the function returned something that is not a record');
  const named = sources.get(id);
  if (!named)
    throw new TypeError(`apply: the function returned a record with the id ${name(id)}, which it was not given`);
  const own = named.filter(({ origin }) => record?.origin && sameOrigin(origin, record.origin));
  if (own.length === 0) throw new TypeError(`apply: the function changed the \`origin\` of record ${name(id)}`);
  if (!own.some(({ raw }) => raw === record?.raw))
    throw new TypeError(
      `apply: the function changed the \`raw\` of record ${name(id)}: change \`event\` or \`attributes\` instead`,
    );
};

const sameOrigin = (a: AuditRecord['origin'], b: AuditRecord['origin']): boolean =>
  a === b || (a.receiver === b.receiver && identify(a) === identify(b));

/** How often each id and part occurs. */
const tally = (records: Records): ReadonlyMap<string, { readonly id: string; readonly count: number }> => {
  const counts = new Map<string, { readonly id: string; readonly count: number }>();
  for (const { part = 0, id } of records) {
    const key = `${part} ${id}`;
    counts.set(key, { id, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return counts;
};

const name = (id: unknown): string => JSON.stringify(String(id).slice(0, 80));
