// How the contract suite creates filter, and which options it must refuse.
import { filter } from '../../../processors/filter/index.ts';
import type { ProcessorHarness } from '../../support/processor-bench.ts';

export const harness: ProcessorHarness = {
  spec: filter({ drop: { class: [6001], severityBelow: 2 } }),
  refused: {
    'nothing said': [{}, 'must say what to keep or what to drop'],
    'a rule without condition': [{ drop: {} }, 'must have a condition'],
    'a misspelt condition': [{ keep: [{ klass: [1] }] }, 'klass'],
    'a severity that is none': [{ drop: { severityBelow: 9 } }, '6'],
    'a rule that matches nothing': [{ drop: { severityFrom: 4, severityBelow: 3 } }, 'matches nothing'],
  },
};
