// Ways to break what `once` and `reconcile` show of their progress, and the tests that must notice.
import { type Mutation, unit } from './mutations.ts';

const TRACK = 'src/cli/progress/track.ts';
const RENDER = 'src/cli/progress/render.ts';
const SHOW = 'src/cli/progress/show.ts';
const UNIT = ['test/unit/progress.test.ts'];

export const progressMutations: readonly Mutation[] = [
  unit('a block is drawn below itself', UNIT, [SHOW, 'const before = erase();', "const before = '';"]),
  unit('what is logged stands below the block', UNIT, [SHOW, 'write(erase() + said + text())', 'write(said)']),
  unit('a line each second', UNIT, [SHOW, 'const LOGGED = 10 * SECOND;', 'const LOGGED = SECOND;']),
  unit('lines are wrapped', UNIT, [RENDER, 'cut(line, columns - 1)', 'cut(line, columns + 1)']),
  unit('a block is higher than the terminal', UNIT, [RENDER, 'Math.max(1, rows - 2)', 'Math.max(1, rows + 2)']),
  unit('names are obeyed', UNIT, [RENDER, '  printable(receiver),', '  receiver,']),
  unit('each has a quota for itself', UNIT, [
    TRACK,
    'other => other !== lane &&',
    'other => other === lane && other !== lane &&',
  ]),
  unit('a wait is not part of the rest', UNIT, [
    TRACK,
    'Math.max(own.time, byQuota) + wait',
    'Math.max(own.time, byQuota)',
  ]),
  unit('a time to come was reached', UNIT, [TRACK, '.filter(time => time <= move.date)', '']),
  unit('a rest of files', UNIT, [TRACK, '|| lane.key === undefined', '']),
];
