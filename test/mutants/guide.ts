// Ways to break the commands that help to begin and to see: they change nothing that is there.
import { type Mutation, unit } from './mutations.ts';

export const guideMutations: readonly Mutation[] = [
  unit(
    'init writes over a config',
    ['test/program/init.test.ts'],
    ['src/cli/init/init.ts', "{ flag: 'wx' }", "{ flag: 'w' }"],
  ),
];
