// The repository's Markdown, as the tests of the docs read it.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Every Markdown file of ours, from the root. */
export const markdownFiles: readonly string[] = globSync(
  ['*.md', 'docs/**/*.md', '{receivers,processors,exporters}/*/*.md', '{examples,test}/**/*.md'],
  { cwd: ROOT },
).sort();

export const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

export interface Block {
  readonly language: string;
  readonly text: string;
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** Fenced blocks of code. */
export const blocksOf = (text: string): readonly Block[] =>
  [...text.matchAll(FENCE)].map(([, language = '', code = '']) => ({ language, text: code }));

/** Without fenced blocks: where a `#` begins a heading. */
export const proseOf = (text: string): string => text.replaceAll(FENCE, '');

export const headingsOf = (text: string): readonly { readonly level: number; readonly title: string }[] =>
  [...proseOf(text).matchAll(/^(#{1,6}) (.*)$/gm)].map(([, marks, title]) => ({
    level: marks!.length,
    title: title!.trim(),
  }));

/** The anchors that GitHub makes of headings. */
export const anchorsOf = (text: string): ReadonlySet<string> => {
  const seen = new Map<string, number>();
  return new Set(
    headingsOf(text).map(({ title }) => {
      const slug = title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
        .replaceAll(' ', '-');
      const times = seen.get(slug) ?? 0;
      seen.set(slug, times + 1);
      return times === 0 ? slug : `${slug}-${times}`;
    }),
  );
};
