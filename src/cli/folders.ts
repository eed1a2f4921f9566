// The components of this installation, found by their folders: a new one needs no entry anywhere.
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Kind, Spec } from '../component.ts';

const ROOT = new URL('../../', import.meta.url);
const INDEX = `index.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`;

/** The names of the folders of a kind, sorted: `opal`. */
export const foldersOf = (kind: `${Kind}s`): readonly string[] =>
  readdirSync(fileURLToPath(new URL(`${kind}/`, ROOT)))
    .filter(name => existsSync(new URL(`${kind}/${name}/${INDEX}`, ROOT)))
    .sort();

export interface Component<K extends Kind> {
  /** The name of the folder. */
  readonly folder: string;
  /** The name of its factory, as a config imports it. */
  readonly factory: string;
  /** Made of no options: for what it says of itself. */
  readonly spec: Spec<K>;
}

/** The component that a folder exports: one, as the contracts of the kinds hold it to. */
export const componentOf = async <K extends Kind>(kind: K, folder: string): Promise<Component<K>> => {
  const module = (await import(new URL(`${kind}s/${folder}/${INDEX}`, ROOT).href)) as Record<string, unknown>;
  const [found] = Object.entries(module).flatMap(([factory, value]) => {
    const made: unknown = typeof value === 'function' ? value({}) : undefined;
    return isSpec(made, kind) ? [{ folder, factory, spec: made }] : [];
  });
  if (!found) throw new Error(`${kind}s/${folder} exports no ${kind}`);
  return found;
};

const isSpec = <K extends Kind>(value: unknown, kind: K): value is Spec<K> =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
