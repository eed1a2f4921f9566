#!/usr/bin/env node
// Plain JavaScript that any Node can read: says which Node is needed before anything newer is loaded.
import { existsSync } from 'node:fs';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `tributary needs Node 22.19 or newer; this is ${process.versions.node}.\nIn a checkout, npm ci brings one along: use npm run -s tributary -- …\n`,
  );
  process.exit(2);
}

const source = new URL('../src/cli/main.ts', import.meta.url);
const built = new URL('../dist/src/cli/main.js', import.meta.url);
const { main } = await import(existsSync(source) ? source.href : built.href);
await main(process.argv);
