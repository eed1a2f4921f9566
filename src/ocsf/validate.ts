// Whether an event is what OCSF says an event of its class is. It runs on every event: the schema is compiled, and a
// place is put into words only where something is wrong with it.
import { hash } from 'node:crypto';
import { isObject } from '../json.ts';
import type { Json, JsonObject } from '../model.ts';
import { type Finding, finding, type Place } from './finding.ts';
import { observableFindings } from './observables.ts';
import { ZONE } from './scalars.ts';
import { type Class, type Rule, type Schema, type Shape, schemaOf } from './schema.ts';

export interface ValidateOptions {
  readonly schema?: Schema;
  /** `raw_data`, its size and hash, and the observables were made from the event just now: they are not held against it. */
  readonly trusted?: boolean;
}

/**
 * Every finding of an event; none when it is valid. Stricter than the standard: what it only warns of (a null, an empty
 * list, a deprecated attribute, a label that differs) is a finding too. Never throws on JSON.
 */
export const validate = (event: unknown, options: ValidateOptions = {}): readonly Finding[] => {
  const schema = options.schema ?? schemaOf('1.8.0');
  if (!isObject(event)) return [finding(undefined, undefined, 'not_an_object')];
  if (!Object.hasOwn(event, 'class_uid')) return [finding(undefined, 'class_uid', 'required_missing')];
  const of = schema.classes.get(event.class_uid as number);
  if (!of) return [finding(undefined, 'class_uid', 'class_unknown')];
  const { trusted = false } = options;
  const run: Run = { findings: [], profiles: 0, extensions: undefined, trusted };
  metadata(event, of, schema, run);
  shape(event, of, undefined, run);
  identity(event, of, run);
  if (typeof event.raw_data === 'string' && !trusted) rawData(event, event.raw_data, run);
  if (Array.isArray(event.observables) && !trusted) {
    for (const { index, part, code } of observableFindings(event, event.observables, of)) {
      add(run, { up: { up: undefined, key: 'observables' }, key: index }, part, code);
    }
  }
  return run.findings;
};

interface Run {
  readonly findings: Finding[];
  /** Bits of the profiles that the event declares. */
  profiles: number;
  extensions: Set<string> | undefined;
  readonly trusted: boolean;
}

/** Returns how many attributes there are. */
const shape = (value: JsonObject, of: Shape, place: Place | undefined, run: Run): number => {
  let size = 0;
  // JSON has no inherited keys, and this is the fastest way through an object.
  for (const name in value) {
    size++;
    const rule = of.rules.get(name);
    const content = value[name];
    if (rule === undefined) add(run, place, name, 'attribute_unknown');
    else if (!(rule.plain && typeof content === 'string' && content.isWellFormed()))
      attribute(value, content, rule, place, run);
  }
  for (const rule of of.required) {
    if ((rule.mask === 0 || isActive(rule, run)) && (value[rule.name] ?? null) === null)
      add(run, place, rule.name, 'required_missing');
  }
  if (of.atLeastOne && !of.atLeastOne.some(path => isPresent(value, path)))
    add(run, place, undefined, 'constraint_at_least_one');
  if (of.justOne && of.justOne.filter(path => isPresent(value, path)).length !== 1)
    add(run, place, undefined, 'constraint_just_one');
  return size;
};

const attribute = (
  owner: JsonObject,
  value: Json | undefined,
  rule: Rule,
  place: Place | undefined,
  run: Run,
): void => {
  const { name } = rule;
  if (!isActive(rule, run)) add(run, place, name, 'profile_not_declared');
  if (rule.extension !== undefined && !run.extensions?.has(rule.extension))
    add(run, place, name, 'extension_not_declared');
  if (rule.deprecated !== undefined) add(run, place, name, 'attribute_deprecated');
  if (value === null || value === undefined) add(run, place, name, 'null_value');
  else if (!rule.list) single(value, rule, place, name, run);
  else if (Array.isArray(value)) list(value, rule, { up: place, key: name }, run);
  else add(run, place, name, 'type');
  if (rule.sibling !== undefined) sibling(owner, value, rule, place, run);
  if (rule.twin !== undefined) twin(owner, value, rule.twin, place, name, run);
};

