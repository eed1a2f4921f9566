// OCSF in tests: synthetic records and a mapping for them, and the independent validator where it is at hand.
import { existsSync } from 'node:fs';
import type { Draft, Mapping } from '../../src/mapping.ts';
import type { AuditRecord, Json } from '../../src/model.ts';

const SHARED = new URL('../../../shared/ocsf/', import.meta.url);

export type Independent = (event: unknown) => readonly { readonly code: string; readonly path: string }[];

/** Every finding of the independent validator, warnings included; nothing where `../shared` is absent. */
export const independent = async (): Promise<Independent | undefined> => {
  if (!existsSync(new URL('validate.mjs', SHARED))) return undefined;
  const { loadSchema, validateEvent } = await import(new URL('validate.mjs', SHARED).href);
  const schema = loadSchema(new URL('schema-1.8.0.json', SHARED).pathname);
  return event => validateEvent(event, schema, { strict: true });
};

export const SHARED_EXAMPLES = new URL('examples.ndjson', SHARED);

/** A record of a vendor that does not exist. */
export const recordOf = (raw: Json, more: Partial<AuditRecord> = {}): AuditRecord => ({
  id: 'rec-1',
  time: [1_768_470_967, 123_456_789],
  observed: [1_768_471_205, 0],
  origin: { receiver: 'acme', type: 'acme', site: 'https://api.acme.example', tenant: 'org-1', feed: 'events' },
  raw,
  ...more,
});

/** A mapping that says the same of every record. */
export const mappingOf = (...drafts: readonly Draft[]): Mapping => ({
  describe: () => ({
    product: { name: 'Acme', vendor_name: 'Acme Inc.', feature: { name: 'Events' } },
    provider: 'Acme',
    log: 'events',
    format: 'JSON',
    version: '1',
    address: 'api.acme.example/v1/events',
    tenant: 'org-1',
  }),
  read: () => drafts,
});

const PERSON = {
  uid: 'u-1',
  name: 'john@acme.example',
  full_name: 'John Smith',
  email_addr: 'john@acme.example',
  type_id: 1,
};

/** A valid draft of each class in use, with more in it than the class requires. */
export const drafts: readonly Draft[] = [
  {
    class_uid: 3001,
    activity_id: 11,
    severity_id: 3,
    status_id: 1,
    message: 'USER_MFA_RESET: Jane Roe',
    metadata: { event_code: 'USER_MFA_RESET', original_time: '2026-01-15T10:56:07.123456789+01:00' },
    attributes: {
      actor: { user: PERSON, app_name: 'cli', session: { credential_uid: '***ab' } },
      user: { uid: 'u-2', account: { uid: 'a-1' } },
    },
    unmapped: { left: [1, null, { a: '' }], none: null },
  },
  {
    class_uid: 3002,
    activity_id: 1,
    severity_id: 2,
    status_id: 2,
    metadata: { event_code: 'mfa_failed' },
    attributes: {
      user: { ...PERSON, type_id: 99, type: 'external' },
      service: { name: 'Acme' },
      auth_protocol_id: 99,
      auth_protocol: 'SSO',
      auth_factors: [
        { factor_type_id: 7, is_totp: true },
        { factor_type_id: 99, factor_type: 'card' },
      ],
      session: { uid: 's-1', created_time: 1_768_470_000_000 },
      src_endpoint: {
        ip: '2001:db8::1',
        os: { name: 'macOS', type_id: 300 },
        location: { country: 'CA', city: 'Toronto', lat: 43.5, long: -79 },
      },
      action_id: 2,
      disposition_id: 2,
      is_remote: true,
      status_detail: 'wrong code',
    },
  },
  { class_uid: 3003, activity_id: 1, status_id: 1, metadata: {}, attributes: { user: PERSON, privileges: ['admin'] } },
  {
    class_uid: 3004,
    activity_id: 99,
    activity_name: 'Polished',
    status_id: 0,
    metadata: { event_code: 'VAULT_POLISHED', tags: [{ name: 'workspace', value: 'w' }] },
    attributes: {
      entity: { name: 'vault', type_id: 99, type: 'Vault', data: { a: [1, null], b: {} } },
      comment: 'shiny',
    },
  },
  {
    class_uid: 3005,
    activity_id: 1,
    status_id: 1,
    metadata: {},
    attributes: {
      user: PERSON,
      privileges: ['read', 'write'],
      resources: [
        { uid: 'r-1', name: 'Figma' },
        { uid: 'r-2', name: 'Slack' },
      ],
    },
  },
  {
    class_uid: 3006,
    activity_id: 7,
    status_id: 1,
    metadata: {},
    attributes: { group: { uid: 'g-1', name: 'ops' }, subgroup: { name: 'on-call' }, user: PERSON },
  },
  {
    class_uid: 6001,
    activity_id: 8,
    severity_id: 2,
    status_id: 1,
    metadata: {},
    attributes: {
      actor: { user: PERSON },
      web_resources: [{ uid: 'i-1', type: 'Item', data: { vault: 'v' } }],
      http_request: { user_agent: 'acme/1', url: { path: '/x' } },
    },
  },
  {
    class_uid: 6003,
    activity_id: 2,
    status_id: 1,
    metadata: {},
    attributes: {
      actor: { user: PERSON },
      api: { operation: 'list' },
      src_endpoint: { ip: '203.0.113.7', uid: 'd-1' },
      resources: [{ uid: 'x' }],
    },
  },
  {
    class_uid: 6005,
    activity_id: 1,
    status_id: 1,
    metadata: {},
    attributes: { actor: { user: PERSON }, src_endpoint: { ip: '203.0.113.7' }, databucket: { name: 'b', type_id: 1 } },
  },
  {
    class_uid: 6006,
    activity_id: 1,
    status_id: 1,
    metadata: {},
    attributes: {
      actor: { user: PERSON },
      src_endpoint: { ip: '203.0.113.7' },
      file: { name: 'f.txt', type_id: 1 },
      device: { uid: 'd', type_id: 2 },
    },
  },
  {
    class_uid: 6008,
    activity_id: 2,
    severity_id: 3,
    status_id: 2,
    metadata: {},
    attributes: { status_detail: 'cannot be read' },
  },
];
