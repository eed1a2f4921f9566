// Walks what a mapping says of an event, once: leaves out what says nothing, adds the labels of ids, mends text, and notes
// on the way whether all of it is surely valid, so that `validate` need not walk nearly every event a second time.
import { isEmpty, isObject, put } from '../json.ts';
import type { Json, JsonObject } from '../model.ts';
import { clean, wellFormed } from './clean.ts';
import type { Rule, Shape } from './schema.ts';
import { isPresent } from './validate.ts';

/** What the walk through one event learns. */
export interface Run {
  /** False once anything was seen that may not be valid: only `validate` can tell. */
  sure: boolean;
  /** Bits of the profiles that attributes of the event belong to. */
  used: number;
  /** Bits of the profiles under which something that is missing would be required. */
  missing: number;
  /** Told by checks of scalars. */
  readonly doubt: () => void;
}

export const newRun = (): Run => {
  const doubt = () => {
    run.sure = false;
  };
  const run: Run = { sure: true, used: 0, missing: 0, doubt };
  return run;
};

type Loose = { readonly [name: string]: Json | undefined };

/**
 * The attributes that say something, with the label of each id beside it; nothing where none does. What needs no change
 * is returned as it is, not copied: mappings make their objects anew for each record, and nobody changes them later.
 */
export const fill = (from: Loose, of: Shape, run: Run): JsonObject | undefined => {
  let copy: Record<string, Json | undefined> | undefined;
  let ids: Rule[] | undefined;
  let [size, gaps] = [0, false];
  // JSON has no inherited keys, and this is the fastest way through an object.
  for (const name in from) {
    const given = from[name];
    const rule = of.rules.get(name);
    const value = attribute(given, rule, run);
    if (value === undefined) gaps = true;
    else size++;
    if (value !== given) {
      copy ??= { ...from };
      copy[name] = value;
    }
    if (rule?.sibling !== undefined && value !== undefined) {
      ids ??= [];
      ids.push(rule);
    }
  }
  if (size === 0) return undefined;
  for (const rule of ids ?? NONE) {
    const name = rule.sibling!;
    const [id, given] = [(copy ?? from)[rule.name]!, (copy ?? from)[name]];
    const label = labelOf(id, given, rule);
    if (label !== given) {
      copy ??= { ...from };
      copy[name] = label;
    }
    if (!isRight(label, id, rule, given !== undefined)) run.sure = false;
  }
  return gaps ? withoutGaps(copy ?? from) : ((copy ?? from) as JsonObject); // no gaps: nothing in it is undefined
};

const NONE: readonly Rule[] = [];

/** One attribute; without a rule it is a mistake of the mapping, which `validate` will tell. */
export const attribute = (given: Json | undefined, rule: Rule | undefined, run: Run): Json | undefined => {
  if (given === undefined || given === null) return undefined;
  if (rule === undefined) {
    run.sure = false;
    return given;
  }
  const value = rule.list && Array.isArray(given) ? list(given, rule, run) : single(given, rule, run);
  if (value === undefined) return undefined;
  run.used |= rule.mask;
  if (rule.rare || (rule.list && !Array.isArray(value))) run.sure = false;
  return value;
};

/** Notes whether an object, or an event, that is whole has all that its shape asks for. */
export const settle = (value: JsonObject, of: Shape, run: Run): void => {
  for (const rule of of.required) {
    if ((value[rule.name] ?? null) !== null) continue;
    if (rule.mask === 0) run.sure = false;
    else run.missing |= rule.mask;
  }
  if (of.deprecated !== undefined) run.sure = false;
  if (of.atLeastOne && !of.atLeastOne.some(path => isPresent(value, path))) run.sure = false;
  if (of.justOne && of.justOne.filter(path => isPresent(value, path)).length !== 1) run.sure = false;
};

const list = (given: readonly Json[], rule: Rule, run: Run): Json | undefined => {
  const values = given.map(one => single(one, rule, run)).filter(one => one !== undefined);
  return values.length === 0 ? undefined : values;
};

const single = (given: Json | undefined, rule: Rule, run: Run): Json | undefined => {
  if (given === null || given === undefined || given === '') return undefined;
  if (rule.free) return free(given, rule, run);
  if (typeof given === 'string') {
    const text = wellFormed(given);
    if (!rule.plain) scalar(text, rule, run);
    return text;
  }
  if (!rule.shape || !isObject(given)) {
    scalar(given, rule, run);
    return given;
  }
  const object = fill(given, rule.shape, run);
  if (object) settle(object, rule.shape, run);
  return object;
};

const scalar = (value: Json, rule: Rule, run: Run): void => {
  if (rule.object || !rule.check(value, run.doubt)) run.sure = false;
  else if (rule.captions && !(rule.captions.has(value) && (rule.old.length === 0 || !rule.old.includes(String(value)))))
    run.sure = false;
};

const free = (given: Json, rule: Rule, run: Run): Json | undefined => {
  const value = clean(given, 2);
  if (typeof value !== 'object' || value === null) {
    if (rule.object) run.sure = false;
    return value;
  }
  if (rule.object && Array.isArray(value)) run.sure = false;
  return isEmpty(value) ? undefined : value;
};

// The id decides: its caption, or for Other (99) the vendor's word. A caption that the mapping got wrong stays.
const labelOf = (id: Json, given: Json | undefined, rule: Rule): Json | undefined => {
  const captions = rule.captions!;
  if (given !== undefined) return id === 99 && typeof given === 'string' ? ownWord(given, captions.get(99)!) : given;
  if (!Array.isArray(id)) return id === 99 ? undefined : captions.get(id);
  return !id.includes(99) && id.every(one => captions.has(one)) ? id.map(one => captions.get(one)!) : undefined;
};

/** What `validate` asks of a label; of several it is believed only where we made them. */
const isRight = (label: Json | undefined, id: Json, rule: Rule, given: boolean): boolean => {
  if (Array.isArray(id)) return !given && label !== undefined;
  const caption = rule.captions!.get(id);
  return id === 99 ? typeof label === 'string' && label.trim() !== '' && label !== caption : label === caption;
};

/** The word for Other (99) must not be blank, nor the caption itself. */
export const ownWord = (word: string, caption: string): string =>
  word.trim() === '' ? 'unnamed' : word === caption ? word.toLowerCase() : word;

const withoutGaps = (object: Loose): JsonObject => {
  const whole: Record<string, Json> = {};
  for (const name in object) {
    const value = object[name];
    if (value !== undefined) put(whole, name, value);
  }
  return whole;
};
