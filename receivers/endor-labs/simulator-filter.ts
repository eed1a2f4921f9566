// The part of Endor Labs' filter language that a reader of logs uses: comparisons of dates and texts, joined by `and`.
// Read for real, so that a filter which the vendor would refuse is refused here.
import { DAY, HOUR, isObject, type Json, MINUTE, SECOND } from '../../src/index.ts';

export interface Filter {
  /** Whether a record passes. */
  passes(record: Json): boolean;
  /** The bounds of `meta.create_time`, ms since the epoch; the lower one included, the upper one not. */
  readonly from: number;
  readonly to: number;
}

interface Comparison {
  readonly path: string;
  readonly operator: string;
  readonly value: string | number;
}

/** Reads a filter; a text, in the vendor's manner, where it is none. @param now ms since the epoch */
export const readFilter = (text: string, now: number): Filter | string => {
  const comparisons: Comparison[] = [];
  let rest = text.trim();
  while (rest !== '') {
    const [whole, path, operator, single, double, date, ago] = COMPARISON.exec(rest) ?? [];
    if (whole === undefined || path === undefined || operator === undefined)
      return `invalid filter at "${rest.slice(0, 40)}"`;
    const value = single ?? double ?? (date === undefined ? now - spanOf(ago) : Date.parse(date));
    if (Number.isNaN(value)) return `invalid date in filter: "${date ?? ago}"`;
    comparisons.push({ path, operator, value });
    rest = rest.slice(whole.length);
    const joined = /^\s+and\s+(?=\S)/.exec(rest);
    if (rest !== '' && !joined) return `invalid filter at "${rest.slice(0, 40)}"`;
    rest = rest.slice(joined?.[0].length ?? 0);
  }
  const bounds = (operators: string) =>
    comparisons.flatMap(({ path, operator, value }) =>
      path === 'meta.create_time' && operators.split(' ').includes(operator) && typeof value === 'number'
        ? [value]
        : [],
    );
  return {
    passes: record => comparisons.every(comparison => compare(record, comparison)),
    from: Math.max(-Infinity, ...bounds('> >=')),
    to: Math.min(Infinity, ...bounds('<')),
  };
};

const COMPARISON =
  /^([a-z_]+(?:\.[a-z_]+)*)\s*(==|!=|>=|<=|>|<)\s*(?:'([^']*)'|"([^"]*)"|date\(([^()]+)\)|now\((-[^()]+)\))/;

const spanOf = (text: string | undefined): number => {
  const [, amount, unit] = /^-(\d+)([smhd])$/.exec(text ?? '') ?? [];
  return Number(amount) * ({ s: SECOND, m: MINUTE, h: HOUR, d: DAY }[unit ?? ''] ?? Number.NaN);
};

const compare = (record: Json, { path, operator, value }: Comparison): boolean => {
  const found = path
    .split('.')
    .reduce<Json | undefined>((json, key) => (isObject(json) ? json[key] : undefined), record);
  const own = typeof value === 'number' ? Date.parse(String(found)) : String(found ?? '');
  switch (operator) {
    case '==':
      return own === value;
    case '!=':
      return own !== value;
    case '>=':
      return own >= value;
    case '<=':
      return own <= value;
    case '>':
      return own > value;
    default:
      return own < value;
  }
};
