// Reads what a person has at hand, a file or standard input, for `dev normalize` and `dev validate`: a JSON document, one
// JSON value a line, or a page as a vendor sent it. Whatever cannot be read is said, all at once.
import { describe } from '../fault.ts';
import { isObject, parse } from '../json.ts';
import type { Json } from '../model.ts';
import { validate } from './validate.ts';

/** One value and where it stands: `audit.ndjson:3`, `page.json[2]`. */
export interface Item {
  readonly where: string;
  readonly raw: Json;
}

export interface Items {
  readonly items: readonly Item[];
  /** What could not be read, as lines for a person: where and why. */
  readonly broken: readonly string[];
}

/** Names under which APIs put the records of a page. */
const LISTS = ['events', 'items', 'objects', 'records', 'results', 'entries', 'data', 'list'];

/**
 * The records in a text: the elements of a JSON list, the records of a page, one record, or one record a line. Numbers
 * that a double cannot hold are kept as text.
 * @param name of the file, for the places that are told
 */
export const itemsOf = (text: string, name: string): Items => {
  const { items, broken } = valuesOf(text, name);
  return { items: items.flatMap(unpacked), broken };
};

export interface Report {
  /** One line a finding: where, pointer, text, code. */
  readonly lines: readonly string[];
  readonly valid: number;
  readonly invalid: number;
}

/** Validates the OCSF events in a text, of any form that `itemsOf` reads but pages. */
export const reportOf = (text: string, name: string): Report => {
  const { items, broken } = valuesOf(text, name);
  const checked = items.map(({ where, raw }) => ({ where, findings: validate(raw) }));
  const invalid = checked.filter(({ findings }) => findings.length > 0);
  const lines = invalid.flatMap(({ where, findings }) =>
    findings.map(finding => `${where}: ${finding.path || '/'} ${finding.text} [${finding.code}]`),
  );
  return {
    lines: [...broken, ...lines],
    valid: checked.length - invalid.length,
    invalid: invalid.length + broken.length,
  };
};

const valuesOf = (text: string, name: string): Items => {
  const content = text.replace(/^\uFEFF/, '');
  const whole = attempt(content);
  if ('value' in whole) {
    const { value } = whole;
    return { items: Array.isArray(value) ? numbered(value, name) : [{ where: name, raw: value }], broken: [] };
  }
  if (content.trim() === '') return { items: [], broken: [`${name}: is empty`] };
  // A document that opens on a line of its own is one document, and it is broken.
  if (/^\s*[[{]\s*(\n|$)/.test(content)) return { items: [], broken: [`${name}: is not JSON: ${whole.error}`] };
  const lines = content.split('\n').map((line, i) => ({ where: `${name}:${i + 1}`, line }));
  const read = lines.filter(({ line }) => line.trim() !== '').map(({ where, line }) => ({ where, ...attempt(line) }));
  return {
    items: read.flatMap(line => ('value' in line ? [{ where: line.where, raw: line.value }] : [])),
    broken: read.flatMap(line => ('error' in line ? [`${line.where}: is not JSON: ${line.error}`] : [])),
  };
};

const attempt = (text: string): { readonly value: Json } | { readonly error: string } => {
  try {
    return { value: parse(text) as Json }; // what JSON.parse gives is JSON
  } catch (error) {
    return { error: describe(error) };
  }
};

const numbered = (list: readonly Json[], name: string): readonly Item[] =>
  list.map((raw, i) => ({ where: `${name}[${i}]`, raw }));

// A page has its records in a list of objects, directly or one level down.
const unpacked = (item: Item): readonly Item[] => {
  const list = isObject(item.raw)
    ? (listIn(item.raw) ??
      Object.values(item.raw)
        .map(listIn)
        .find(found => found))
    : undefined;
  return list ? numbered(list, item.where) : [item];
};

const listIn = (value: Json): readonly Json[] | undefined => {
  if (!isObject(value)) return undefined;
  const name = LISTS.find(key => Object.hasOwn(value, key) && isList(value[key]!));
  return name === undefined ? undefined : (value[name] as readonly Json[]);
};

const isList = (value: Json): boolean => Array.isArray(value) && value.every(isObject);
