// 1Password's records for the tests, one of each feed, and the events that they become.
import { expect } from 'vitest';
import { mapping } from '../../receivers/onepassword/ocsf.ts';
import { textOf } from '../../src/json.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { complete } from '../../src/ocsf/complete.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { fromMillis, moment } from '../../src/time.ts';

const NOW = Date.UTC(2026, 0, 15, 12);

const record = (raw: JsonObject, feed = 'auditevents'): AuditRecord => ({
  id: String(raw.uuid ?? 'none'),
  time: moment(textOf(raw, 'timestamp'))?.time ?? fromMillis(NOW),
  observed: fromMillis(NOW),
  origin: { receiver: 'audit', type: 'onepassword', site: 'https://events.1password.com', tenant: '', feed },
  raw,
});

export const draftOf = (raw: JsonObject, feed?: string) => mapping.read(record(raw, feed), { fanout: true })[0]!;

/** The whole event, as `normalize` makes it; fails where it is not valid. */
export const eventOf = (
  raw: JsonObject,
  feed?: string,
): Record<string, Json> & { class_uid: number; activity_id: number } => {
  const of = record(raw, feed);
  const event = complete(draftOf(raw, feed), of, mapping.describe(of.origin), { now: NOW });
  expect(validate(event), JSON.stringify(event)).toEqual([]);
  return event as ReturnType<typeof eventOf>; // both are always there
};

/** What every record has. */
export const base = {
  uuid: '56YE2TYN2VFYRLNSHKPW5NVT5E',
  timestamp: '2026-01-15T09:00:00.24645983Z',
  location: { country: 'Canada', region: 'Ontario', city: 'Toronto', latitude: 43.64, longitude: -79.433 },
  account_uuid: 'M4E2SWNZAZFTRGQGDNS2E5A4MU',
};
export const audit = (action: string, object_type: string, more: JsonObject = {}): JsonObject => ({
  ...base,
  actor_uuid: '4HCGRGYCTRQFBMGVEGTABYDU2V',
  actor_details: { uuid: '4HCGRGYCTRQFBMGVEGTABYDU2V', name: 'Jack Example', email: 'jack@example.com' },
  actor_type: 'user',
  action,
  object_type,
  object_uuid: 'OBJECT',
  aux_id: 12,
  aux_uuid: 'AUX',
  session: { uuid: 'SESSION', login_time: '2026-01-15T08:00:00Z', device_uuid: 'device1', ip: '192.0.2.1' },
  ...more,
});
export const signin = (category: string, type: string, more: JsonObject = {}): JsonObject => ({
  ...base,
  session_uuid: 'SESSION',
  category,
  type,
  country: 'CA',
  details: null,
  target_user: { uuid: 'USER', name: 'Jack Example', email: 'jack@example.com', user_type: 'user' },
  client: {
    app_name: '1Password for Mac',
    app_version: '81',
    platform_name: 'Chrome',
    os_name: 'MacOSX',
    os_version: '15.1',
    ip_address: '192.0.2.254',
  },
  ...more,
});
export const usage = (action: string | undefined, more: JsonObject = {}): JsonObject => ({
  ...base,
  used_version: 3,
  vault_uuid: 'vault1',
  item_uuid: 'item1',
  ...(action !== undefined && { action }),
  user: {
    uuid: 'USER',
    name: 'Jack Example',
    email: 'jack@example.com',
    user_type: 'external_user',
    user_account_uuid: 'GUEST',
  },
  client: { app_name: '1Password for Mac', os_name: 'Haiku', ip_address: '2001:db8::7' },
  ...more,
});
