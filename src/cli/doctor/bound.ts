// A bound in time for whatever looks at something: what does not come back is a finding, too.
import type { Diagnosis } from '../../component.ts';
import { diagnosisOf, problem } from './finding.ts';

/** How long one look may take; ms. */
const PATIENCE = 30_000;

/** What a look finds, or why it did not. Never throws, and never takes longer. */
export const bounded = async (
  look: (signal: AbortSignal) => Promise<readonly Diagnosis[]>,
  patience = PATIENCE,
): Promise<readonly Diagnosis[]> => {
  const cut = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Diagnosis[]>(done => {
    timer = setTimeout(() => {
      done([
        problem(`no answer within ${patience / 1000} s`, 'Is it reachable, and is it slow? Look there, and try again.'),
      ]);
      cut.abort();
    }, patience);
  });
  try {
    return await Promise.race([late, look(cut.signal).catch(error => [diagnosisOf(error)])]);
  } finally {
    clearTimeout(timer);
  }
};
