// The worked example of an own vendor reads like a component: six sections, and the options that its schema has.
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { acme } from '../../examples/acme/index.ts';
import { optionsText } from '../../scripts/generate-docs.ts';
import { secret } from '../../src/options.ts';
import { headingsOf, textOf } from '../support/markdown.ts';

const page = textOf('examples/acme/README.md');

test('its README has the six sections', () => {
  expect(
    headingsOf(page)
      .filter(({ level }) => level < 3)
      .map(({ title }) => title),
  ).toEqual(['acme', 'What it is', 'Set-up at the vendor', 'Options', 'Example', 'Guarantees', 'Quirks']);
});

test('its table of options is that of its schema', () => {
  const { schema } = acme({ apiKey: secret.env('NONE'), organization: 'none' });
  const table = /<!-- options -->\n([\s\S]*)\n<!-- \/options -->/.exec(page)?.[1];
  expect(table).toBe(optionsText(schema as z.ZodObject, 'examples/acme')); // as it was defined
});
