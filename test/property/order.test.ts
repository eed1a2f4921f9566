// `dedupe` before and after a step that splits records: the same records come out, whatever is repeated within a batch and
// across batches, and whichever deliveries are abandoned. Seen to fail when repeats within a batch are judged by id alone.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { apply, each } from '../../processors/apply/index.ts';
import { dedupe } from '../../processors/dedupe/index.ts';
import type { Processor } from '../../src/component.ts';
import type { AuditRecord, Write } from '../../src/model.ts';
import { testContext } from '../support/context.ts';
import { sampleRecords } from '../support/exporter-bench.ts';
import { createProcessor } from '../support/processor-bench.ts';

/** As a vendor's record with sub-events is read: record n becomes n modulo 4 parts, or stays whole. */
const split = apply(
  each(record => {
    const parts = Number(record.id.split('-')[1]) % 4;
    return parts < 2 ? record : Array.from({ length: parts }, (_, part) => ({ ...record, part }));
  }),
);

const run = async (steps: readonly Processor[], records: readonly AuditRecord[]) => {
  let passed = records;
  const writes: Write[] = [];
  for (const step of steps) {
    const processed = await step.process(passed);
    passed = processed.records;
    writes.push(...(processed.writes ?? []));
  }
  return { records: passed, writes };
};

const keys = (records: readonly AuditRecord[]) => records.map(({ id, part = 0 }) => `${id} ${part}`);

test('dedupe is right on either side of normalize', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ ids: fc.array(fc.nat(12), { maxLength: 15 }), committed: fc.boolean() }), { maxLength: 12 }),
      async batches => {
        const [before, after] = [testContext(), testContext()];
        const first = [await createProcessor(dedupe(), before), await createProcessor(split)];
        const last = [await createProcessor(split), await createProcessor(dedupe(), after)];
        const delivered: string[] = [];
        for (const { ids, committed } of batches) {
          const records = ids.map(id => sampleRecords(1, { first: id })[0]!);
          const [a, b] = [await run(first, records), await run(last, records)];
          expect(keys(a.records)).toEqual(keys(b.records));
          if (!committed) continue;
          before.commit(a.writes);
          after.commit(b.writes);
          delivered.push(...keys(a.records));
        }
        expect(new Set(delivered).size).toBe(delivered.length);
        const wanted = new Set(batches.filter(batch => batch.committed).flatMap(batch => batch.ids));
        expect(new Set(delivered.map(key => Number(key.split(/[- ]/)[1])))).toEqual(wanted);
      },
    ),
    { numRuns: 300 },
  ));
