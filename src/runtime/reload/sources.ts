// The files that a config is made of: itself, and what it imports by a relative path, and what those import. Packages and
// Tributary's own modules are none of them: they are loaded once.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Spec } from '../../component.ts';

export interface Source {
  /** Of its content; empty where it cannot be read. */
  readonly digest: string;
  /** Paths of what it imports. */
  readonly imports: readonly string[];
}

/** By absolute path, symbolic links resolved. */
export type Sources = ReadonlyMap<string, Source>;

export const digestOf = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('base64url');

/** What some files say now. */
export const snapshot = (paths: Iterable<string>): ReadonlyMap<string, string> =>
  new Map([...paths].map(path => [path, digestAt(path)]));

export const digestAt = (path: string): string => {
  try {
    return digestOf(readFileSync(path));
  } catch {
    return '';
  }
};

/** Which version of its code a component is made by: of the file that defines it, and of all that this imports. */
export const codeIn =
  (sources: Sources) =>
  ({ home }: Spec): string | undefined => {
    if (home === undefined) return undefined;
    const reached = new Set<string>();
    const reach = (path: string): void => {
      if (reached.has(path) || !sources.has(path)) return;
      reached.add(path);
      sources.get(path)!.imports.forEach(reach);
    };
    reach(fileURLToPath(home)); // a package, or a component of ours, is none of them, and stays as it is
    return [...reached]
      .map(path => sources.get(path)!.digest)
      .toSorted()
      .join();
  };
