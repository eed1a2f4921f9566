// `npx vitest run --config test/page/vitest.config.ts`: the status page in a real browser. It needs Debian's chromium, or
// another one that CHROMIUM names.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: `${import.meta.dirname}/../..`,
  test: {
    include: ['test/page/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
