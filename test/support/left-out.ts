// Says at the end of a test run what was left out and why: a test that did not run is not a test that passed.
import { existsSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

const SHARED = new URL('../../../shared/', import.meta.url);

export class LeftOut implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap(module =>
      [...module.children.allTests('skipped')].map(test => `  ${module.relativeModuleId}: ${test.fullName}`),
    );
    if (!existsSync(SHARED))
      process.stderr.write('Left out: all that reads ../shared (real samples, the independent OCSF validator).\n');
    if (skipped.length > 0) process.stderr.write(`Left out, ${skipped.length} tests:\n${skipped.join('\n')}\n`);
  }
}
