// Observables: the values of an event that a hunter searches for, listed with their paths. How they are found in an
// event, and whether those of an event are true.
import { isObject } from '../json.ts';
import type { Json, JsonObject } from '../model.ts';
import type { Class, Rule } from './schema.ts';

/**
 * The observables of an event, by the fixed paths below, in their order. Numbers are OCSF's `observable.type_id`.
 * The labels of the types are not set.
 */
export const observablesOf = (event: JsonObject): readonly JsonObject[] => {
  const found: JsonObject[] = [];
  for (const { path, leaves } of PATHS) {
    const holder = path.length === 0 ? event : at(event, path);
    if (Array.isArray(holder)) {
      holder.forEach((one, i) => void collect(found, one, `${path.join('.')}[${i}]`, leaves));
    } else collect(found, holder, path.join('.'), leaves);
  }
  return found;
};

type Leaf = readonly [name: string, type: number];
interface Holder {
  readonly path: readonly string[];
  readonly leaves: readonly Leaf[];
}

const USER: readonly Leaf[] = [
  ['uid', 31],
  ['name', 4],
  ['email_addr', 5],
];
const RESOURCE: readonly Leaf[] = [
  ['uid', 10],
  ['name', 38],
];

const PATHS: readonly Holder[] = [
  { path: ['actor', 'user'], leaves: USER },
  { path: ['actor', 'session'], leaves: [['credential_uid', 19]] },
  { path: ['user'], leaves: USER },
  { path: ['session'], leaves: [['credential_uid', 19]] },
  { path: ['entity', 'user'], leaves: USER },
  {
    path: ['src_endpoint'],
    leaves: [
      ['ip', 2],
      ['uid', 48],
    ],
  },
  { path: ['src_endpoint', 'location'], leaves: [['country', 14]] },
  {
    path: ['group'],
    leaves: [
      ['uid', 33],
      ['name', 32],
    ],
  },
  { path: ['resource'], leaves: RESOURCE },
  { path: ['resources'], leaves: RESOURCE },
  { path: ['web_resources'], leaves: [['uid', 10]] },
  { path: ['http_request'], leaves: [['user_agent', 16]] },
  { path: ['device'], leaves: [['uid', 47]] },
  { path: ['file'], leaves: [['name', 7]] },
];

const at = (from: Json | undefined, path: readonly string[]): Json | undefined => {
  let value = from;
  for (const key of path) {
    if (!isObject(value)) return undefined;
    value = value[key];
  }
  return value;
};

const collect = (found: JsonObject[], holder: Json | undefined, path: string, leaves: readonly Leaf[]): void => {
  if (!isObject(holder)) return;
  for (const [name, type_id] of leaves) {
    const value = holder[name];
    if (typeof value === 'string' && value !== '') found.push({ name: `${path}.${name}`, type_id, value });
  }
};

/** What is wrong with an observable: its index, the part of it, a code. */
export interface ObservableFinding {
  readonly index: number;
  readonly part: string | undefined;
  readonly code: string;
}

/** Holds the observables of an event against its class and its content. */
export const observableFindings = (
  event: JsonObject,
  observables: readonly Json[],
  of: Class,
): readonly ObservableFinding[] => {
  const findings: ObservableFinding[] = [];
  const names = new Set<string>();
  let keys: Set<string> | undefined;
  observables.forEach((observable, index) => {
    if (!isObject(observable)) return;
    const found = (part: string | undefined, code: string) => void findings.push({ index, part, code });
    const { name } = observable;
    if (keys || names.has(name as string)) {
      keys ??= new Set(observables.slice(0, index).filter(isObject).map(keyOf));
      const key = keyOf(observable);
      if (keys.has(key)) found(undefined, 'observable_repeated');
      keys.add(key);
    }
    names.add(name as string);
    if (typeof name === 'string') compare(event, observable, name, of, found);
  });
  return findings;
};

const keyOf = ({ name, type_id, value }: JsonObject): string => JSON.stringify([name, type_id, value]);

const compare = (
  event: JsonObject,
  observable: JsonObject,
  name: string,
  of: Class,
  found: (part: string, code: string) => void,
): void => {
  const target = targetOf(of, name);
  if (!target) found('name', 'observable_name');
  if (!target || target.beyond) return;
  const values = valuesAt(event, target.steps);
  const { value, type_id: type } = observable;
  const has = Object.hasOwn(observable, 'value');
  if (values.length === 0) found('name', 'observable_absent');
  else if (target.rule.object) {
    if (has) found('value', 'observable_value');
  } else if (!has || (typeof value === 'string' && !values.some(v => v === value || String(v) === value)))
    found('value', 'observable_value');
  const { observables } = target.rule;
  if (
    Number.isInteger(type) &&
    type !== 99 &&
    type !== 0 &&
    observables.length > 0 &&
    !observables.includes(type as number)
  )
    found('type_id', 'observable_type');
};

interface Target {
  readonly rule: Rule;
  /** It points into free content, of which the schema says nothing. */
  readonly beyond: boolean;
  readonly steps: readonly { readonly name: string; readonly index: number | undefined }[];
}

// Paths repeat from event to event; the limit is for input that does not.
const KNOWN_LIMIT = 2000;
const known = new WeakMap<Class, Map<string, Target | undefined>>();

const targetOf = (of: Class, path: string): Target | undefined => {
  const mine = known.get(of) ?? new Map<string, Target | undefined>();
  if (mine.has(path)) return mine.get(path);
  const target = resolve(of, path);
  known.set(of, mine);
  if (mine.size < KNOWN_LIMIT) mine.set(path, target);
  return target;
};

// `a[].b`, `a[0].b` and `a.b` are alike to the schema.
const resolve = (of: Class, path: string): Target | undefined => {
  const steps: { name: string; index: number | undefined }[] = [];
  const parts = path.split('.');
  let rules: Class['rules'] | undefined = of.rules;
  let rule: Rule | undefined;
  for (const [i, part] of parts.entries()) {
    const [, name, brackets] = /^([A-Za-z0-9_]+)((?:\[\d*\])*)$/.exec(part) ?? [];
    rule = name === undefined ? undefined : rules?.get(name);
    if (name === undefined || !rule || (brackets !== '' && !rule.list)) return undefined;
    const [, index] = /^\[(\d+)\]/.exec(brackets!) ?? [];
    steps.push({ name, index: index === undefined ? undefined : Number(index) });
    if (rule.free) return { rule, steps, beyond: i < parts.length - 1 };
    rules = rule.shape?.rules;
  }
  return rule && { rule, steps, beyond: false };
};

const valuesAt = (event: JsonObject, steps: Target['steps']): readonly Json[] => {
  let current: readonly Json[] = [event];
  for (const { name, index } of steps) {
    current = current.flatMap(holder => {
      const value = isObject(holder) && Object.hasOwn(holder, name) ? holder[name]! : null;
      if (!Array.isArray(value)) return [value];
      return index === undefined ? value : index < value.length ? [value[index]] : [];
    });
  }
  return current.filter(value => value !== null && value !== undefined);
};
