// From what a mapping says of an event to the whole event: captions, ids, times, metadata, raw data and observables all
// follow from the draft, the record and the schema.
import { hash } from 'node:crypto';
import { isObject, put, textOfAny } from '../json.ts';
import type { Draft, Source } from '../mapping.ts';
import type { AuditRecord, Json, JsonObject, OcsfEvent } from '../model.ts';
import { moment, toMillis } from '../time.ts';
import { clean, wellFormed } from './clean.ts';
import { observablesOf } from './observables.ts';
import { isPlausible } from './scalars.ts';
import { type Class, type Rule, type Schema, type Shape, schemaOf, type Version } from './schema.ts';

export interface CompleteOptions {
  /** Whether the vendor's words travel along in `raw_data`, as a hash, or not at all; `include` when absent. */
  readonly rawData?: 'include' | 'hash' | 'none';
  /** `table`, when absent: as the mapping says. */
  readonly severity?: 'table' | 'informational';
  readonly version?: Version;
  /** When the event is made: ms since the epoch. */
  readonly now: number;
  /** The attributes of `rawOf(record)`, where several events share them. */
  readonly raw?: JsonObject;
}

/**
 * The whole event. What says nothing is left out (null, empty text, list and object); what a mapping got wrong stays, for
 * `validate` to tell. Throws on a class that is not in use.
 */
export const complete = (draft: Draft, record: AuditRecord, source: Source, options: CompleteOptions): OcsfEvent => {
  const schema = schemaOf(options.version ?? '1.8.0');
  const of = schema.classes.get(draft.class_uid);
  if (!of) throw new RangeError(`the mapping asks for class ${draft.class_uid}, which is not in use`);
  const { time, assumed } = timeOf(record);
  const run: Run = { profiles: 0 };
  const event: Record<string, Json> = classified(draft, of, options, time);
  fill(event, { timezone_offset: assumed ? undefined : offsetOf(draft), message: draft.message }, of, run);
  event.metadata = metadataOf(draft, record, source, schema, options.now, assumed, run);
  fill(event, draft.attributes, of, run);
  fill(event, options.raw ?? rawOf(record, options.rawData), of, run);
  if (draft.unmapped) fill(event, { unmapped: draft.unmapped }, of, run);
  const profiles = profilesOf(draft, run.profiles, of, schema);
  if (profiles.length > 0) (event.metadata as Record<string, Json>).profiles = profiles; // it was made just above
  const observables = observablesOf(event, of);
  if (observables.length > 0) event.observables = observables;
  return event;
};

