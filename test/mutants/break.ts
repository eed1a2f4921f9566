// Applies a mutation to a copy of the program.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutation } from './mutations.ts';

/** Breaks the copy; throws where the program no longer has the text that a mutation changes. */
export const breakIt = (copy: string, mutation: Mutation): void => {
  for (const { path, text } of broken(copy, mutation)) writeFileSync(path, text);
};

/** The changed files, not written. */
export const broken = (root: string, { name, changes }: Mutation): { path: string; text: string }[] => {
  const texts = new Map<string, string>();
  for (const { file, find, put } of changes) {
    const path = join(root, file);
    const text = texts.get(path) ?? readFileSync(path, 'utf8');
    if (text.split(find).length !== 2) throw new Error(`${name}: ${file} must have this exactly once: ${find}`);
    texts.set(
      path,
      text.replace(find, () => put),
    );
  }
  return [...texts].map(([path, text]) => ({ path, text }));
};
