// From what a mapping says of an event to the whole event: captions, ids, times, metadata, raw data and observables all
// follow from the draft, the record and the schema.
import { hash } from 'node:crypto';
import { put, textOfAny } from '../json.ts';
import type { Draft, Source } from '../mapping.ts';
import type { AuditRecord, Json, JsonObject, OcsfEvent } from '../model.ts';
import { moment, toMillis } from '../time.ts';
import { wellFormed } from './clean.ts';
import { attribute, fill, newRun, ownWord, type Run, settle } from './fill.ts';
import { observablesOf } from './observables.ts';
import { isPlausible } from './scalars.ts';
import { type Class, type Schema, type Shape, schemaOf, type Version } from './schema.ts';

export interface CompleteOptions {
  /** Whether the vendor's words travel along in `raw_data`, as a hash, or not at all; `include` when absent. */
  readonly rawData?: 'include' | 'hash' | 'none';
  /** `table`, when absent: as the mapping says. */
  readonly severity?: 'table' | 'informational';
  readonly version?: Version;
  /** When the event is made: ms since the epoch. */
  readonly now: number;
}

/** An event, and whether it is surely valid: if it is not, `validate` has to tell. */
export interface Completed {
  readonly event: OcsfEvent;
  readonly sure: boolean;
}

/**
 * The whole event. What says nothing is left out (null, empty text, list and object); what a mapping got wrong stays, for
 * `validate` to tell. Throws on a class that is not in use.
 */
export const complete = (draft: Draft, record: AuditRecord, source: Source, options: CompleteOptions): OcsfEvent =>
  completed(draft, record, source, options, rawOf(record, options.rawData)).event;

/**
 * The whole event, checked on the way.
 * @param raw the attributes of `rawOf(record)`, which several events may share
 */
export const completed = (
  draft: Draft,
  record: AuditRecord,
  source: Source,
  options: CompleteOptions,
  raw: JsonObject,
): Completed => {
  const schema = schemaOf(options.version ?? '1.8.0');
  const of = schema.classes.get(draft.class_uid);
  if (!of) throw new RangeError(`the mapping asks for class ${draft.class_uid}, which is not in use`);
  const { time, assumed } = timeOf(record);
  const run = newRun();
  const event: Record<string, Json> = classified(draft, of, options, time, run);
  const offset = assumed ? undefined : offsetOf(draft);
  if (offset !== undefined) event.timezone_offset = offset;
  const message = attribute(draft.message, of.rules.get('message'), run);
  if (message !== undefined) event.message = message;
  const metadata = metadataOf(draft, record, source, schema, of, options.now, assumed, run);
  event.metadata = metadata;
  merge(event, fill(draft.attributes, of, run), run);
  Object.assign(event, raw);
  const unmapped = attribute(draft.unmapped, of.rules.get('unmapped'), run);
  if (unmapped !== undefined) event.unmapped = unmapped;
  const profiles = profilesOf(draft, of, schema, run);
  if (profiles.length > 0) metadata.profiles = profiles;
  const observables = observablesOf(event, of);
  if (observables.length > 0) event.observables = observables;
  settle(metadata, of.rules.get('metadata')!.shape!, run);
  settle(event, of, run);
  return { event, sure: run.sure && (run.missing & bitsOf(profiles, schema)) === 0 };
};

// Adds attributes. Where the mapping overrules what follows from its own ids, somebody has to look whether that fits.
const merge = (event: Record<string, Json>, attributes: JsonObject | undefined, run: Run): void => {
  for (const name in attributes) {
    const value = attributes[name]!;
    if (event[name] !== undefined && event[name] !== value) run.sure = false;
    if (name === 'end_time' || name === 'timezone_offset') run.sure = false; // each has a rule of its own
    put(event, name, value);
  }
};

// What every event has, in one literal: an object grown key by key costs twice as much to read.
const classified = (
  draft: Draft,
  of: Class,
  options: CompleteOptions,
  time: number,
  run: Run,
): Record<string, Json> => {
  const { activity_id, status_id } = draft;
  const severity_id = options.severity === 'informational' ? 1 : (draft.severity_id ?? 1);
  const caption = captionOf(of, 'activity_id', activity_id, run);
  const activity = activity_id === 99 ? wordOf(draft) : caption;
  const category_name = captionOf(of, 'category_uid', of.category, run);
  const severity = captionOf(of, 'severity_id', severity_id, run);
  const status = captionOf(of, 'status_id', status_id, run);
  return {
    activity_id,
    activity_name: activity,
    category_uid: of.category,
    category_name,
    class_uid: of.uid,
    class_name: of.caption,
    type_uid: of.uid * 100 + activity_id,
    type_name: `${of.caption}: ${activity}`,
    severity_id,
    severity,
    status_id,
    status,
    time,
  };
};

// An id without a caption is a mistake of the mapping, which `validate` will tell; so is Other (99), but for activities.
const captionOf = (of: Class, name: string, id: number, run: Run): string => {
  const { captions, old } = of.rules.get(name)!;
  const caption = captions!.get(id);
  const fine = caption !== undefined && typeof id === 'number' && (id !== 99 || name === 'activity_id');
  if (!fine || old.length > 0) run.sure = false;
  return caption ?? '';
};

