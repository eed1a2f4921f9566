// The status page as one document: its style and its scripts are put into it, so that it needs no other request, and the
// browser is told to run and load nothing else.
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface PageDocument {
  readonly html: string;
  /** `Content-Security-Policy` */
  readonly policy: string;
}

/** Each after those that it imports. */
const SCRIPTS = ['base', 'graph', 'charts', 'receivers', 'sections', 'tail', 'main'];

export const pageDocument = (): PageDocument => {
  const style = read('page.css');
  const script = SCRIPTS.map(name => joined(read(`${name}.js`))).join('\n');
  return {
    html: read('page.html')
      .replace('<!-- style -->', () => `<style>${style}</style>`)
      .replace('<!-- script -->', () => `<script type="module">${script}</script>`),
    policy: [
      "default-src 'none'",
      `script-src '${digest(script)}'`,
      `style-src '${digest(style)}'`,
      "connect-src 'self'",
      'img-src data:', // its icon
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'", // no text can become markup
    ].join('; '),
  };
};

const read = (name: string): string => readFileSync(new URL(`browser/${name}`, import.meta.url), 'utf8');

/** A module as a part of one that has them all: what it imports is there, and what it exports is for the others. */
const joined = (module: string): string => module.replace(/^import [^;]+;\n/gm, '').replace(/^export /gm, '');

const digest = (text: string): string => `sha256-${hash('sha256', text, 'base64')}`;
