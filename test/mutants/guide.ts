// Ways to break the commands that help to begin and to see: they change nothing that is there.
import { type Mutation, unit } from './mutations.ts';

export const guideMutations: readonly Mutation[] = [
  unit(
    'init writes over a config',
    ['test/program/init.test.ts'],
    ['src/cli/init/init.ts', "{ flag: 'wx' }", "{ flag: 'w' }"],
  ),
  unit(
    'explain gives a receiver that did not begin its beginning',
    ['test/program/explain.test.ts'],
    [
      'src/cli/explain.ts',
      'const row = state.positions',
      "(await import('../runtime/state-tools.ts')).changeState(installation.folder, 1, tools => tools.put(name, identity, {}, 0));\n    const row = state.positions",
    ],
  ),
];
