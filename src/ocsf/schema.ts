// A version of OCSF, ready for use: the generated table, compiled once into maps that `validate` and `complete` walk.

import { type Check, checkOf } from './scalars.ts';
import table18 from './schema/1.8.0.json' with { type: 'json' };
import type { Attribute, ClassShape, ObjectShape, Table } from './table.ts';

/** The versions that can be written. */
export const versions = ['1.8.0'] as const;
export type Version = (typeof versions)[number];

export interface Schema {
  readonly version: string;
  /** Every profile of the version, with its bit. */
  readonly profiles: ReadonlyMap<string, number>;
  readonly classes: ReadonlyMap<number, Class>;
}

/** A class or an object. */
export interface Shape {
  readonly name: string;
  readonly caption: string;
  readonly rules: ReadonlyMap<string, Rule>;
  readonly required: readonly Rule[];
  /** Names, or paths, of which one must be present, or exactly one. */
  readonly atLeastOne: readonly string[] | undefined;
  readonly justOne: readonly string[] | undefined;
  readonly deprecated: string | undefined;
  readonly observable: number | undefined;
}

export interface Class extends Shape {
  readonly uid: number;
  readonly category: number;
  /** Those that an event of this class may declare. */
  readonly profiles: ReadonlySet<string>;
}

/** What holds for one attribute of a shape. */
export interface Rule extends Omit<Attribute, 'enum' | 'old' | 'profiles' | 'observable'> {
  readonly name: string;
  /** Of an object with attributes of its own. */
  readonly shape: Shape | undefined;
  /** Any content: `unmapped`, `entity.data`. */
  readonly free: boolean;
  readonly check: Check | undefined;
  readonly captions: ReadonlyMap<unknown, string> | undefined;
  readonly old: readonly string[];
  /** Bits of the profiles under which it exists; 0 when it always does. */
  readonly mask: number;
  readonly profiles: readonly string[];
  /** Types of an observable that names it. */
  readonly observables: readonly number[];
  /** Of `x_dt`: `x`, which must be the same moment. */
  readonly twin: string | undefined;
}

/** The schema of a version. */
export const schemaOf = (version: Version): Schema => {
  const schema = compiled.get(version) ?? compile(tables[version]);
  compiled.set(version, schema);
  return schema;
};

// JSON modules are typed by their content: the generator writes a Table.
const tables: Readonly<Record<Version, Table>> = { '1.8.0': table18 as unknown as Table };
const compiled = new Map<Version, Schema>();

const compile = (table: Table): Schema => {
  const profiles = new Map(table.profiles.map((name, i) => [name, 1 << i]));
  const objects = new Map<string, Shape>();
  const enums = table.enums.map(values => captionsOf(values));

  const ruleOf = (name: string, attribute: Attribute, of: ObjectShape): Rule => {
    const free = attribute.type === 'json_t' || (attribute.object === true && attribute.type === 'object');
    const shape = attribute.object && !free ? objectOf(attribute.type) : undefined;
    const viaType = shape ? shape.observable : table.types[attribute.type]?.observable;
    const twin = name.endsWith('_dt') ? name.slice(0, -3) : undefined;
    const twinType = twin === undefined ? undefined : table.attributes[of.attributes[twin] ?? -1]?.type;
    return {
      ...attribute,
      name,
      shape,
      free,
      check: attribute.object ? undefined : checkOf(attribute.type, table.types),
      captions: attribute.enum === undefined ? undefined : enums[attribute.enum],
      old: attribute.old ?? [],
      profiles: attribute.profiles ?? [],
      mask: (attribute.profiles ?? []).reduce((bits, profile) => bits | profiles.get(profile)!, 0),
      observables: [attribute.observable, viaType].filter(id => id !== undefined),
      twin: twinType === 'timestamp_t' ? twin : undefined,
    };
  };
  const shapeOf = (from: ObjectShape, rules: Map<string, Rule>, required: Rule[]): Shape => ({
    name: from.name,
    caption: from.caption,
    rules,
    required,
    atLeastOne: from.constraints?.at_least_one,
    justOne: from.constraints?.just_one,
    deprecated: from.deprecated,
    observable: from.observable,
  });
  const fill = (from: ObjectShape, rules: Map<string, Rule>, required: Rule[]): void => {
    for (const [name, index] of Object.entries(from.attributes))
      rules.set(name, ruleOf(name, table.attributes[index]!, from));
    required.push(...[...rules.values()].filter(rule => rule.required));
  };
  // Objects refer to each other in circles: a shape is known before its rules are.
  const objectOf = (name: string): Shape => {
    const known = objects.get(name);
    if (known) return known;
    const [rules, required] = [new Map<string, Rule>(), [] as Rule[]];
    const shape = shapeOf(table.objects[name]!, rules, required);
    objects.set(name, shape);
    fill(table.objects[name]!, rules, required);
    return shape;
  };
  const classOf = ([uid, from]: [string, ClassShape]): [number, Class] => {
    const [rules, required] = [new Map<string, Rule>(), [] as Rule[]];
    fill(from, rules, required);
    const shape = shapeOf(from, rules, required);
    return [Number(uid), { ...shape, uid: Number(uid), category: from.category_uid, profiles: new Set(from.profiles) }];
  };
  return { version: table.version, profiles, classes: new Map(Object.entries(table.classes).map(classOf)) };
};

// By value, be it written as a number or as text.
const captionsOf = (values: Readonly<Record<string, string>>): ReadonlyMap<unknown, string> =>
  new Map(
    Object.entries(values).flatMap(
      ([value, caption]) =>
        (/^-?\d+$/.test(value)
          ? [
              [value, caption],
              [Number(value), caption],
            ]
          : [[value, caption]]) as [unknown, string][],
    ),
  );
