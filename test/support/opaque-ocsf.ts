// Rows of an export as records, and what they become: one event, valid by two validators.
import { expect } from 'vitest';
import { mapping } from '../../receivers/opaque/ocsf.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { eventsOf } from '../../src/ocsf/normalize.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { independent } from './ocsf.ts';

const check = await independent(); // nothing where ../shared is absent: then only our own validator is asked

export const NOW = Date.UTC(2026, 0, 15, 12);
const ORIGIN = { receiver: 'opaque', type: 'opaque', site: 'drop', tenant: 'acme', feed: '' };
/** What every row tells of its export. */
export const EXPORT = {
  archive: 'export.zip',
  sha256: 'ab'.repeat(32),
  row: 7,
  signature: 'verified',
  key: '0123456789abcdef',
  filtered: 'no',
  query: '{}',
};

export const recordOf = (raw: Json, id = 'evt-1'): AuditRecord => ({
  id,
  time: [NOW / 1000, 0],
  observed: [NOW / 1000 + 60, 0],
  origin: ORIGIN,
  raw,
});

// biome-ignore lint/suspicious/noExplicitAny: an event is read by path here
export type Event = JsonObject & Record<string, any>;

/** The event of a row: made by `normalize`, and valid by two validators. */
export const read = (raw: Json, id?: string): { readonly event: Event; readonly drift: string | undefined } => {
  const [made, ...more] = eventsOf(recordOf(raw, id), mapping, { fanout: true, now: NOW });
  expect(more).toEqual([]);
  const event = made!.event as Event;
  expect(made!.drift?.kind ?? 'type', made!.drift?.detail).toBe('type'); // neither threw, nor was invalid
  expect(validate(event)).toEqual([]);
  expect(check?.(event) ?? []).toEqual([]);
  return { event, drift: made!.drift?.detail };
};

export const ROW = {
  'Event ID': 'evt-1',
  Actor: 'ada@example.com',
  Workspace: 'claims',
  Action: 'Log in',
  Timestamp: '2026-01-15T12:00:00+01:00',
  Status: 'success',
};

/** A usual row, but for these cells. */
export const row = (cells: JsonObject, more: JsonObject = {}) => ({
  row: { ...ROW, ...cells },
  export: { ...EXPORT, ...more },
});