const list = (values: readonly unknown[], rule: Rule, place: Place, run: Run): void => {
  if (run.trusted && rule.name === 'observables') return;
  if (values.length === 0) add(run, place.up, place.key, 'empty_array');
  for (let i = 0; i < values.length; i++) {
    if (values[i] === null) add(run, place, i, 'null_value');
    else single(values[i], rule, place, i, run);
  }
};

const single = (value: unknown, rule: Rule, place: Place | undefined, key: string | number, run: Run): void => {
  if (rule.object) {
    if (!isObject(value)) add(run, place, key, 'type');
    if (!isObject(value) || !rule.shape) return;
    if (rule.shape.deprecated !== undefined) add(run, place, key, 'object_deprecated');
    if (shape(value, rule.shape, { up: place, key }, run) === 0) add(run, place, key, 'empty_object');
    return;
  }
  if (!rule.check(value, code => add(run, place, key, code))) return;
  if (rule.captions) {
    if (!rule.captions.has(value)) add(run, place, key, 'enum');
    else if (rule.old.length > 0 && rule.old.includes(String(value))) add(run, place, key, 'enum_deprecated');
  }
  if (value === '' && rule.required) add(run, place, key, 'empty_string');
};

// An id against its label: the caption must match, and 99 (Other) needs the source's own word.
const sibling = (owner: JsonObject, id: unknown, rule: Rule, place: Place | undefined, run: Run): void => {
  const name = rule.sibling!;
  const label = (Object.hasOwn(owner, name) ? owner[name] : undefined) ?? undefined;
  if (label === undefined) {
    if (rule.list ? Array.isArray(id) && id.includes(99) : id === 99) add(run, place, name, 'sibling_missing');
  } else if (!rule.list) {
    if (rule.name !== 'type_uid') caption(id, label, rule, place, name, run);
  } else if (Array.isArray(id) && Array.isArray(label)) {
    if (label.length !== id.length) add(run, place, name, 'sibling_differs');
    else id.forEach((one, i) => void caption(one, label[i], rule, { up: place, key: name }, i, run));
  }
};

const caption = (
  id: unknown,
  label: unknown,
  rule: Rule,
  place: Place | undefined,
  key: string | number,
  run: Run,
): void => {
  const expected = rule.captions!.get(id);
  if (typeof label !== 'string' || expected === undefined) return;
  if (id !== 99) {
    if (label !== expected) add(run, place, key, 'sibling_differs');
  } else if (label.trim() === '') add(run, place, key, 'sibling_missing');
  else if (label === expected) add(run, place, key, 'sibling_other');
};

const twin = (
  owner: JsonObject,
  text: unknown,
  name: string,
  place: Place | undefined,
  key: string,
  run: Run,
): void => {
  const time = owner[name];
  if (!Number.isInteger(time) || typeof text !== 'string' || !ZONE.test(text)) return;
  const apart = Math.abs(Date.parse(text) - (time as number));
  if (apart > 0) add(run, place, key, apart >= 1000 ? 'datetime_differs' : 'datetime_precision');
};

const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/;

const metadata = (event: JsonObject, of: Class, schema: Schema, run: Run): void => {
  const { metadata } = event;
  if (!isObject(metadata)) return;
  const place: Place = { up: undefined, key: 'metadata' };
  const { version, profiles, extension, extensions } = metadata;
  if (typeof version === 'string' && version !== schema.version) {
    add(
      run,
      place,
      'version',
      SEMVER.test(version)
        ? isNewer(version, schema.version)
          ? 'version_newer'
          : 'version_differs'
        : 'version_format',
    );
  }
  if (Array.isArray(profiles))
    profiles.forEach(
      (profile, i) => void declare(profile, i, profiles, of, schema, { up: place, key: 'profiles' }, run),
    );
  if (extension === undefined && extensions === undefined) return;
  const declared = [...(Array.isArray(extensions) ? extensions : []), extension].filter(isObject);
  run.extensions = new Set(declared.map(({ name }) => name).filter(name => typeof name === 'string'));
};

