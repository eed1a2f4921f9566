// A row that is damaged: named, never skipped, and nobody behind it overtakes it.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, expect, test } from 'vitest';
import { HOUR } from '../../src/options.ts';
import { readQueues, readRows, verifyQueues } from '../../src/runtime/queue/queue-read.ts';
import { packRow, unpackRow } from '../../src/runtime/queue/queue-sqlite.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { clock, deliver, folder, left, lines, open, sink } from '../support/queue.ts';

/** Behind the back of the open store, as only a broken disk does it. */
const damage = (sql: string) => {
  const db = new DatabaseSync(join(folder, 'state.db'));
  db.exec(sql);
  db.close();
};

beforeEach(async () => {
  const queue = open(sink().exporter);
  for (const first of [0, 10, 20]) await deliver(queue, sampleRecords(2, { first }));
});

test('a state in order is read beside the running engine', () => {
  expect(verifyQueues(folder)).toEqual({ rows: 3, records: 6, problems: [] });
  expect(readQueues(folder)).toMatchObject([{ queue: 'out', rows: 3, records: 6, oldest: clock.now() }]);
  expect(readRows(folder, 'out', 1).map(row => row.seq)).toEqual([2, 3]);
});

test.each([
  ['bytes that are others', "data = x'0102030405', bytes = 5"],
  ['bytes that are missing', 'data = substr(data, 1, bytes - 10)'],
  ['bytes cut away, and their number', 'data = substr(data, 1, bytes - 10), bytes = bytes - 10'],
  ['another count', 'count = count + 1'],
  ['a size that is too small', 'size = size - 1'],
  ['a size that is too large', 'size = size + 1'],
])('%s: verify names the row, and the reader holds before it', async (_, change) => {
  damage(`update queue set ${change} where seq = 2`);
  const { rows, records, problems } = verifyQueues(folder);
  expect([rows, records, problems]).toEqual([3, 4, [expect.stringContaining('row 2 of the queue out')]]);

  const { calls, exporter } = sink();
  const queue = open(exporter);
  const run = queue.run();
  await clock.advance(HOUR);
  expect(calls).toEqual([['opal-0', 'opal-1']]);
  expect(lines.at(-1)).toMatchObject({ fields: { code: 'E_QUEUE_ROW' }, message: expect.stringContaining('row 2') });
  expect(await left()).toMatchObject({ rows: 2 });
  queue.stop();
  await clock.run(run);
});

test('any one bit of what is stored is noticed', () => {
  const records = sampleRecords(2);
  const { data, size } = packRow(records);
  const row = { seq: 1, queue: 'out', added: 0, count: 2, size, bytes: data.length };
  expect(unpackRow({ ...row, data })).toEqual(records);
  for (let at = 0; at < data.length; at++) {
    const spoilt = Uint8Array.from(data);
    spoilt[at]! ^= 1 << (at % 8);
    const read = () => unpackRow({ ...row, data: spoilt });
    // A bit of the frame's own header may mean nothing: then the records are the same.
    try {
      expect(read()).toEqual(records);
    } catch (error) {
      expect(error).toMatchObject({ code: 'E_QUEUE_ROW' });
    }
  }
});
