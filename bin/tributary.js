#!/usr/bin/env node
// Plain JavaScript that any Node can read: says which Node is needed before anything newer is loaded.
import { existsSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `tributary needs Node 22.19 or newer; this is ${process.versions.node}.\nIn a checkout, npm ci brings one along: use npm run -s tributary -- …\n`,
  );
  process.exit(2);
}
// A page of events outlives a few collections and then dies at once. V8 would take that for a long life and make later
// events in the old space, where they wait for a full collection: 8 % more CPU and 40 MB (docs/performance.md).
setFlagsFromString('--no-allocation-site-pretenuring');

const source = new URL('../src/cli/main.ts', import.meta.url);
const built = new URL('../dist/src/cli/main.js', import.meta.url);
const { main } = await import(existsSync(source) ? source.href : built.href);
await main(process.argv);
