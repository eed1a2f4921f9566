// Loads `pipeline.config.ts` from any folder: Node strips its types, and `tributary` means the running installation,
// also where there is no `node_modules` beside the config.
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { digestAt, digestOf, type Source, type Sources } from './reload/sources.ts';

/** A config that cannot be loaded, in words for the operator. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
  /** The files that were met. */
  sources: Sources = new Map();
}

export interface Loaded {
  /** What the file exports as its default; unchecked. */
  readonly config: unknown;
  readonly sources: Sources;
}

export interface LoadOptions {
  /** Loads all of its files afresh: a number that was not used before. What was loaded stays in memory. */
  readonly again?: number;
  /** What the files must say; else a LoadError, before anything of them is run. */
  readonly expected?: Sources;
}

/** What a config file exports as its default; unchecked. */
export const loadConfig = async (file: string): Promise<unknown> => (await load(file)).config;

/** Throws a LoadError. */
export const load = async (file: string, options: LoadOptions = {}): Promise<Loaded> => {
  const path = resolve(file);
  const sources = new Map<string, Source>();
  try {
    return { config: await importFrom(path, sources, options), sources: settled(sources) };
  } catch (error) {
    const known = explain(error, path);
    known.sources = settled(sources);
    throw known;
  }
};

/** Links on the way to a file were met, and not read. */
const settled = (sources: Sources): Sources =>
  new Map([...sources].map(([path, source]) => [path, { ...source, digest: source.digest || digestAt(path) }]));

const importFrom = async (path: string, sources: Map<string, Source>, options: LoadOptions): Promise<unknown> => {
  if (!existsSync(path))
    throw new LoadError(`there is no ${path}: name a config with -c FILE, or write one (see the README)`);
  if (!statSync(path).isFile()) throw new LoadError(`${path} is not a file: name a config with -c FILE`);
  const url = pathToFileURL(realpathSync(path)).href;
  const hooks = hook(url, sources, options);
  const neverLoaded = (code: number) => {
    process.stderr.write(
      code === UNSETTLED
        ? `${path} waits at its top level for something that never comes: look at each await in it\n`
        : `${path} ends the process that loads it, with exit code ${code}: is there a process.exit in it?\n`,
    );
    process.exitCode = 1;
  };
  process.once('exit', neverLoaded); // with nothing left to do, Node ends: no promise tells
  try {
    const module = (await import(`${url}${query(options)}`)) as { default?: unknown };
    if (module.default === undefined)
      throw new LoadError(`${path} has no default export: it must say export default defineConfig({ … })`);
    return module.default;
  } finally {
    process.off('exit', neverLoaded);
    hooks.deregister();
  }
};

/** Our own root, in the sources or in `dist`, and the extension that files have there. */
const HERE = new URL('../../', import.meta.url);
const isInstalled = (url: string): boolean =>
  url.startsWith(HERE.href) && /^(?:src|receivers|processors|exporters)\//.test(url.slice(HERE.href.length));
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

const hook = (config: string, sources: Map<string, Source>, options: LoadOptions) => {
  const ours = new Set([config]);
  return registerHooks({
    resolve: (specifier, context, next) => {
      if (/^tributary(?:\/|$)/.test(specifier)) return { url: installed(specifier), shortCircuit: true };
      const parent = withoutQuery(context.parentURL ?? '');
      if (!ours.has(parent) || !/^(?:\.{0,2}\/|file:)/.test(specifier)) return next(specifier, context);
      note(sources, parent, new URL(specifier, parent)); // also where it is not there yet
      const found = next(specifier, context);
      if (!found.url.startsWith('file:') || isInstalled(found.url) || found.url.includes('/node_modules/'))
        return found;
      ours.add(found.url);
      note(sources, parent, new URL(found.url));
      return { ...found, url: `${found.url}${query(options)}` };
    },
    load: (url, context, next) => {
      const file = withoutQuery(url);
      // A config is a module, and so is the TypeScript that it imports, whatever a package.json around them says.
      const format = formatOf(file, config) ?? context.format;
      if (!ours.has(file)) return next(url, { ...context, format });
      const path = fileURLToPath(file);
      if (options.again !== undefined) delete required[path]; // CommonJS has a memory of its own
      const loaded = next(url, { ...context, format });
      const digest = loaded.source == null ? digestAt(path) : digestOf(loaded.source as string | Uint8Array); // no other kind is read
      sources.set(path, { digest, imports: sources.get(path)?.imports ?? [] });
      if (options.expected && options.expected.get(path)?.digest !== digest)
        throw new LoadError(`${path} has changed while it was read`);
      return loaded;
    },
  });
};

/** Node's exit code when nothing is left to do, and something is awaited. */
const UNSETTLED = 13;

const required = createRequire(import.meta.url).cache;

const query = ({ again }: LoadOptions): string => (again === undefined ? '' : `?again=${again}`);

const withoutQuery = (url: string): string => url.split('?', 1)[0]!;

const note = (sources: Map<string, Source>, parent: string, child: URL): void => {
  const [from, to] = [fileURLToPath(parent), fileURLToPath(withoutQuery(child.href))];
  const { digest, imports } = sources.get(from) ?? { digest: '', imports: [] };
  sources.set(from, { digest, imports: [...new Set([...imports, to])] });
  if (!sources.has(to)) sources.set(to, { digest: '', imports: [] });
};

/** Where `tributary/receivers/opal` lies. */
const installed = (specifier: string): string => {
  const inner = /^tributary(?:\/(receivers|processors|exporters)\/([\w-]+))?$/.exec(specifier);
  if (!inner)
    throw new LoadError(`there is no ${specifier}: import from tributary, or from tributary/receivers/NAME and so on`);
  const [, kind, name] = inner;
  const url = new URL(kind ? `${kind}/${name}/index.${EXTENSION}` : `src/index.${EXTENSION}`, HERE);
  if (existsSync(url)) return url.href;
  throw new LoadError(`there is no ${kind?.slice(0, -1)} '${name}'; there are: ${folders(kind ?? '').join(', ')}`);
};

const formatOf = (url: string, config: string): string | undefined => {
  if (/\.m?ts$/.test(url) && !url.includes('/node_modules/')) return 'module-typescript';
  return url === config && url.endsWith('.js') ? 'module' : undefined;
};

const folders = (kind: string): string[] => readdirSync(fileURLToPath(new URL(`${kind}/`, HERE)));

const explain = (error: unknown, path: string): LoadError => {
  if (error instanceof LoadError) return error;
  if (!(error instanceof Error)) return new LoadError(`${path} throws ${inspect(error)}`);
  const code = (error as { code?: string }).code ?? '';
  if (error instanceof SyntaxError || code.includes('TYPESCRIPT'))
    return new LoadError(`${path} is not valid: ${firstPlace(error, path)}${error.message}`, { cause: error });
  if (code === 'ERR_MODULE_NOT_FOUND') return new LoadError(`${path}: ${error.message}`, { cause: error });
  return new LoadError(`${firstPlace(error, path)}${error.message}`, { cause: error });
};

/** `pipeline.config.ts:12: `, where the error says so. */
const firstPlace = (error: Error, path: string): string => {
  const name = basename(path);
  const [, line] = new RegExp(`${name.replaceAll('.', '\\.')}(?:\\?again=\\d+)?:(\\d+)`).exec(error.stack ?? '') ?? [];
  return line ? `${name}:${line}: ` : `${name}: `;
};
