// A record's events, whatever the record is: the mapping's where it reads and validates, else a fallback that carries the
// whole record. Nothing that a vendor sends, and nothing that a mapping does, loses a record or stops the pipeline.
import { describe } from '../fault.ts';
import { isObject } from '../json.ts';
import type { Draft, Mapping, Source } from '../mapping.ts';
import type { AuditRecord, Drift, Json, JsonObject, OcsfEvent, Origin } from '../model.ts';
import { wellFormed } from './clean.ts';
import { type CompleteOptions, completed, rawOf } from './complete.ts';
import type { Finding } from './finding.ts';
import { schemaOf } from './schema.ts';
import { validate } from './validate.ts';

export interface NormalizeOptions extends CompleteOptions {
  /** Whether sub-events become events of their own. */
  readonly fanout: boolean;
  /** What the user says of types that no table has, by the receiver's type: the first reads like the second. */
  readonly types?: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined;
}

/**
 * The record with its event, or one record for each of its events, numbered as parts. A record that has an event is left
 * alone. Every event is valid; never throws.
 */
export const eventsOf = (
  record: AuditRecord,
  mapping: Mapping | undefined,
  options: NormalizeOptions,
): readonly AuditRecord[] => {
  if (record.event) return [record];
  if (!mapping)
    return [
      fallback(
        record,
        undefined,
        { kind: 'type', detail: `the receiver type ${record.origin.type} has no mapping` },
        options,
      ),
    ];
  let source: Source | undefined;
  try {
    source = sourceOf(mapping, record.origin);
    const drafts = mapping.read(record, { fanout: options.fanout, types: options.types?.get(record.origin.type) });
    if (drafts.length === 0) throw new Error('the mapping found no event in the record');
    return parts(record, drafts, source, options);
  } catch (error) {
    return [fallback(record, source, { kind: 'throws', detail: short(describe(error)) }, options)];
  }
};

/** What a mapping says of an origin is the same for all its records, which share that origin as one object. */
const sourceOf = (mapping: Mapping, origin: Origin): Source => {
  const last = described.get(mapping);
  if (last?.origin === origin) return last.source;
  const source = mapping.describe(origin);
  described.set(mapping, { origin, source });
  return source;
};
const described = new WeakMap<Mapping, { readonly origin: Origin; readonly source: Source }>();

/** In all parts of a record together, its words are repeated up to this many characters; beyond, the first has them. */
export const REPEAT_LIMIT = 1024 * 1024;

const parts = (
  record: AuditRecord,
  drafts: readonly Draft[],
  source: Source,
  options: NormalizeOptions,
): readonly AuditRecord[] => {
  const raw = rawOf(record, options.rawData);
  if (drafts.length === 1) return [one(record, drafts[0]!, source, options, raw)];
  const { raw_data: text, ...rest } = raw;
  const repeat = typeof text !== 'string' || text.length * drafts.length <= REPEAT_LIMIT;
  return drafts.map((draft, part) =>
    one({ ...record, part }, draft, source, options, repeat || part === 0 ? raw : rest),
  );
};

const one = (
  record: AuditRecord,
  draft: Draft,
  source: Source,
  options: NormalizeOptions,
  raw: JsonObject,
): AuditRecord => {
  const { event, sure } = completed(draft, record, source, options, raw);
  const findings = sure ? [] : check(event, options);
  if (findings.length > 0)
    return fallback(record, source, { kind: 'invalid', detail: inWords(findings) }, options, raw);
  return draft.unknown === undefined
    ? { ...record, event }
    : { ...record, event, drift: { kind: 'type', detail: short(draft.unknown) } };
};

const check = (event: OcsfEvent, { version = '1.8.0' }: NormalizeOptions): readonly Finding[] =>
  validate(event, { schema: schemaOf(version), trusted: true });

const inWords = (findings: readonly Finding[]): string => {
  const said = findings.slice(0, 3).map(({ path, text }) => `${path} ${text}`);
  return short(`the event is not valid: ${said.join('; ')}${findings.length > 3 ? '; and more' : ''}`);
};

// First with the whole record under `unmapped`; where even that cannot be, as an error of translation.
const fallback = (
  record: AuditRecord,
  source: Source | undefined,
  drift: Drift,
  options: NormalizeOptions,
  words?: JsonObject,
): AuditRecord => {
  const make = (draft: Draft, from: Source, raw = words ?? rawOf(record, options.rawData)) =>
    completed(draft, record, from, options, raw).event;
  const attempts = [
    () => make(unmapped(record, drift), source ?? plain(record)),
    () => make(unmapped(record, drift), plain(record)),
    () => make(untranslated(drift), plain(record)),
  ];
  for (const attempt of attempts) {
    try {
      const event = attempt();
      if (check(event, options).length === 0) return { ...record, event, drift };
    } catch {
      // the next one asks for less
    }
  }
  return { ...record, event: make(untranslated(drift), plain(record), {}), drift };
};

/** What can be said of a source whose mapping says nothing. */
const plain = ({ origin }: AuditRecord): Source => ({
  product: { name: wellFormed(origin.type) || 'unknown', vendor_name: wellFormed(origin.type) },
  provider: origin.type,
  log: origin.feed,
  format: 'JSON',
  address: origin.site,
  tenant: origin.tenant,
});

const unmapped = ({ origin, raw }: AuditRecord, drift: Drift): Draft => ({
  class_uid: 3004,
  activity_id: 99,
  activity_name: 'unmapped',
  status_id: 0,
  message: `A record of ${origin.type || 'an unknown source'} that no rule maps`,
  metadata: { labels: [`mapping:${drift.kind}`] },
  attributes: {
    entity: { name: `${origin.type || 'unknown'} record`, type_id: 99, type: 'Record' },
    status_detail: drift.detail,
  },
  unmapped: isObject(raw) ? raw : { raw: raw as Json },
});

const untranslated = (drift: Drift): Draft => ({
  class_uid: 6008,
  activity_id: 2,
  severity_id: 3,
  status_id: 2,
  message: 'A record that cannot be translated',
  metadata: { labels: [`mapping:${drift.kind}`] } satisfies JsonObject,
  attributes: { status_detail: drift.detail },
});

const short = (text: string): string => wellFormed(text.length > 500 ? `${text.slice(0, 499)}…` : text) || 'unnamed';
