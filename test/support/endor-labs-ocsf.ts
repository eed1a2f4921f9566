// Endor Labs' records for the tests, and what they become: one event, valid by two validators.
import { expect } from 'vitest';
import { mapping } from '../../receivers/endor-labs/ocsf.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { eventsOf } from '../../src/ocsf/normalize.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { fromMillis } from '../../src/time.ts';
import { independent } from './ocsf.ts';

/** Nothing where `../shared` is absent: then only our own validator is asked. */
export const check = await independent();

export const NOW = Date.UTC(2026, 0, 15, 12);
const recordOf = (raw: Json, feed = 'audit-logs'): AuditRecord => ({
  id: '65f0c0de65f0c0de65f0c0de',
  time: fromMillis(NOW - 1000),
  observed: fromMillis(NOW),
  origin: { receiver: 'endor', type: 'endor-labs', site: 'https://api.endorlabs.com', tenant: 'acme', feed },
  raw,
});

/** The event of a record: made by `normalize`, and valid by two validators. */
export const read = (raw: Json, feed?: string) => {
  const [made, ...more] = eventsOf(recordOf(raw, feed), mapping, { fanout: true, now: NOW });
  expect(more).toEqual([]);
  // biome-ignore lint/suspicious/noExplicitAny: an event is read by path here
  const event = made!.event! as JsonObject & Record<string, any>;
  expect(made!.drift?.kind ?? 'type', made!.drift?.detail).toBe('type'); // neither threw, nor was invalid
  expect(validate(event)).toEqual([]);
  expect(check?.(event) ?? []).toEqual([]);
  return { event, drift: made!.drift?.detail };
};

export const auditLog = (spec: JsonObject, meta: JsonObject = {}): JsonObject => ({
  uuid: '65f0c0de65f0c0de65f0c0de',
  tenant_meta: { namespace: 'acme.team' },
  meta: {
    name: 'wire-audit_log',
    kind: 'AuditLog',
    version: 'v1',
    create_time: '2026-01-15T11:59:59.123456Z',
    created_by: 'jane@example.com@google@api-key',
    ...meta,
  },
  spec,
});

export const CLAIMS = [
  'ID=19946263',
  'email=jane',
  'email=jane@example.com',
  'user=jane@example.com@google',
  'firstname=Jane',
  'lastname=Roe',
  'domain=example.com',
  'source_type=google',
  'issuer=https://api.endorlabs.com/v1',
  'api-key',
];
export const PACKAGE = 'internal.endor.ai.endor.v1';
/** An operation that went well, on a message of this kind. */
export const operation = (kind: string, operation: string, more: JsonObject = {}): JsonObject =>
  auditLog({
    operation,
    message_kind: `${PACKAGE}.${kind}`,
    message_uuid: 'm-1',
    payload: { '@type': `type.googleapis.com/${PACKAGE}.${kind}`, meta: { name: 'thing' }, spec: { disable: true } },
    claims: CLAIMS,
    remote_address: '203.0.113.42:51000',
    ...more,
  });
