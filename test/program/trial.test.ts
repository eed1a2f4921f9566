// A config is tried in a process of its own: whatever it does, it is told in words, and ends.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TRIAL, tryConfig } from '../../src/cli/trial.ts';
import { type Place, place } from '../support/program.ts';

let made: Place;
beforeAll(() => {
  made = place('');
});
afterAll(() => made.remove());

let files = 0;
const trial = (text: string, patience?: number) => {
  const file = join(made.folder, `config-${++files}.ts`);
  writeFileSync(file, text);
  return tryConfig(file, new AbortController().signal, patience);
};

const GOOD = `
  import { defineConfig } from 'tributary';
  import { opaque } from 'tributary/receivers/opaque';
  import { stdout } from 'tributary/exporters/stdout';
  export default defineConfig({
    receivers: { drop: opaque({ directory: '/nowhere', publicKey: '/nowhere.pem' }) },
    exporters: { out: stdout() },
    pipelines: { all: { receivers: ['drop'], exporters: ['out'], repeats: 'allow' } },
  });`;

test.each([
  ['an endless loop', 'for (;;);', /did not come to an end within 4 s: is there an endless loop in it\?/],
  ['an end of the process', 'process.exit(0);', /with exit code 0: is there a process.exit in it\?/],
  ['a signal to itself', "process.kill(process.pid, 'SIGTERM'); for (;;);", /ended with SIGTERM/],
  [
    'an error that comes later',
    "setImmediate(() => { throw new Error('later'); }); await new Promise(r => setTimeout(r, 1e4));",
    /later/,
  ],
  [
    'an await without an end',
    'await new Promise(() => {}); export default 1;',
    /^\S+ waits at its top level for something/,
  ],
  ['a slip', 'export default {{', /is not valid: config-\d+\.ts:1/],
  ['an error', "\nthrow new Error('not today');", /config-\d+\.ts:2: not today/],
  ['no config', 'export default 5;', /must export defineConfig/],
])('%s is refused', async (_, text, reason) => {
  const { refused } = await trial(text, text === 'for (;;);' ? 4000 : TRIAL);
  expect(refused).toMatch(reason);
});

test('an import that is not there is refused, and waited for: it is one of the files', async () => {
  const { refused, sources } = await trial("import './later.ts'; export default 5;");
  expect(refused).toContain('Cannot find module');
  expect(sources.get(join(made.folder, 'later.ts'))).toEqual({ digest: '', imports: [] });
});

test('what can only be found by creating a component is found, too', async () => {
  expect((await trial(GOOD)).refused).toMatch(/receivers\.drop: .*nowhere/);
});

test('nothing is tried for somebody who does not wait', async () => {
  expect(await tryConfig(join(made.folder, 'x.ts'), AbortSignal.abort())).toMatchObject({
    refused: expect.any(String),
  });
});