const declare = (
  profile: unknown,
  i: number,
  all: readonly unknown[],
  of: Class,
  schema: Schema,
  place: Place,
  run: Run,
): void => {
  if (typeof profile !== 'string') return;
  if (all.indexOf(profile) < i) add(run, place, i, 'profile_repeated');
  const bit = schema.profiles.get(profile);
  run.profiles |= bit ?? 0;
  if (bit === undefined) add(run, place, i, 'profile_unknown');
  else if (!of.profiles.has(profile)) add(run, place, i, 'profile_not_applicable');
};

const isNewer = (version: string, than: string): boolean => {
  const [mine, theirs] = [SEMVER.exec(than)!, SEMVER.exec(version)!];
  const apart = [1, 2, 3].map(i => Number(theirs[i]) - Number(mine[i])).find(d => d !== 0) ?? 0;
  return apart > 0;
};

// The ids that say the same thing twice must agree.
const identity = (event: JsonObject, of: Class, run: Run): void => {
  const { activity_id: activity, type_uid: type, category_uid: category, type_name: name } = event;
  if (isInteger(activity) && isInteger(type) && type !== of.uid * 100 + activity)
    add(run, undefined, 'type_uid', 'type_uid');
  if (isInteger(category) && category !== of.category) add(run, undefined, 'category_uid', 'category_uid');
  if (typeof name === 'string' && isInteger(activity)) {
    const expected = of.rules.get('activity_id')?.captions?.get(activity);
    const own = activity === 99 && typeof event.activity_name === 'string' ? event.activity_name : expected;
    const fits = (word: string | undefined) => name === `${of.caption}: ${word}`;
    if (expected !== undefined && !fits(own) && !fits(expected)) add(run, undefined, 'type_name', 'type_name');
  }
  if (isInteger(event.timezone_offset) && Math.abs(event.timezone_offset) > 1080)
    add(run, undefined, 'timezone_offset', 'range');
  if (isInteger(event.start_time) && isInteger(event.end_time) && event.start_time > event.end_time)
    add(run, undefined, 'end_time', 'time_order');
};

const HASHES: Readonly<Record<number, string>> = {
  1: 'md5',
  2: 'sha1',
  3: 'sha256',
  4: 'sha512',
  8: 'sha224',
  9: 'sha384',
};

const rawData = (event: JsonObject, text: string, run: Run): void => {
  if (isObject(event.metadata) && event.metadata.is_truncated === true) return;
  const { raw_data_size: size, raw_data_hash: digest } = event;
  if (isInteger(size) && size !== Buffer.byteLength(text)) add(run, undefined, 'raw_data_size', 'raw_data_size');
  if (!isObject(digest) || typeof digest.value !== 'string') return;
  const algorithm = HASHES[digest.algorithm_id as number];
  if (algorithm && hash(algorithm, text) !== digest.value.toLowerCase())
    add(run, { up: undefined, key: 'raw_data_hash' }, 'value', 'raw_data_hash');
};

const isActive = (rule: Rule, run: Run): boolean => rule.mask === 0 || (rule.mask & run.profiles) !== 0;

const isInteger = (value: unknown): value is number => Number.isInteger(value);

/** Whether there is anything at a path of a constraint. */
export const isPresent = (value: JsonObject, path: string): boolean => {
  if (!path.includes('.')) return Object.hasOwn(value, path) && (value[path] ?? null) !== null;
  const [head, ...rest] = path.split('.');
  const inner = Object.hasOwn(value, head!) ? value[head!] : undefined;
  return isObject(inner) && isPresent(inner, rest.join('.'));
};

const add = (run: Run, place: Place | undefined, key: string | number | undefined, code: string): void =>
  void run.findings.push(finding(place, key, code));
