// What `npm test` runs, and in which order: the tests that take longest begin first, so that none is left running alone.
import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { LeftOut } from './test/support/left-out.ts';

const LONGEST = [
  'state.test.ts',
  'kill.test.ts',
  'reload-load.test.ts',
  'dead.test.ts',
  'reconcile.test.ts',
  'ledger.test.ts',
  'status.test.ts',
  'crash.test.ts',
  'rehearsal.test.ts',
  'cli.test.ts',
  'types.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = (file: TestSpecification) => LONGEST.indexOf(basename(file.moduleId)) + 1 || LONGEST.length + 1;
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  resolve: {
    // An example imports `tributary` as a user does: here it means the sources.
    alias: [
      { find: /^tributary$/, replacement: `${import.meta.dirname}/src/index.ts` },
      { find: /^tributary\/(.+)$/, replacement: `${import.meta.dirname}/$1/index.ts` },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/package/**', 'test/page/**', 'test/bench/**', '**/node_modules/**'],
    reporters: ['default', new LeftOut()],
    setupFiles: ['test/support/seed.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { sequencer: LongestFirst },
    typecheck: { enabled: false },
  },
});
