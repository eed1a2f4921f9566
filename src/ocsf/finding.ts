// What can be wrong with an event, in words. Codes and levels are those of `validate.ts`.

/** Something that is wrong with an event. */
export interface Finding {
  /** JSON pointer, RFC 6901; empty for the event itself. */
  readonly path: string;
  /** One of the table below, or the form that a scalar lacks: `required_missing`, `enum`, `email`. */
  readonly code: string;
  /** In words, without the value. */
  readonly text: string;
}

/** A place in an event, put into words only when something is wrong there. */
export interface Place {
  readonly up: Place | undefined;
  readonly key: string | number;
}

/** Puts a finding into words. */
export const finding = (place: Place | undefined, key: string | number | undefined, code: string): Finding => {
  const path = key === undefined ? pointer(place) : pointer({ up: place, key });
  return { path, code, text: TEXTS[code] ?? `does not have the form that OCSF asks for (${code})` };
};

// RFC 6901.
const pointer = (place: Place | undefined): string =>
  place === undefined ? '' : `${pointer(place.up)}/${String(place.key).replaceAll('~', '~0').replaceAll('/', '~1')}`;

const TEXTS: Readonly<Record<string, string>> = {
  not_an_object: 'an event must be a JSON object',
  class_unknown: 'is no class of this version, or none that is in use here',
  required_missing: 'is required and missing',
  attribute_unknown: 'is no attribute of this class or object; put it under `unmapped`',
  profile_not_declared: 'belongs to a profile that `metadata.profiles` does not list',
  extension_not_declared: 'belongs to an extension that `metadata.extensions` does not list',
  attribute_deprecated: 'is deprecated',
  object_deprecated: 'is an object that is deprecated',
  enum_deprecated: 'has a value that is deprecated',
  null_value: 'is null; leave it out',
  type: 'is of the wrong type',
  enum: 'is none of the values that the schema lists',
  empty_array: 'is an empty list; leave it out',
  empty_object: 'is an empty object; leave it out',
  empty_string: 'is required and empty',
  sibling_missing: "is missing: the id beside it is 99 (Other), which needs the source's own word",
  sibling_differs: 'is not the caption of the id beside it',
  sibling_other: "says 'Other' where the source's own word belongs",
  constraint_at_least_one: 'lacks every attribute of which one must be there',
  constraint_just_one: 'must have exactly one of the attributes that exclude each other',
  profile_unknown: 'is no profile of this version',
  profile_not_applicable: 'is a profile that does not apply to this class',
  profile_repeated: 'is listed twice',
  version_format: 'is not a semantic version',
  version_newer: 'is newer than the schema',
  version_differs: 'is not the version of the schema',
  type_uid: 'is not class_uid * 100 + activity_id',
  category_uid: 'is not the category of the class',
  type_name: 'does not name the class and the activity',
  time_order: 'is before start_time',
  timestamp_unit: 'cannot be milliseconds since 1970',
  raw_data_size: 'is not the size of raw_data in bytes',
  raw_data_hash: 'is not the hash of raw_data',
  observable_name: 'is not the path of an attribute',
  observable_absent: 'names a path where the event holds nothing',
  observable_value: "is not the event's value at that path",
  observable_type: 'is not the type of what the path names',
  observable_repeated: 'repeats an earlier observable',
};
