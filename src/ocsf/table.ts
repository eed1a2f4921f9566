// What a table of one OCSF version holds: the classes in use and every object that can be reached from them. The tables
// beside this file are generated.

export interface Table {
  readonly comment: string;
  readonly version: string;
  readonly source: Readonly<Record<string, unknown>>;
  /** Every profile of the version. */
  readonly profiles: readonly string[];
  readonly types: Readonly<Record<string, Type>>;
  /** By `class_uid`. */
  readonly classes: Readonly<Record<string, ClassShape>>;
  readonly objects: Readonly<Record<string, ObjectShape>>;
  /** Shapes refer to these by index. */
  readonly attributes: readonly Attribute[];
  /** Value to caption; attributes refer to these by index. */
  readonly enums: readonly Readonly<Record<string, string>>[];
}

export interface Type {
  readonly base?: string;
  readonly regex?: string;
  readonly range?: readonly number[];
  /** Unicode characters. */
  readonly max_len?: number;
  readonly values?: readonly unknown[];
  /** `type_id` of an observable that names such a value. */
  readonly observable?: number;
}

export interface ObjectShape {
  readonly name: string;
  readonly caption: string;
  readonly constraints?: { readonly at_least_one?: readonly string[]; readonly just_one?: readonly string[] };
  readonly observable?: number;
  readonly deprecated?: string;
  /** Name to index in `Table.attributes`. */
  readonly attributes: Readonly<Record<string, number>>;
}

export interface ClassShape extends ObjectShape {
  readonly category_uid: number;
  /** Those that an event of this class may declare. */
  readonly profiles: readonly string[];
}

export interface Attribute {
  /** A type's name, or with `object` an object's; the object named `object` is free-form. */
  readonly type: string;
  readonly object?: boolean;
  readonly required?: boolean;
  readonly list?: boolean;
  readonly enum?: number;
  /** The values of the enum that are deprecated. */
  readonly old?: readonly string[];
  /** The attribute that carries the caption of this id. */
  readonly sibling?: string;
  /** It exists only under one of these. */
  readonly profiles?: readonly string[];
  readonly deprecated?: string;
  readonly observable?: number;
  readonly extension?: string;
}
