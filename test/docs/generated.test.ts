// What is made from the sources is as the sources make it, and the codes that pages name are codes that exist.
import { describe, expect, test } from 'vitest';
import { componentFolders, generatedDocs } from '../../scripts/generate-docs.ts';
import { faults } from '../../src/faults.ts';
import { headingsOf, markdownFiles, textOf } from '../support/markdown.ts';

const pages = await generatedDocs();

describe('regenerating changes nothing', () => {
  test.each([...pages.keys()])('%s', path => {
    expect(textOf(path)).toBe(pages.get(path));
  });
});

test('every component has its options in its README, but `apply`, which takes a function', () => {
  const generated = componentFolders().filter(folder => pages.has(`${folder}/README.md`));
  expect(generated).toEqual(componentFolders().filter(folder => folder !== 'processors/apply'));
});

test('each fault has its section, and nothing else has one', () => {
  const sections = headingsOf(textOf('docs/faults.md')).filter(({ level }) => level === 2);
  expect(sections.map(({ title }) => title)).toEqual(Object.keys(faults));
});

test.each(markdownFiles)('%s names no fault that does not exist', file => {
  const named = new Set(textOf(file).match(/\bE_[A-Z]+(_[A-Z]+)*\b/g) ?? []);
  expect([...named].filter(code => !Object.hasOwn(faults, code))).toEqual([]);
});
