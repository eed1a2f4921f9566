// How the contract suite creates dedupe, and which options it must refuse.
import { dedupe } from '../../../processors/dedupe/index.ts';
import type { ProcessorHarness } from '../../support/processor-bench.ts';

export const harness: ProcessorHarness = {
  spec: dedupe({ remember: '14d' }),
  refused: {
    'no duration': [{ remember: 'long' }, "must be a duration like '30s'"],
    'no time at all': [{ remember: '0s' }, "at least '1m'"],
    'a misspelt option': [{ remembers: '14d' }, 'remembers'],
  },
};
