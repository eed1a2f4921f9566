// The signature covers results and query as one text, but not where the one ends and the other begins: last rows could
// be hidden by moving them to the query, and the signature would still fit.
import { Readable } from 'node:stream';
import { Fault } from '../../src/index.ts';
import type { Archive } from './archive.ts';
import { type Columns, meaning, timeOf } from './columns.ts';
import { readRows } from './rows.ts';
import type { Verified } from './signature.ts';

/** How much of the query is looked at: moved rows stand at its start. */
const LOOKED_AT = 2 ** 16;

/** Throws E_SIGNATURE when a line of the query reads as a row of the results: with a time and an action. */
export const refuseMovedRows = async (archive: Archive, { encoding }: Verified, columns: Columns): Promise<void> => {
  const text = Buffer.concat([await firstLine(archive), archive.query.subarray(0, LOOKED_AT)]);
  for await (const { cells, text: broken, problem } of readRows(async () => Readable.from([text]), encoding, columns)) {
    if (broken !== undefined || problem !== undefined) continue;
    const names = meaning(Object.keys(cells), columns);
    const [time, action] = [names.get('time'), names.get('action')].map(name =>
      name === undefined ? '' : String(cells[name] ?? ''),
    );
    if (timeOf(time) && action !== '')
      throw new Fault(
        'E_SIGNATURE',
        'a row of the results stands in the query: the signature fits, but rows were moved',
      );
  }
};

const firstLine = async (archive: Archive): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of (await archive.results()) as AsyncIterable<Buffer>) {
    const end = chunk.indexOf(10) + 1;
    chunks.push(end > 0 ? chunk.subarray(0, end) : chunk);
    size += chunk.length;
    if (end > 0 || size > LOOKED_AT) break;
  }
  return Buffer.concat(chunks);
};
