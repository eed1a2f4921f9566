// Observables: the values of an event that a hunter searches for, listed with their paths. How they are found in an
// event, and whether those of an event are true.
import { isObject } from '../json.ts';
import type { Json, JsonObject } from '../model.ts';
import type { Class, Rule } from './schema.ts';

/** The observables of an event, by the fixed paths below, in their order. */
export const observablesOf = (event: JsonObject, of: Class): readonly JsonObject[] => {
  const found: JsonObject[] = [];
  const fitting = holdersOf(of);
  // By index, here and below: until V8 compiles a loop to its best, a step of an iterator is an object.
  for (let i = 0; i < fitting.length; i++) {
    const { head, tail, leaves } = fitting[i]!;
    const outer = event[head];
    if (outer === undefined) continue;
    const holder = tail === undefined ? outer : isObject(outer) ? outer[tail] : undefined;
    if (Array.isArray(holder)) holder.forEach((one, i) => void collect(one, leaves, found, i));
    else collect(holder, leaves, found);
  }
  return found;
};

const collect = (holder: Json | undefined, leaves: readonly Leaf[], found: JsonObject[], index?: number): void => {
  if (!isObject(holder)) return;
  for (let i = 0; i < leaves.length; i++) {
    const leaf = leaves[i]!;
    const value = holder[leaf.key];
    if (typeof value !== 'string') continue;
    const name = index === undefined ? leaf.name : `${leaf.path}[${index}].${leaf.key}`;
    found.push({ name, type_id: leaf.type_id, type: leaf.type, value });
  }
};

interface Holder {
  readonly head: string;
  readonly tail: string | undefined;
  readonly leaves: readonly Leaf[];
}

interface Leaf {
  readonly key: string;
  /** That of the holder. */
  readonly path: string;
  readonly name: string;
  readonly type_id: number;
  readonly type: string;
}

/** Those that an event of this class can have, with what is the same in all of them. */
const holdersOf = (of: Class): readonly Holder[] => {
  const known = holders.get(of);
  if (known) return known;
  const captions = of.rules.get('observables')!.shape!.rules.get('type_id')!.captions!;
  const made = Object.entries(PATHS).map(([path, types]): Holder => {
    const [head, tail] = path.split('.');
    const leaves = Object.entries(types).map(
      ([key, type_id]): Leaf => ({ key, path, name: `${path}.${key}`, type_id, type: captions.get(type_id)! }),
    );
    return { head: head!, tail, leaves };
  });
  const fitting = made.filter(({ head }) => of.rules.has(head));
  holders.set(of, fitting);
  return fitting;
};
const holders = new WeakMap<Class, readonly Holder[]>();

// Numbers are OCSF's `observable.type_id`.
const USER = { uid: 31, name: 4, email_addr: 5 };
const PATHS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'actor.user': USER,
  'actor.session': { credential_uid: 19 },
  user: USER,
  session: { credential_uid: 19 },
  'entity.user': USER,
  src_endpoint: { ip: 2, uid: 48 },
  'src_endpoint.location': { country: 14 },
  group: { uid: 33, name: 32 },
  resource: { uid: 10, name: 38 },
  resources: { uid: 10, name: 38 },
  web_resources: { uid: 10 },
  http_request: { user_agent: 16 },
  device: { uid: 47 },
  file: { name: 7 },
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
    const { name = null } = observable; // to a key, what is missing and null are one
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
  } else if (
    !has ||
    (typeof value === 'string' && !values.some(v => v === value || (typeof v !== 'object' && String(v) === value)))
  )
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

const valuesAt = (holder: Json | undefined, steps: Target['steps'], from = 0): readonly Json[] => {
  if (holder === null || holder === undefined) return [];
  const step = steps[from];
  if (!step) return [holder];
  if (!isObject(holder) || !Object.hasOwn(holder, step.name)) return [];
  const value = holder[step.name]!;
  if (!Array.isArray(value)) return valuesAt(value, steps, from + 1);
  if (step.index !== undefined) return valuesAt(value[step.index], steps, from + 1);
  return value.flatMap(one => valuesAt(one, steps, from + 1));
};