// What every event has, in one literal: an object grown key by key costs twice as much to read.
const classified = (draft: Draft, of: Class, options: CompleteOptions, time: number): Record<string, Json> => {
  const { activity_id, status_id } = draft;
  const severity_id = options.severity === 'informational' ? 1 : (draft.severity_id ?? 1);
  const activity = activity_id === 99 ? wordOf(draft) : captionOf(of, 'activity_id', activity_id);
  const category_name = captionOf(of, 'category_uid', of.category);
  const [severity, status] = [captionOf(of, 'severity_id', severity_id), captionOf(of, 'status_id', status_id)];
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

// An id without a caption is a mistake of the mapping, which `validate` will tell.
const captionOf = (of: Class, name: string, id: number): string => of.rules.get(name)!.captions!.get(id) ?? '';

/** `raw_data`, its size and its SHA-256: the record's words as compact JSON; a text, as a row of CSV, as it is. */
export const rawOf = (record: AuditRecord, rawData: CompleteOptions['rawData'] = 'include'): JsonObject => {
  if (rawData === 'none') return {};
  const { raw } = record;
  const text = typeof raw === 'string' && raw !== '' && raw.isWellFormed() ? raw : textOfAny(raw);
  return {
    ...(rawData === 'include' && { raw_data: text }),
    raw_data_size: Buffer.byteLength(text),
    raw_data_hash: { algorithm_id: 3, value: hash('sha256', text) },
  };
};

/** The same for the same part of the same record, wherever and whenever it is made: UUID version 5. */
export const uidOf = ({ origin, id, part }: AuditRecord): string => {
  const name = JSON.stringify([origin.type, origin.site, origin.tenant, origin.feed, id, part ?? 0]);
  const digest = hash('sha1', Buffer.concat([NAMESPACE, Buffer.from(name)]));
  const variant = '89ab'[Number.parseInt(digest[16]!, 16) & 3];
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`;
};

const NAMESPACE = Buffer.from('6f1d9a3e52c84b7fa0e41c5b8d7326f9', 'hex');

const metadataOf = (
  draft: Draft,
  record: AuditRecord,
  source: Source,
  schema: Schema,
  now: number,
  assumed: boolean,
  run: Run,
): JsonObject => {
  const of = metadataShape(schema, draft.class_uid);
  const metadata: Record<string, Json> = { version: schema.version, uid: uidOf(record) };
  const { id, part, guessed } = record;
  const own = {
    original_event_uid: guessed === 'id' || guessed === 'both' ? undefined : id,
    ...(part === undefined ? {} : { correlation_uid: id, sequence: part }),
    log_provider: source.provider,
    log_name: source.log,
    log_format: source.format,
    log_version: source.version,
    log_source: source.address,
    tenant_uid: source.tenant,
    logged_time: plausible(toMillis(record.observed)),
    processed_time: plausible(now),
    product: source.product,
  };
  fill(metadata, own, of, run);
  fill(metadata, draft.metadata, of, run);
  if (assumed) metadata.labels = [...(Array.isArray(metadata.labels) ? metadata.labels : []), 'time:observed'];
  return metadata;
};

const metadataShape = (schema: Schema, uid: number): Shape => schema.classes.get(uid)!.rules.get('metadata')!.shape!;

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

const ownWord = (word: string, caption: string): string =>
  word.trim() === '' ? 'unnamed' : word === caption ? word.toLowerCase() : word;

const profilesOf = ({ metadata }: Draft, used: number, of: Class, schema: Schema): readonly string[] => {
  const declared: readonly Json[] = Array.isArray(metadata.profiles) ? metadata.profiles : [];
  const needed = [...of.profiles].filter(name => (schema.profiles.get(name)! & used) !== 0);
  return [...new Set([...declared.filter(name => typeof name === 'string'), ...needed])];
};

interface Run {
  /** Bits of the profiles that attributes of the event belong to. */
  profiles: number;
}

type Loose = { readonly [name: string]: Json | undefined };

// Adds what is not empty, and beside each id its label. Tells whether there was anything.
const fill = (out: Record<string, Json>, from: Loose, of: Shape, run: Run): boolean => {
  let any = false;
  // JSON has no inherited keys, and this is the fastest way through an object.
  for (const name in from) {
    const content = from[name];
    if (content === undefined || content === null) continue;
    const rule = of.rules.get(name);
    const filled = rule ? fillAttribute(content, rule, run) : content;
    if (filled === undefined) continue;
    any = true;
    if (!rule) put(out, name, filled);
    else if (rule.label === undefined || out[name] === undefined || from[rule.label] === undefined) out[name] = filled;
    if (rule?.sibling !== undefined) label(out, from[rule.sibling], filled, rule);
    if (rule && rule.mask !== 0) run.profiles |= rule.mask;
  }
  return any;
};

const fillAttribute = (content: Json, rule: Rule, run: Run): Json | undefined => {
  if (content === null || content === '') return undefined;
  if (rule.list && Array.isArray(content)) {
    const list = content.map(one => fillOne(one, rule, run)).filter(one => one !== undefined);
    return list.length === 0 ? undefined : list;
  }
  return fillOne(content, rule, run);
};

const fillOne = (content: Json, rule: Rule, run: Run): Json | undefined => {
  if (content === null || content === undefined || content === '') return undefined;
  if (rule.free) return freeContent(clean(content, 2));
  if (typeof content === 'string') return wellFormed(content);
  if (!rule.shape || !isObject(content)) return content;
  const out: Record<string, Json> = {};
  return fill(out, content, rule.shape, run) ? out : undefined;
};

const freeContent = (content: Json): Json | undefined =>
  typeof content === 'object' && content !== null && Object.keys(content).length === 0 ? undefined : content;

// The id decides: its caption, or for Other (99) the vendor's word. A caption that the mapping got wrong stays.
const label = (out: Record<string, Json>, given: Json | undefined, id: Json, rule: Rule): void => {
  const captions = rule.captions!;
  const missing = given === undefined || given === null || given === '';
  if (!missing) {
    if (id === 99 && typeof given === 'string') out[rule.sibling!] = ownWord(wellFormed(given), captions.get(99)!);
  } else if (Array.isArray(id)) {
    if (!id.includes(99) && id.every(one => captions.has(one))) out[rule.sibling!] = id.map(one => captions.get(one)!);
  } else if (id !== 99 && captions.has(id)) out[rule.sibling!] = captions.get(id)!;
};
