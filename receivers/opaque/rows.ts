// Reads `results.csv` row by row in flat memory. It is tolerant, because the vendor publishes neither headers nor
// dialect, and total: whatever stands in the file comes out as some row.
import type { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import type { JsonObject } from '../../src/index.ts';
import { type Columns, meaning } from './columns.ts';
import type { Encoding } from './signature.ts';

export interface Row {
  /** Counts from 1, the header not included. */
  readonly number: number;
  /** Each cell as written, by its column; empty where the row could not be taken apart. */
  readonly cells: JsonObject;
  /** The row as written, where it could not be taken apart. */
  readonly text?: string;
  /** Why the row is not what the header promises. */
  readonly problem?: string;
  /** About how many bytes it takes. */
  readonly size: number;
}

/** The longest row, in bytes. */
const LONGEST = 2 ** 20;

/** After so many quotes that nobody closed, the rest is read line by line. */
const MOST_RESTARTS = 20;

/** Opens the file's bytes from the start. */
type Open = () => Promise<Readable>;

/** All rows of a file, in its order. A file of which no header is known is all rows, with columns by their number. */
export async function* readRows(open: Open, encoding: Encoding, columns: Columns = {}): AsyncGenerator<Row> {
  let header: readonly string[] | undefined;
  let number = 0;
  for await (const { cells, text, problem, size } of records(open, encoding)) {
    if (text !== undefined) {
      yield { number: ++number, cells: {}, text, problem, size };
      continue;
    }
    if (header === undefined) {
      header = names(cells);
      if (meaning(header, columns).size > 0) continue;
      header = names(cells.map(() => '')); // there is no header: what stands in its place is a row
    }
    yield { number: ++number, ...assign(header, cells), size };
  }
}

/** Columns by the header's words, unnamed ones by their number; a name that comes again is numbered too. */
const names = (cells: readonly string[]): readonly string[] => {
  const seen = new Map<string, number>();
  return cells.map((cell, i) => {
    const name = cell.trim() || `column ${i + 1}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
};

/** A shorter row lacks its last cells; a longer one cannot be trusted, because some cell has been cut in two. */
const assign = (header: readonly string[], cells: readonly string[]): Pick<Row, 'cells' | 'problem'> => {
  const named = Object.fromEntries(cells.map((cell, i) => [header[i] ?? `column ${i + 1}`, cell]));
  const extra = cells.slice(header.length).some(cell => cell !== '');
  return extra
    ? { cells: named, problem: `the row has ${cells.length} cells, the header ${header.length}` }
    : { cells: named };
};

type Piece =
  | {
      readonly cells: readonly string[];
      readonly text?: undefined;
      readonly problem?: undefined;
      readonly size: number;
    }
  | { readonly cells?: undefined; readonly text: string; readonly problem: string; readonly size: number };

/** What the parser makes of the bytes; where it gives up, one line is passed on as it is, and the parser starts anew. */
async function* records(open: Open, encoding: Encoding): AsyncGenerator<Piece> {
  for (let from = 0, restarts = 0; ; restarts++) {
    let good = from;
    let problem: string;
    try {
      for await (const { cells, end } of parsed(skip(await open(), from), encoding)) {
        yield { cells, size: from + end - good };
        good = from + end;
      }
      return;
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      problem = `not CSV: ${error.code}`;
    }
    let ended = true;
    for await (const line of lines(skip(await open(), good))) {
      good += line.length;
      const text = line.toString(encoding).replace(/[\r\n]+$/, '');
      if (text !== '') yield { text, problem, size: line.length };
      ended = restarts >= MOST_RESTARTS;
      if (!ended) break;
    }
    if (ended) return;
    from = good;
  }
}

type Parsed = { readonly cells: readonly string[]; readonly end: number };

/**
 * Quotes, doubled quotes and line ends inside of them; a byte order mark; any kind of line end. The parser is fed by
 * hand, because as a stream it forgets with an error the rows that it has already read.
 */
async function* parsed(bytes: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<Parsed> {
  let ready: Parsed[] = [];
  let failure: Error | undefined;
  const parser = parse({
    bom: true,
    encoding,
    max_record_size: LONGEST,
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    on_record: (cells: string[], { bytes }) => {
      ready.push({ cells, end: bytes });
      return null; // nothing is left in the stream
    },
  });
  parser.on('error', error => {
    failure = error;
  });
  parser.resume();
  const drain = () => {
    const drained = ready;
    ready = [];
    return drained;
  };
  for await (const chunk of bytes) {
    await new Promise<void>(resolve => parser.write(chunk, () => resolve()));
    yield* drain();
    if (failure) throw failure;
  }
  const closed = new Promise<void>(resolve => parser.once('close', resolve));
  parser.end();
  await closed;
  yield* drain();
  if (failure) throw failure;
}

/** The bytes from here on. */
async function* skip(bytes: Readable, from: number): AsyncGenerator<Buffer> {
  let left = from;
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

/** Line by line, with their ends; a line beyond the longest row comes in pieces. */
async function* lines(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of bytes) {
    rest = Buffer.concat([rest, chunk]);
    for (let at = cut(rest); at > 0; at = cut(rest)) {
      yield rest.subarray(0, at);
      rest = rest.subarray(at);
    }
  }
  if (rest.length > 0) yield rest;
}

/** Where the first line ends; 0 when that is not yet known. */
const cut = (bytes: Buffer): number => {
  const at = bytes.indexOf(10) + 1;
  return at > 0 ? Math.min(at, LONGEST) : bytes.length > LONGEST ? LONGEST : 0;
};
