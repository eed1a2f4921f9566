// Loads `pipeline.config.ts` from any folder: Node strips its types, and `tributary` means the running installation,
// also where there is no `node_modules` beside the config.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';

/** A config that cannot be loaded, in words for the operator. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

/** What the file exports as its default; unchecked. */
export const loadConfig = async (file: string): Promise<unknown> => {
  const path = resolve(file);
  if (!existsSync(path))
    throw new LoadError(`there is no ${path}: name a config with -c FILE, or write one (see the README)`);
  if (!statSync(path).isFile()) throw new LoadError(`${path} is not a file: name a config with -c FILE`);
  const url = pathToFileURL(path).href;
  const hooks = resolveHere(url);
  const neverLoaded = () => {
    process.stderr.write(`${path} waits at its top level for something that never comes: look at each await in it\n`);
    process.exitCode = 1;
  };
  process.once('exit', neverLoaded); // with nothing left to do, Node ends: no promise tells
  try {
    const module = (await import(url)) as { default?: unknown };
    if (module.default === undefined)
      throw new LoadError(`${path} has no default export: it must say export default defineConfig({ … })`);
    return module.default;
  } catch (error) {
    throw explain(error, path);
  } finally {
    process.off('exit', neverLoaded);
    hooks.deregister();
  }
};

/** Our own root, in the sources or in `dist`, and the extension that files have there. */
const HERE = new URL('../../', import.meta.url);
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

const resolveHere = (config: string) =>
  registerHooks({
    resolve: (specifier, context, next) => {
      if (!/^tributary(?:\/|$)/.test(specifier)) return next(specifier, context);
      const inner = /^tributary(?:\/(receivers|processors|exporters)\/([\w-]+))?$/.exec(specifier);
      if (!inner)
        throw new LoadError(
          `there is no ${specifier}: import from tributary, or from tributary/receivers/NAME and so on`,
        );
      const [, kind, name] = inner;
      const url = new URL(kind ? `${kind}/${name}/index.${EXTENSION}` : `src/index.${EXTENSION}`, HERE);
      if (existsSync(url)) return { url: url.href, shortCircuit: true };
      throw new LoadError(`there is no ${kind?.slice(0, -1)} '${name}'; there are: ${folders(kind ?? '').join(', ')}`);
    },
    // A config is a module, and so is the TypeScript that it imports, whatever a package.json around them says.
    load: (url, context, next) => next(url, { ...context, format: formatOf(url, config) ?? context.format }),
  });

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
  const [, line] = new RegExp(`${name.replaceAll('.', '\\.')}:(\\d+)`).exec(error.stack ?? '') ?? [];
  return line ? `${name}:${line}: ` : `${name}: `;
};
