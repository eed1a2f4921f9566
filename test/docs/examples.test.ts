// What a reader copies compiles: each TypeScript block that begins with an import, and each that says which file it is.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { blocksOf, markdownFiles, ROOT, textOf } from '../support/markdown.ts';

interface Example {
  readonly page: string;
  readonly path: string;
  readonly text: string;
}

const examples: readonly Example[] = markdownFiles.flatMap(page =>
  blocksOf(textOf(page))
    .filter(({ language }) => language === 'ts')
    .flatMap(({ text }, i): Example[] => {
      const folder = page.replaceAll('/', '--').replace(/\.md$/, '');
      const name = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] ?? `example-${i}.ts`;
      if (!/^(\/\/.*\n)*import /.test(text)) return [];
      if (existsSync(join(ROOT, name))) return []; // shown from a file, which is compiled with the rest
      return [{ page, path: `${folder}/${name}`, text }];
    }),
);

mkdirSync(join(ROOT, '.cache'), { recursive: true });
const folder = mkdtempSync(join(ROOT, '.cache/examples-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** All at once: starting the compiler costs more than an example. */
const compile = (): string => {
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { noUnusedLocals: false },
      include: ['**/*.ts'],
    }),
  );
  for (const { path, text } of examples) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['--noEmit', '-p', folder], {
    cwd: folder,
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`;
};

const said = compile();

test.each(examples)('$path', ({ path }) => {
  expect(said.split('\n').filter(line => line.includes(path))).toEqual([]);
});

test('the compiler says nothing else', () => {
  expect(said).toBe('');
  expect(examples.length).toBeGreaterThan(5);
});
