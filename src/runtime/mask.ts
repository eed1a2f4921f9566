// Keeps the form of a vendor's words and nothing that can be read in them: what a person may paste into a public issue.
import type { Json } from '../model.ts';

/** Letters become x, digits 0; ASCII punctuation stays, because it is the form. At most `limit` characters. */
export const mask = (text: string, limit = 40): string => {
  const form = text.slice(0, limit).replace(/[^\x20-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]/gu, form => {
    if (/\p{Lu}/u.test(form)) return 'X';
    return /\p{N}/u.test(form) ? '0' : /[\p{L}\p{M}]/u.test(form) ? 'x' : '·';
  });
  return text.length > limit ? `${form}…` : form;
};

/** A value as JSON text with its structure, every text masked, of each number only the magnitude; bounded in size. */
export const sketch = (value: Json, limit = 1000): string => {
  const pen = { text: '', limit };
  draw(value, pen, 0);
  return pen.text.length > limit ? `${pen.text.slice(0, limit)}…` : pen.text;
};

interface Pen {
  text: string;
  readonly limit: number;
}

const DEEPEST = 8;
/** Elements of a list that are shown: they are alike. */
const ALIKE = 2;

const draw = (value: Json, pen: Pen, depth: number): void => {
  if (typeof value !== 'object' || value === null) pen.text += scalar(value);
  else if (depth >= DEEPEST) pen.text += Array.isArray(value) ? '[…]' : '{…}';
  else if (Array.isArray(value)) drawList(value, pen, depth);
  else {
    let first = true;
    pen.text += '{';
    for (const [key, inner] of Object.entries(value)) {
      if (pen.text.length > pen.limit) return;
      pen.text += `${first ? '' : ','}${JSON.stringify(fieldName(key, depth))}:`;
      draw(inner, pen, depth + 1);
      first = false;
    }
    pen.text += '}';
  }
};

const drawList = (list: readonly Json[], pen: Pen, depth: number): void => {
  pen.text += '[';
  for (const [i, inner] of list.slice(0, ALIKE).entries()) {
    if (pen.text.length > pen.limit) return;
    if (i > 0) pen.text += ',';
    draw(inner, pen, depth + 1);
  }
  pen.text += list.length > ALIKE ? ',…]' : ']';
};

const scalar = (value: string | number | boolean | null): string => {
  if (typeof value === 'string') return JSON.stringify(mask(value));
  if (typeof value !== 'number' || !Number.isFinite(value)) return String(value);
  const digits = String(Math.trunc(Math.abs(value))).replace(/\D.*/, '').length;
  return `${value < 0 ? '-' : ''}${value === 0 ? 0 : 10 ** (digits - 1)}${Number.isInteger(value) ? '' : '.1'}`;
};

/**
 * A field's name; `*` where it looks like data: an id, an address, words with a dot or, but for the columns of a table
 * near the top, with a space. So maps that are keyed by data fold into one field.
 * @param depth how many objects are around the one that has it
 */
export const fieldName = (key: string, depth: number): string =>
  (NAME.test(key) || (depth <= 1 && COLUMN.test(key))) && !isToken(key) ? key : '*';

const NAME = /^[@$_]?[A-Za-z][\w$-]{0,47}$/;
const COLUMN = /^[A-Za-z][\w ()-]{0,39}$/;

/** Like an id or a secret: many digits, a long run with digits in it, or 26 letters of base 32, as 1Password has them. */
const isToken = (text: string): boolean =>
  text.replace(/\D/g, '').length > 4 ||
  (/[A-Za-z0-9+/=]{16,}/.test(text) && /\d/.test(text)) ||
  /\b[A-Z2-7]{26}\b/.test(text);

/** An event type as it is, but for words in it that are data. */
export const typeName = (text: string): string => words(text, word => /@/.test(word) || isToken(word));

/** What an error says, but for what it may quote: texts in quotes, words with a digit, long words. */
export const complaint = (text: string): string =>
  words(
    text
      .replace(/\/\d+(?=\/|\s|$)/g, '/[]')
      .replace(/"[^"]*"?|`[^`]*`?/g, quoted => mask(quoted))
      .replace(/'([^']*)'/g, (quoted, inner) => (/^[A-Za-z_]{1,24}$/.test(inner) ? quoted : mask(quoted))),
    word => /[@\d]/.test(word) || (word.length > 32 && !word.includes('/')),
  );

const LONGEST = 160;

const words = (text: string, isData: (word: string) => boolean): string =>
  text
    .slice(0, LONGEST)
    .replace(/\p{C}/gu, '·')
    .replace(/\S+/g, word => (isData(word) ? mask(word) : word));
