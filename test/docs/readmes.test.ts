// A component's README is always built alike, so that a reader who knows one knows where to look in all.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { componentFolders } from '../../scripts/generate-docs.ts';
import { headingsOf, ROOT, textOf } from '../support/markdown.ts';

const isVendor = (folder: string): boolean => /^(receivers|examples)\//.test(folder);

test.each(componentFolders())('%s', folder => {
  expect(existsSync(join(ROOT, folder, 'README.md'))).toBe(true);
  const headings = headingsOf(textOf(`${folder}/README.md`));
  const setUp = isVendor(folder) ? 'Set-up at the vendor' : 'Set-up';
  expect(headings.filter(({ level }) => level < 3).map(({ title }) => title)).toEqual([
    folder.split('/')[1],
    'What it is',
    setUp,
    'Options',
    'Example',
    'Guarantees',
    'Quirks',
  ]);
});

test.each(componentFolders().filter(isVendor))(
  '%s helps with no events and missing events, and an API with 401, 403 and 429',
  folder => {
    const text = textOf(`${folder}/README.md`);
    expect(headingsOf(text)).toContainEqual({ level: 3, title: 'Troubleshooting' });
    const help = text.slice(text.indexOf('### Troubleshooting'));
    const speaksHttp = existsSync(join(ROOT, folder, 'fixtures/conversation.json'));
    for (const words of ['no events', 'missing events', ...(speaksHttp ? ['401', '403', '429'] : [])])
      expect(help).toContain(words);
  },
);
