// Links between our own pages lead somewhere, to the heading.
import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, markdownFiles, proseOf, ROOT, textOf } from '../support/markdown.ts';

const linksOf = (text: string): readonly string[] =>
  [
    ...proseOf(text)
      .replaceAll(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, target]) => target!);

const isOurs = (link: string): boolean => !/^[a-z][a-z+.-]*:/i.test(link);

/** What is wrong with a link; nothing if it leads somewhere. */
const problemOf = (file: string, link: string): string | undefined => {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)));
  if (!existsSync(join(ROOT, target))) return `${link}: there is no ${target}`;
  if (anchor === undefined) return undefined;
  if (statSync(join(ROOT, target)).isDirectory() || !target.endsWith('.md')) return `${link}: no page with headings`;
  return anchorsOf(textOf(target)).has(anchor) ? undefined : `${link}: ${target} has no such heading`;
};

test.each(markdownFiles)('%s', file => {
  const problems = linksOf(textOf(file))
    .filter(isOurs)
    .flatMap(link => problemOf(file, link) ?? []);
  expect(problems).toEqual([]);
});

test('there are links to look at, and a wrong one is noticed', () => {
  expect(linksOf(textOf('README.md')).filter(isOurs).length).toBeGreaterThan(10);
  expect(problemOf('README.md', 'docs/nowhere.md')).toBeDefined();
  expect(problemOf('README.md', 'docs/delivery.md#nowhere')).toBeDefined();
});
