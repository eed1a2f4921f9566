// Every mutation there is; a new file of them is one line here.
import { chaosMutations } from './chaos.ts';
import { guideMutations } from './guide.ts';
import { ledgerMutations } from './ledger.ts';
import { misfortuneMutations } from './misfortune.ts';
import { type Mutation, mutations } from './mutations.ts';
import { otlpMutations } from './otlp.ts';
import { progressMutations } from './progress.ts';
import { queueMutations } from './queue.ts';
import { rehearsalMutations } from './rehearsal.ts';
import { reloadMutations } from './reload.ts';
import { reviewMutations } from './review.ts';
import { statusMutations } from './status.ts';
import { telemetryMutations } from './telemetry.ts';

export const allMutations: readonly Mutation[] = [
  ...mutations,
  ...otlpMutations,
  ...progressMutations,
  ...queueMutations,
  ...chaosMutations,
  ...reviewMutations,
  ...telemetryMutations,
  ...rehearsalMutations,
  ...reloadMutations,
  ...statusMutations,
  ...guideMutations,
  ...misfortuneMutations,
  ...ledgerMutations,
];
