// Standard output as a pipe that the test reads, or lets wait.
import { Writable } from 'node:stream';
import { printer } from '../../../exporters/stdout/index.ts';
import type { Exporter } from '../../../src/component.ts';
import { testContext } from '../../support/context.ts';
import type { ExporterHarness } from '../../support/exporter-bench.ts';

export const harness: ExporterHarness = {
  exact: false,
  failures: { 'a closed pipe': 'denied', 'a full disk behind it': 'denied' },
  open: async () => {
    let text = '';
    let failure: Error | undefined;
    let waiting: Promise<void> = Promise.resolve();
    const pipe = () =>
      new Writable({
        decodeStrings: false,
        write: (chunk, _encoding, done) =>
          void waiting.then(() => {
            if (failure === undefined) text += chunk;
            done(failure);
          }),
      });
    const exporter: Exporter = printer(pipe());
    return {
      exporter,
      context: testContext(),
      received: async () =>
        text
          .split('\n')
          .slice(0, -1)
          .map(line => JSON.parse(line).metadata.uid),
      stall: () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        waiting = promise;
        return resolve;
      },
      fail: async name => {
        const [code, words] =
          name === 'a closed pipe' ? ['EPIPE', 'broken pipe'] : ['ENOSPC', 'no space left on device'];
        failure = Object.assign(new Error(`${code}: ${words}, write`), { code });
        return async () => {
          failure = undefined;
          return printer(pipe());
        };
      },
      close: async () => {},
    };
  },
};
