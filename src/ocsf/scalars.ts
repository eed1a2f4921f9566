// What OCSF's scalar types allow. Stricter than the standard's own validators: a time must be plausible milliseconds, an
// address must be one.
import { isIP } from 'node:net';
import type { Table, Type } from './table.ts';

/** Tells the codes of what is wrong with a value; `type` comes alone. */
export type Check = (value: unknown, found: (code: ScalarCode) => void) => boolean;

export type ScalarCode =
  | 'type'
  | 'range'
  | 'max_len'
  | 'values'
  | 'utf8'
  | 'unsafe_integer'
  | 'timestamp_unit'
  | 'ip'
  | 'subnet'
  | 'uuid'
  | 'datetime'
  | 'datetime_no_zone'
  | 'url'
  | 'hostname'
  | 'regex';

/** Compiles the check of a type. It returns false when the value is of another kind altogether. */
export const checkOf = (name: string, types: Table['types']): Check => {
  const type = types[name]!;
  const form = formOf(name, type);
  const bounds = boundsOf(type);
  switch (baseOf(name, types)) {
    case 'json_t':
      return () => true;
    case 'boolean_t':
      return (value, found) => typeof value === 'boolean' || wrong(found);
    case 'float_t':
      return (value, found) => (typeof value === 'number' && Number.isFinite(value)) || wrong(found);
    case 'integer_t':
    case 'long_t':
      return (value, found) => {
        if (typeof value !== 'number' || !Number.isInteger(value)) return wrong(found);
        if (!Number.isSafeInteger(value)) {
          if (value < -(2 ** 63) || value >= 2 ** 63) return wrong(found, 'range');
          found('unsafe_integer');
        }
        bounds?.(value, found);
        if (name === 'timestamp_t' && !isPlausible(value)) found('timestamp_unit');
        return true;
      };
    default:
      return (value, found) => {
        if (typeof value !== 'string') return wrong(found);
        if (!value.isWellFormed()) found('utf8');
        bounds?.(value, found);
        form?.(value, found);
        return true;
      };
  }
};

/** Whether a type takes any text. */
export const isPlain = (name: string, types: Table['types']): boolean =>
  baseOf(name, types) === 'string_t' &&
  formOf(name, types[name]!) === undefined &&
  boundsOf(types[name]!) === undefined;

/** Whether a number can be milliseconds since the epoch of this age: seconds, micro- and nanoseconds cannot. */
export const isPlausible = (ms: number): boolean => ms === 0 || (Math.abs(ms) >= 1e11 && Math.abs(ms) < 1e14);

/** An IP address, with a zone if it is of version 6. */
export const isAddress = (text: string): boolean => text.length <= 40 && isZoned(text);

/** An e-mail address in the form that OCSF's `email_t` asks for. */
export const isEmail = (text: string): boolean =>
  /^[a-zA-Z0-9!#$%&'*+-/=?^_`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+$/.test(text);

/** RFC 3339 with an offset, or without. */
export const ZONE = /(?:[Zz]|[+-]\d{2}:\d{2})$/;
const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
const SUBNET = /^([^/]+)\/(\d{1,3})$/;

type Part = (value: string, found: (code: ScalarCode) => void) => void;

const formOf = (name: string, type: Type): Part | undefined => {
  const pattern = type.regex === undefined ? undefined : expression(type.regex);
  switch (name) {
    case 'ip_t':
      return (value, found) => void (isZoned(value) || found('ip'));
    case 'subnet_t':
      return (value, found) => void (isSubnet(value) || found('subnet'));
    case 'uuid_t':
      return (value, found) => void (UUID.test(value) || found('uuid'));
    case 'datetime_t':
      return (value, found) => {
        if (pattern?.test(value) === false || !Number.isFinite(Date.parse(value))) found('datetime');
        else if (!ZONE.test(value)) found('datetime_no_zone');
      };
    case 'url_t':
    case 'hostname_t':
      return (value, found) => void (/\s/.test(value) && found(name === 'url_t' ? 'url' : 'hostname'));
    default:
      return pattern && ((value, found) => void (pattern.test(value) || found('regex')));
  }
};

const isZoned = (text: string): boolean => {
  if (!text.includes('%')) return isIP(text) > 0;
  const [address, zone, extra] = text.split('%');
  const version = isIP(address!);
  return version > 0 && extra === undefined && (zone === undefined || (version === 6 && zone !== ''));
};

const isSubnet = (text: string): boolean => {
  const [, address, length] = SUBNET.exec(text) ?? [];
  const version = address === undefined ? 0 : isIP(address);
  return version > 0 && Number(length) <= (version === 4 ? 32 : 128);
};

const boundsOf = ({ range, max_len: longest, values }: Type) => {
  const [low, high] = range ?? [];
  if (low === undefined && longest === undefined && values === undefined) return undefined;
  return (value: unknown, found: (code: ScalarCode) => void): void => {
    if (low !== undefined && ((value as number) < low || (value as number) > high!)) found('range');
    if (longest !== undefined && (value as string).length > longest && [...(value as string)].length > longest)
      found('max_len');
    if (values && !values.includes(value)) found('values');
  };
};

const baseOf = (name: string, types: Table['types']): string => {
  const base = types[name]?.base;
  return base === undefined ? name : baseOf(base, types);
};

const wrong = (found: (code: ScalarCode) => void, code: ScalarCode = 'type'): false => {
  found(code);
  return false;
};

// Some of the schema's expressions have escapes that the `u` flag refuses.
const expression = (source: string): RegExp => {
  try {
    return new RegExp(source, 'u');
  } catch {
    return new RegExp(source);
  }
};
