// The columns of `results.csv` by what they mean. The vendor does not publish its headers, so several spellings of each
// are known, compared by their letters and digits alone; the option `columns` names any other.
import { type Moment, moment } from '../../src/index.ts';

/** First come, first served: the others of a field are kept like any column that nobody knows. */
const ALIASES = {
  id: ['eventid', 'id'],
  time: ['timestamp', 'time', 'date', 'createdat', 'datetime', 'eventtime'],
  action: ['action', 'actiontype', 'event', 'eventtype', 'activity'],
  actor: ['actor', 'user', 'username', 'actorname'],
  actorEmail: ['actoremail', 'useremail', 'email'],
  actorId: ['actorid', 'userid'],
  workspace: ['workspace', 'workspacename'],
  status: ['status', 'result', 'outcome'],
  category: ['category'],
  description: ['description', 'message'],
  entity: ['entity', 'entityname'],
  entityId: ['entityid'],
  entityType: ['entitytype'],
  payload: ['payload', 'json', 'details'],
} as const satisfies Record<string, readonly string[]>;

/** What a column can mean. */
export type Field = keyof typeof ALIASES;

export const FIELDS = Object.keys(ALIASES) as readonly Field[]; // the literal's own keys

/** Columns that the user has named. */
export type Columns = { readonly [field in Field]?: string | undefined };

/** Letters and digits, lower case: `Event ID`, `event_id` and `eventId` are one. */
export const plainName = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** Which of these columns has which meaning. Asked for every row, so the last answer is kept: all rows of a file have one. */
export const meaning = (names: readonly string[], columns: Columns = NONE): ReadonlyMap<Field, string> => {
  if (last?.columns === columns && last.names.length === names.length && last.names.every((n, i) => n === names[i]))
    return last.found;
  last = { names, columns, found: find(names, columns) };
  return last.found;
};

const NONE: Columns = {};

let last:
  | { readonly names: readonly string[]; readonly columns: Columns; readonly found: ReadonlyMap<Field, string> }
  | undefined;

const find = (names: readonly string[], columns: Columns): ReadonlyMap<Field, string> => {
  const byPlain = new Map(names.toReversed().map(name => [plainName(name), name]));
  const found = FIELDS.flatMap((field): [Field, string][] => {
    const aliases: readonly string[] = columns[field] === undefined ? ALIASES[field] : [plainName(columns[field])];
    const name = aliases.flatMap(alias => byPlain.get(alias) ?? [])[0];
    return name === undefined ? [] : [[field, name]];
  });
  return new Map(found);
};

/**
 * An event id, where the vendor gives one that can be trusted. A column that is merely called `id` counts only with 16
 * characters or more: were it the number of the row, the events of two exports would be taken for one another.
 */
export const trustedId = (
  name: string | undefined,
  cell: string | undefined,
  columns: Columns = {},
): string | undefined => {
  if (name === undefined || !cell) return undefined;
  return columns.id !== undefined || plainName(name) !== 'id' || cell.length >= 16 ? cell : undefined;
};

/** A time as the export may write it. One that could be read in two ways (01/02/2026), or names no zone, is not guessed. */
export const timeOf = (cell: string | undefined): Moment | undefined => {
  const text = cell?.trim() ?? '';
  if (/^\d{19}$/.test(text)) return { time: [Number(text.slice(0, 10)), Number(text.slice(10))] };
  if (/^\d{9,16}(\.\d+)?$/.test(text)) return moment(Number(text));
  const known = moment(text.replace(/\s*(UTC|GMT)$/i, 'Z'));
  if (known) return known;
  if (!/[a-z]{3}/i.test(text) || !/(\bUTC|\bGMT|Z|[+-]\d\d:?\d\d)$/.test(text)) return undefined;
  return moment(Date.parse(text));
};
