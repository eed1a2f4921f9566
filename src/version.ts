// What we call ourselves towards sinks and people. One place knows it: package.json.
import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** Our version, as in package.json. */
export const version: string = JSON.parse(readFileSync(findPackageJSON(import.meta.url)!, 'utf8')).version;
