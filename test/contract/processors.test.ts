// What the engine may expect of every processor. Each folder of `processors/` is found by itself and needs a harness in
// `test/contract/processors/<folder>.ts`; a folder without one fails.
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AuditRecord, identify } from '../../src/model.ts';
import { testContext } from '../support/context.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { createProcessor, type ProcessorHarness } from '../support/processor-bench.ts';

const root = new URL('../../processors/', import.meta.url);
const folders = readdirSync(root, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && existsSync(new URL(`${entry.name}/index.ts`, root)))
  .map(entry => entry.name);

/** Any attempt to change what is given throws. */
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null)
    for (const inner of Object.values(Object.freeze(value))) frozen(inner);
  return value;
};
const keys = (records: readonly AuditRecord[]) =>
  records.map(({ id, part = 0, origin }) => `${identify(origin)} ${id} ${part}`);

describe.each(folders)('processor %s', async folder => {
  const file = new URL(`processors/${folder}.ts`, import.meta.url);
  if (!existsSync(file)) {
    test('has a harness', () => expect.fail(`write test/contract/processors/${folder}.ts: it exports a harness`));
    return;
  }
  const { harness }: { harness: ProcessorHarness } = await import(file.href);
  const context = () => testContext(harness.context);
  const create = (given = context()) => createProcessor(harness.spec, given);
  const records = () => frozen([...sampleRecords(20)]);

  test('lets records pass in order, and changes nothing that it is given', async () => {
    const given = records();
    const { records: passed } = await (await create()).process(given);
    expect(keys(passed)).toEqual(keys(given));
    expect(passed.map(r => r.raw)).toEqual(given.map(r => r.raw));
  });

  test('keeps id, origin and the very words of the vendor', async () => {
    const given = records();
    const { records: passed } = await (await create()).process(given);
    for (const [i, record] of passed.entries()) {
      expect(record.raw).toBe(given[i]!.raw);
      expect(record.time).toEqual(given[i]!.time);
    }
  });

  test('no records in, none out, and nothing to write', async () => {
    const { records: passed, writes = [] } = await (await create()).process([]);
    expect([passed, writes]).toEqual([[], []]);
  });

  test('does the same when it is called again before a commit', async () => {
    const processor = await create();
    const [first, second] = [await processor.process(records()), await processor.process(records())];
    expect(keys(second.records)).toEqual(keys(first.records));
    expect(second.writes).toEqual(first.writes);
  });

  test('a part of a batch passes as it did within the whole', async () => {
    const whole = await (await create()).process(records());
    const part = await (await create()).process(records().slice(5, 9));
    expect(keys(part.records)).toEqual(keys(whole.records).slice(5, 9));
  });

  test('its writes are plain data, of its own kinds', async () => {
    const { writes = [] } = await (await create()).process(records());
    expect(JSON.parse(JSON.stringify(writes))).toEqual(writes);
    for (const { kind } of writes) expect(['set', 'mark']).toContain(kind);
  });

  test('closing is safe', async () => {
    const processor = await create();
    await processor.close?.();
  });

  test.each(Object.entries(harness.refused))('refuses options: %s', async (_, [options, message]) => {
    const checked = await harness.spec.schema['~standard'].validate(options);
    expect(checked.issues?.map(issue => issue.message).join('; ')).toContain(message);
  });
});
