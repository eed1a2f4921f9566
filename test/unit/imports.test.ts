// The shape of the program, held: who may import whom, who may use RxJS, the network and the environment, and how long a
// file may be. Read from the files themselves, so that a new one is held to it without an entry here.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDERS = ['bin', 'src', 'receivers', 'processors', 'exporters', 'scripts', 'test', 'examples'];
const GENERATED = ['src/ocsf/types.ts'];

const files = globSync([`{${FOLDERS.join(',')}}/**/*.{ts,js}`, '*.ts'], { cwd: ROOT }).map(path => ({
  path,
  text: readFileSync(join(ROOT, path), 'utf8'),
}));
const program = files.filter(({ path }) => !/^(test|scripts|examples)\/|^[^/]+$/.test(path));

/** What a file imports, as it is written: `import … from`, `export … from`, `import(…)` of a literal. */
const importsOf = (text: string): readonly { readonly from: string; readonly typeOnly: boolean }[] =>
  [...text.matchAll(/^(import|export)(\s+type)?\b[^'"`;]*?\bfrom\s+'([^']+)'/gm)]
    .map(([, , type, from]) => ({ from: from!, typeOnly: type !== undefined }))
    .concat([...text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)].map(([, from]) => ({ from: from!, typeOnly: false })));

/** From the root: `src/model.ts`. Nothing for a package. */
const target = (path: string, from: string): string | undefined =>
  from.startsWith('.') ? join(dirname(path), from) : undefined;

interface Rule {
  readonly of: RegExp;
  /** The only files of ours that it may import. */
  readonly only: (path: string) => RegExp;
  readonly because: string;
}

const own = (path: string): string => path.split('/').slice(0, 2).join('/');
const rules: readonly Rule[] = [
  {
    of: /^(receivers|processors|exporters)\/[^/]+\/(?!simulator)/,
    only: path => new RegExp(`^(src/index\\.ts|${own(path)}/.+)$`),
    because: 'a component imports src/index.ts and its own folder',
  },
  {
    of: /^receivers\/[^/]+\/simulator/,
    only: path => new RegExp(`^(src/index\\.ts|src/simulation/[^/]+|${own(path)}/.+)$`),
    because: 'a simulator imports src/index.ts, src/simulation and its own folder',
  },
  {
    of: /^src\/source\//,
    only: () => /^src\/(source\/[^/]+|(model|component|mapping|fault|faults|options|retry|json|time|abort)\.ts)$/,
    because: 'src/source is built on the model, the components, faults and options alone',
  },
  {
    of: /^src\/(ocsf|simulation)\/|^src\/[^/]+$/,
    only: () => /^src\/(source|ocsf|simulation)\/.+|^src\/[^/]+$/,
    because: 'only src/cli and the tests import src/runtime, and nothing in src imports a component',
  },
  {
    of: /^src\/runtime\//,
    only: () => /^src\/(?!cli\/).+/,
    because: 'the engine knows no component and no command',
  },
];

describe('imports', () => {
  test.each(rules)('$because', ({ of, only, because }) => {
    const held = program.filter(({ path }) => of.test(path));
    expect(held.length).toBeGreaterThan(0);
    const wrong = held.flatMap(({ path, text }) =>
      importsOf(text).flatMap(({ from }) => {
        const to = target(path, from);
        return to !== undefined && !only(path).test(to) ? [`${path} imports ${to}: ${because}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('no file of the program imports a test, a script or a development dependency', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const wrong = program.flatMap(({ path, text }) =>
      importsOf(text).flatMap(({ from }) => {
        const to = target(path, from);
        const name = from
          .split('/')
          .slice(0, from.startsWith('@') ? 2 : 1)
          .join('/');
        const fine =
          to === undefined ? from.startsWith('node:') || name in dependencies : !/^(test|scripts)\//.test(to);
        return fine ? [] : [`${path} imports ${to ?? from}, which the published package does not have`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('RxJS is the engine’s and the poll loop’s, and a type in the contract of a receiver', () => {
    const allowed = ['src/source/poll.ts', 'src/source/files.ts', 'src/runtime/lane.ts', 'src/runtime/runner.ts'];
    const wrong = program.flatMap(({ path, text }) =>
      importsOf(text)
        .filter(({ from }) => /^rxjs(\/|$)/.test(from))
        .filter(({ from, typeOnly }) => from !== 'rxjs' || !(typeOnly || allowed.includes(path)))
        .map(({ from }) => `${path} imports ${from}: a receiver is a description, its stream is made by poll()`),
    );
    expect(wrong).toEqual([]);
    const types = program.filter(({ text }) => importsOf(text).some(i => i.from === 'rxjs' && i.typeOnly));
    expect(types.map(f => f.path)).toEqual(['src/component.ts']);
  });
});

describe('what takes memory', () => {
  test('node:http is reached through src/node-http.ts: an import of it loads 10 MB more', () => {
    const wrong = program.flatMap(({ path, text }) =>
      importsOf(text).flatMap(({ from, typeOnly }) => (from === 'node:http' && !typeOnly ? [path] : [])),
    );
    expect(wrong).toEqual([]);
  });
});

describe('what reaches outside', () => {
  test('no global fetch: the context has one with timeouts, budgets and same-origin credentials', () => {
    const here = program.filter(({ path }) => !path.startsWith('src/runtime/status-page/browser/')); // that one is the browser's
    expect(linesOf(here, /(?<![\w.$])fetch\(|\bglobalThis\.fetch\b/)).toEqual([]);
  });

  test('the environment is read where options, secrets and standard variables are, and nowhere else', () => {
    const allowed =
      /^(bin\/.*|src\/(options|otlp)\.ts|src\/cli\/.*|src\/runtime\/http\/connection\.ts|exporters\/otlp\/environment\.ts)$/;
    expect(
      linesOf(
        program.filter(({ path }) => !allowed.test(path)),
        /\bprocess\.env\b|\benv\b.*from 'node:process'/,
      ),
    ).toEqual([]);
  });
});

describe('files', () => {
  test('none has more than 300 lines, but for generated ones', () => {
    const long = files
      .filter(({ path }) => !GENERATED.includes(path))
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > 300)
      .map(({ path, lines }) => `${path} has ${lines} lines: it does more than one thing`);
    expect(long).toEqual([]);
  });

  test('each says at its top why it exists', () => {
    const silent = files
      .filter(({ text }) => !/^(#!.*\n)?(\/\/|\/\*)/.test(text))
      .map(({ path }) => `${path} does not open with a comment that says why it exists`);
    expect(silent).toEqual([]);
  });
});

/** Each line that has it, with its place. */
function linesOf(where: typeof files, what: RegExp): readonly string[] {
  return where.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (what.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  );
}
