// `npx vitest run --config test/e2e/vitest.config.ts`: real processes, real time, one after another.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: `${import.meta.dirname}/../..`,
  test: {
    include: ['test/e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 900_000, // the first run builds the collector
  },
});
