// How the contract suite creates normalize, without any mapping: every record falls back. Options that it must refuse.
import { normalize } from '../../../processors/normalize/index.ts';
import type { ProcessorHarness } from '../../support/processor-bench.ts';

export const harness: ProcessorHarness = {
  spec: normalize(),
  refused: {
    'a misspelt option': [{ rawdata: 'none' }, 'rawdata'],
    'a version that is not known': [{ version: '0.9' }, 'Invalid'],
  },
};