/** `raw_data`, its size and its SHA-256: the record's words as compact JSON; a text, as a row of CSV, as it is. */
export const rawOf = (record: AuditRecord, rawData: CompleteOptions['rawData'] = 'include'): JsonObject => {
  if (rawData === 'none') return {};
  const { raw } = record;
  const text = typeof raw === 'string' && raw !== '' && raw.isWellFormed() ? raw : textOfAny(raw);
  const raw_data_size = Buffer.byteLength(text);
  const raw_data_hash = { algorithm_id: 3, algorithm: 'SHA-256', value: hash('sha256', text) };
  return rawData === 'include' ? { raw_data: text, raw_data_size, raw_data_hash } : { raw_data_size, raw_data_hash };
};

/** The same for the same part of the same record, wherever and whenever it is made: UUID version 5. */
export const uidOf = ({ origin, id, part }: AuditRecord): string => {
  const name = JSON.stringify([origin.type, origin.site, origin.tenant, origin.feed, id, part ?? 0]);
  const digest = hash('sha1', named(name));
  const variant = '89ab'[Number.parseInt(digest[16]!, 16) & 3];
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
};

const NAMESPACE = Buffer.from('6f1d9a3e52c84b7fa0e41c5b8d7326f9', 'hex');

// The namespace before the name, on memory that is used again: short buffers are dear to make.
const named = (name: string): Uint8Array => {
  if (name.length * 3 > paper.length - NAMESPACE.length) return Buffer.concat([NAMESPACE, Buffer.from(name)]);
  return paper.subarray(0, NAMESPACE.length + paper.write(name, NAMESPACE.length));
};
const paper = Buffer.alloc(4096);
NAMESPACE.copy(paper);

const metadataOf = (
  draft: Draft,
  record: AuditRecord,
  source: Source,
  schema: Schema,
  { rules }: Class,
  now: number,
  assumed: boolean,
  run: Run,
): Record<string, Json> => {
  const of = rules.get('metadata')!.shape!;
  const { id, part, guessed } = record;
  const metadata: Record<string, Json> = { version: schema.version, uid: uidOf(record) };
  const own = attribute(
    guessed === 'id' || guessed === 'both' ? undefined : id,
    of.rules.get('original_event_uid'),
    run,
  );
  if (own !== undefined) metadata.original_event_uid = own;
  if (part !== undefined) merge(metadata, fill({ correlation_uid: id, sequence: part }, of, run), run);
  const { says, sure } = sourceIn(source, of);
  if (!sure) run.sure = false;
  Object.assign(metadata, says);
  const logged = plausible(toMillis(record.observed));
  const processed = plausible(now);
  if (logged !== undefined) metadata.logged_time = logged;
  if (processed !== undefined) metadata.processed_time = processed;
  merge(metadata, fill(draft.metadata, of, run), run);
  if (assumed) metadata.labels = [...(Array.isArray(metadata.labels) ? metadata.labels : []), 'time:observed'];
  return metadata;
};

/** What a source says of itself is the same for all its records: it is walked once. */
const sourceIn = (source: Source, of: Shape): { readonly says: JsonObject; readonly sure: boolean } => {
  const known = sources.get(source);
  if (known?.of === of) return known;
  const run = newRun();
  const said = {
    log_provider: source.provider,
    log_name: source.log,
    log_format: source.format,
    log_version: source.version,
    log_source: source.address,
    tenant_uid: source.tenant,
    product: source.product,
  };
  const fresh = { of, says: fill(said, of, run) ?? {}, sure: run.sure };
  sources.set(source, fresh);
  return fresh;
};
const sources = new WeakMap<Source, { readonly of: Shape; readonly says: JsonObject; readonly sure: boolean }>();

// The vendor's time; the time of reading, said so in a label, where it gave none that can be true.
const timeOf = (record: AuditRecord): { readonly time: number; readonly assumed: boolean } => {
  const time = plausible(toMillis(record.time));
  const assumed = record.guessed === 'time' || record.guessed === 'both' || time === undefined;
  return { time: time ?? plausible(toMillis(record.observed)) ?? 0, assumed };
};

const plausible = (ms: number): number | undefined => (Number.isInteger(ms) && isPlausible(ms) ? ms : undefined);

const offsetOf = ({ metadata }: Draft): number | undefined => {
  const { original_time: text } = metadata;
  const offset = typeof text === 'string' ? moment(text)?.offset : undefined;
  return offset !== undefined && Math.abs(offset) <= 1080 ? offset : undefined;
};

// Other (99) carries the vendor's word; the word must not be blank, nor the caption itself.
const wordOf = ({ activity_name, metadata }: Draft): string => {
  const word = [activity_name, metadata.event_code].find(text => typeof text === 'string' && text.trim() !== '');
  return word === undefined ? 'unnamed' : ownWord(wellFormed(word as string), 'Other');
};

const profilesOf = ({ metadata }: Draft, of: Class, schema: Schema, run: Run): readonly string[] => {
  if (run.used === 0 && metadata.profiles === undefined) return NONE;
  const declared: readonly Json[] = Array.isArray(metadata.profiles) ? metadata.profiles : [];
  const names = declared.filter(name => typeof name === 'string');
  const needed = [...of.profiles].filter(name => (schema.profiles.get(name)! & run.used) !== 0);
  if (names.some(name => !of.profiles.has(name)) || (run.used & ~bitsOf(needed, schema)) !== 0) run.sure = false;
  return [...new Set([...names, ...needed])];
};

const NONE: readonly string[] = [];

const bitsOf = (profiles: readonly string[], schema: Schema): number =>
  profiles.reduce((bits, name) => bits | (schema.profiles.get(name) ?? 0), 0);
