// Every story of docs/stories.md names a test, and the test is there under that title: a proof that was renamed or removed
// is none.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { textOf } from '../support/markdown.ts';

const DOCS = resolve(import.meta.dirname, '../../docs');
const [played = '', cannot = ''] = textOf('docs/stories.md').split('## What cannot happen here');
const rows = (text: string) => text.split('\n').filter(line => /^\| (?!what happened|story)/.test(line));
const proofs = [...played.matchAll(/\[[\w-]+\]\((\.\.\/test\/[\w/-]+\.test\.ts)\): `([^`]+)`/g)].map(
  ([, file, title]) => ({ file: file!, title: title! }),
);

test('each story has a test, or a reason why it cannot happen', () => {
  expect(rows(played).length).toBeGreaterThan(40);
  for (const row of rows(played)) expect(row).toMatch(/\.test\.ts\): `/);
  expect(rows(cannot).length).toBeGreaterThan(3);
  for (const row of rows(cannot)) expect(row.split('|')[2]?.trim()).not.toBe('');
});

test.each(proofs)('$file: $title', ({ file, title }) => {
  const path = resolve(DOCS, file);
  expect(existsSync(path)).toBe(true);
  expect(title.length).toBeGreaterThan(7); // a title that stands in every file proves nothing
  expect(readFileSync(path, 'utf8')).toContain(title);
});
