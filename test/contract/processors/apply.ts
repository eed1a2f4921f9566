// How the contract suite creates apply, and which options it must refuse.
import { apply } from '../../../processors/apply/index.ts';
import type { ProcessorHarness } from '../../support/processor-bench.ts';

export const harness: ProcessorHarness = {
  spec: apply(records => records.map(record => ({ ...record, attributes: { seen: true } }))),
  refused: { 'no function': [{ change: 'uppercase' }, 'must be a function'] },
};
