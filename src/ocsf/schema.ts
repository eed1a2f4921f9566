// A version of OCSF, ready for use: the generated table, compiled once into maps that `validate` and `complete` walk.

import { type Check, checkOf, isPlain } from './scalars.ts';
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
  /** Those that must be there, and those that must be under some profile. */
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
export interface Rule {
  readonly name: string;
  readonly required: boolean;
  readonly list: boolean;
  /** An object, be it of a shape or free. */
  readonly object: boolean;
  /** Any content: `unmapped`, `entity.data`. */
  readonly free: boolean;
  /** Any text will do, under all circumstances. */
  readonly plain: boolean;
  /** Of an object with attributes of its own. */
  readonly shape: Shape | undefined;
  /** Of anything but an object. */
  readonly check: Check;
  readonly captions: ReadonlyMap<unknown, string> | undefined;
  /** Values that are deprecated. */
  readonly old: readonly string[];
  /** The attribute of the shape that carries the caption of this id. */
  readonly sibling: string | undefined;
  /** The id of which this attribute is the label. */
  readonly label: string | undefined;
  /** Bits of the profiles under which it exists; 0 when it always does. */
  readonly mask: number;
  readonly extension: string | undefined;
  readonly deprecated: string | undefined;
  /** Types of an observable that names it. */
  readonly observables: readonly number[];
  /** Of `x_dt`: `x`, which must be the same moment. */
  readonly twin: string | undefined;
  /** No mapping of ours uses it: deprecated, of an extension, or the twin of another. */
  readonly rare: boolean;
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

  const ruleOf = (name: string, attribute: Attribute, of: ObjectShape, labels: ReadonlyMap<string, string>): Rule => {
    const free = attribute.type === 'json_t' || (attribute.object === true && attribute.type === 'object');
    const shape = attribute.object && !free ? objectOf(attribute.type) : undefined;
    const viaType = shape ? shape.observable : table.types[attribute.type]?.observable;
    const twin = name.endsWith('_dt') ? name.slice(0, -3) : undefined;
    const twinType = twin === undefined ? undefined : table.attributes[of.attributes[twin] ?? -1]?.type;
    const { sibling } = attribute;
    const always = !(
      attribute.required ||
      attribute.list ||
      attribute.profiles ||
      attribute.extension ||
      attribute.deprecated
    );
    const alone = attribute.enum === undefined && twinType !== 'timestamp_t';
    // Every rule has the same fields in the same order: that makes reading them fast.
    return {
      name,
      required: attribute.required ?? false,
      list: attribute.list ?? false,
      object: attribute.object ?? false,
      free,
      plain: always && alone && !attribute.object && isPlain(attribute.type, table.types),
      shape,
      check: attribute.object ? () => true : checkOf(attribute.type, table.types),
      captions: attribute.enum === undefined ? undefined : enums[attribute.enum],
      old: attribute.old ?? [],
      sibling:
        sibling !== undefined && attribute.enum !== undefined && of.attributes[sibling] !== undefined
          ? sibling
          : undefined,
      label: labels.get(name),
      mask: (attribute.profiles ?? []).reduce((bits, profile) => bits | profiles.get(profile)!, 0),
      extension: attribute.extension,
      deprecated: attribute.deprecated,
      observables: [attribute.observable, viaType].filter(id => id !== undefined),
      twin: twinType === 'timestamp_t' ? twin : undefined,
      rare: attribute.deprecated !== undefined || attribute.extension !== undefined || twinType === 'timestamp_t',
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
    const attributes = Object.entries(from.attributes).map(
      ([name, index]) => [name, table.attributes[index]!] as const,
    );
    const labels = new Map(
      attributes.flatMap(([name, a]) => (a.sibling && a.enum !== undefined ? [[a.sibling, name]] : [])),
    );
    for (const [name, attribute] of attributes) rules.set(name, ruleOf(name, attribute, from, labels));
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
