// Rows become records. The words of the row stay as they are; beside them travels what is known of the export, because
// an event without its proof is only a claim.
import {
  type AuditRecord,
  digest,
  type FileRecord,
  fromMillis,
  type HrTime,
  isObject,
  type Json,
  type JsonObject,
  type Origin,
} from '../../src/index.ts';
import type { Archive } from './archive.ts';
import { type Columns, meaning, plainName, timeOf, trustedId } from './columns.ts';
import { filtered } from './query.ts';
import { type Row, readRows } from './rows.ts';
import type { Verified } from './signature.ts';

export interface Export {
  /** The archive's name in the drop folder. */
  readonly name: string;
  /** The archive's SHA-256, hexadecimal. */
  readonly digest: string;
  readonly verified: Verified;
  readonly origin: Origin;
  readonly columns: Columns;
  /** ms since the epoch. */
  readonly observed: number;
}

/** About how many bytes a record has beside its row. */
const BESIDE = 500;

/** How many characters of the query travel with each record. */
const QUERY = 1000;

/**
 * All rows of a verified archive. `raw` is `{ row, export }`, or `{ text, export }` for a row that is not CSV. The id is
 * the vendor's, else the digest of the row and how often it came before in this file: never anything of the archive, so
 * that an event has one id in all the exports that hold it.
 */
export async function* readRecords(
  archive: Archive,
  { name, digest: sha256, verified, origin, columns, observed }: Export,
): AsyncGenerator<FileRecord> {
  const query = archive.query.toString('utf8').trim();
  const common: JsonObject = {
    archive: name,
    sha256,
    signature: 'verified',
    key: verified.key,
    filtered: filtered(query),
    query: query.slice(0, QUERY),
    ...(verified.encoding !== 'utf8' && { encoding: verified.encoding }),
    ...(Object.keys(columns).length > 0 && { columns: columns as JsonObject }),
  };
  const occurrence = counter();

  for await (const row of readRows(() => archive.results(), verified.encoding, columns)) {
    const raw = {
      ...(row.text === undefined ? { row: row.cells } : { text: row.text }),
      export: { ...common, row: row.number, ...(row.problem !== undefined && { problem: row.problem }) },
    };
    const told = identify(row, columns);
    const record = recordOf(raw, told, () => occurrence(digest(essence(row))), fromMillis(observed), origin);
    yield { record, size: row.size + BESIDE };
  }
}

/** One record as it stands in `raw_data`, or a bare row as an object. Of equal rows, each is the first here. */
export const recordAtHand = (raw: Json, observed: HrTime, origin: Origin): AuditRecord => {
  const outer = isObject(raw) ? raw : { text: JSON.stringify(raw) };
  const about = isObject(outer.export) ? outer.export : {};
  const bare = !isObject(outer.row) && !isObject(outer.export);
  const row: Pick<Row, 'cells' | 'text' | 'problem'> = {
    cells: isObject(outer.row) ? outer.row : bare ? outer : {},
    ...(!bare && typeof outer.text === 'string' && { text: outer.text }),
    ...(typeof about.problem === 'string' && { problem: about.problem }),
  };
  const columns = isObject(about.columns) ? (about.columns as Columns) : {}; // our own receiver wrote it
  return recordOf(raw, identify(row, columns), () => digest(essence(row)), observed, origin);
};

const recordOf = (
  raw: Json,
  { id, time }: ReturnType<typeof identify>,
  substitute: () => string,
  observed: HrTime,
  origin: Origin,
): AuditRecord => ({
  id: id ?? substitute(),
  time: time ?? observed,
  ...(!(id && time) && { guessed: id ? 'time' : time ? 'id' : 'both' }),
  observed,
  origin,
  raw,
});

const identify = (
  { cells, problem }: Pick<Row, 'cells' | 'problem'>,
  columns: Columns,
): { readonly id?: string | undefined; readonly time?: HrTime | undefined } => {
  const names = meaning(Object.keys(cells), columns);
  const cell = (name: string | undefined) => {
    const value = name === undefined ? undefined : cells[name];
    return typeof value === 'string' ? value : undefined;
  };
  if (problem !== undefined) return {}; // its cells may stand in wrong columns
  return {
    id: trustedId(names.get('id'), cell(names.get('id')), columns),
    time: timeOf(cell(names.get('time')))?.time,
  };
};

/** What makes a row itself: neither the order of its columns, nor their spelling, nor empty ones. */
const essence = ({ cells, text }: Pick<Row, 'cells' | 'text'>): Json =>
  text ??
  Object.entries(cells)
    .filter(([, cell]) => cell !== '')
    .map(([name, cell]): [string, Json] => [plainName(name) || name, cell])
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)); // columns of one spelling stay in their order

/** The first of equals is itself, the next ones are numbered. */
const counter = (): ((digest: string) => string) => {
  const seen = new Map<string, number>();
  return digest => {
    const times = seen.get(digest) ?? 0;
    seen.set(digest, times + 1);
    return times === 0 ? digest : `${digest}.${times}`;
  };
};
