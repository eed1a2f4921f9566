// How late events were seen to appear, against how far each receiver reads back: by what the ledger counted.
import { adviseOverlap } from '../../runtime/ledger/lateness.ts';
import type { LedgerSum } from '../../runtime/ledger/ledger-read.ts';
import { lasting } from '../../source/words.ts';
import type { Installation } from '../state/installation.ts';
import { at, type Finding, ok, warning } from './finding.ts';

export const lookAtLateness = (
  { receivers }: Pick<LedgerSum, 'receivers'>,
  installation: Pick<Installation, 'receivers'>,
): readonly Finding[] =>
  receivers.flatMap(({ receiver, lateness }) => {
    const overlap = installation.receivers.find(({ name }) => name === receiver)?.positions?.overlap;
    if (overlap === undefined) return [];
    const { seen, missed, most, suggested } = adviseOverlap(lateness, overlap);
    if (most === undefined) return []; // too few to say anything
    const counted = seen.toLocaleString('en-US');
    const found =
      suggested === undefined
        ? ok(`of ${counted} new records 99.9 % appeared within ${lasting(most)}; it reads ${lasting(overlap)} back`)
        : warning(
            `of ${counted} new records ${missed.toLocaleString('en-US')} appeared later than the ${lasting(overlap)} that it reads back: the sweep found them`,
            `Set \`overlap: '${lasting(suggested)}'\`, so that they come at once.`,
          );
    return [at(`receivers.${receiver}`)(found)];
  });
