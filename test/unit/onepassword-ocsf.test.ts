// What 1Password's records become in OCSF: every action on every object is valid, and the pairs that matter are right.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mapping } from '../../receivers/onepassword/ocsf.ts';
import { OBJECTS, VERBS } from '../../receivers/onepassword/ocsf-audit-table.ts';
import { countryCode } from '../../receivers/onepassword/ocsf-countries.ts';
import { textOf } from '../../src/json.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { complete } from '../../src/ocsf/complete.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { fromMillis, moment } from '../../src/time.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const SHARED = new URL('../../../shared/', import.meta.url);
const shared = existsSync(SHARED);

const record = (raw: JsonObject, feed = 'auditevents'): AuditRecord => ({
  id: String(raw.uuid ?? 'none'),
  time: moment(textOf(raw, 'timestamp'))?.time ?? fromMillis(NOW),
  observed: fromMillis(NOW),
  origin: { receiver: 'audit', type: 'onepassword', site: 'https://events.1password.com', tenant: '', feed },
  raw,
});

const draftOf = (raw: JsonObject, feed?: string) => mapping.read(record(raw, feed), { fanout: true })[0]!;

/** The whole event, as `normalize` makes it; fails where it is not valid. */
const eventOf = (raw: JsonObject, feed?: string): Record<string, Json> & { class_uid: number; activity_id: number } => {
  const of = record(raw, feed);
  const event = complete(draftOf(raw, feed), of, mapping.describe(of.origin), { now: NOW });
  expect(validate(event), JSON.stringify(event)).toEqual([]);
  return event as ReturnType<typeof eventOf>; // both are always there
};

const base = {
  uuid: '56YE2TYN2VFYRLNSHKPW5NVT5E',
  timestamp: '2026-01-15T09:00:00.24645983Z',
  location: { country: 'Canada', region: 'Ontario', city: 'Toronto', latitude: 43.64, longitude: -79.433 },
  account_uuid: 'M4E2SWNZAZFTRGQGDNS2E5A4MU',
};
const audit = (action: string, object_type: string, more: JsonObject = {}): JsonObject => ({
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
const signin = (category: string, type: string, more: JsonObject = {}): JsonObject => ({
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
const usage = (action: string | undefined, more: JsonObject = {}): JsonObject => ({
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

describe('audit events', () => {
  it('are valid for every action on every object, whatever else the record lacks', () => {
    for (const object of [...Object.keys(OBJECTS), 'newer', 'constructor', '__proto__'])
      for (const action of [...Object.keys(VERBS), 'newer', 'toString', 'a.b.c', '.']) {
        eventOf(audit(action, object));
        eventOf({ ...base, action, object_type: object });
        eventOf(
          audit(action, object, {
            object_details: { name: 'Wendy', email: 'no address' },
            aux_details: { name: 'Olaf' },
            aux_info: 'A',
          }),
        );
      }
  });

  it.each([
    ['create', 'user', 3001, 1, 1],
    ['reactive', 'user', 3001, 2, 1],
    ['changemp', 'user', 3001, 3, 1],
    ['completr', 'user', 3001, 4, 1],
    ['suspend', 'user', 3001, 5, 1],
    ['delete', 'user', 3001, 6, 1],
    ['enblmfa', 'user', 3001, 10, 1],
    ['disblduo', 'user', 3001, 11, 3],
    ['beginr', 'user', 3001, 99, 2],
    ['trvlaway', 'user', 3001, 99, 1],
    ['dealldev', 'user', 3004, 7, 1],
    ['reauth', 'user', 3004, 10, 1],
    ['tdvcsso', 'user', 3004, 6, 1],
    ['musercom', 'miguser', 3001, 99, 1],
    ['propose', 'ec', 3001, 99, 1],
    ['create', 'cred', 3001, 10, 1],
    ['delete', 'cred', 3001, 11, 1],
    ['cancel', 'invite', 3004, 4, 1],
    ['resendts', 'invite', 3004, 99, 1],
    ['create', 'group', 3006, 6, 1],
    ['purge', 'group', 3006, 5, 1],
    ['join', 'gm', 3006, 3, 1],
    ['leave', 'gm', 3006, 4, 1],
    ['role', 'gm', 3006, 99, 1],
    ['grant', 'gva', 3006, 1, 1],
    ['revoke', 'gva', 3006, 2, 1],
    ['grant', 'uva', 3005, 1, 1],
    ['revoke', 'uva', 3005, 2, 1],
    ['update', 'uva', 3005, 99, 1],
    ['activate', 'vault', 3004, 10, 1],
    ['export', 'vault', 6001, 7, 3],
    ['purge', 'vault', 6001, 4, 1],
    ['replace', 'vaultkey', 3004, 3, 1],
    ['share', 'item', 6001, 8, 2],
    ['delshare', 'item', 6001, 99, 1],
    ['patch', 'items', 6001, 3, 1],
    ['delete', 'file', 6001, 4, 1],
    ['export', 'report', 6001, 7, 2],
    ['create', 'device', 3004, 6, 1],
    ['deolddev', 'device', 3004, 7, 1],
    ['updatfw', 'account', 3004, 3, 3],
    ['disblmfa', 'account', 3004, 9, 3],
    ['dvrfydmn', 'account', 3004, 4, 1],
    ['dlgsess', 'account', 3002, 99, 1],
    ['disblsso', 'sso', 3004, 9, 3],
    ['addgsso', 'sso', 3004, 3, 1],
    ['ssotknv', 'ssotkn', 3002, 99, 1],
    ['dlgsess', 'dlgdsess', 3002, 99, 1],
    ['expire', 'dlgdsess', 3002, 2, 1],
    ['create', 'sa', 3001, 1, 2],
    ['create', 'satoken', 3004, 1, 2],
    ['trevoke', 'satoken', 3004, 4, 1],
    ['tverify', 'satoken', 3004, 99, 1],
    ['unhide', 'template', 3004, 8, 1],
    ['create', 'slackapp', 3004, 1, 1],
    ['cancel', 'sub', 3004, 11, 1],
    ['detchild', 'famchild', 3004, 7, 1],
    ['unlink', 'mngdacc', 3004, 7, 1],
  ])('%s %s is class %i, activity %i, severity %i', (action, object, class_uid, activity_id, severity_id) => {
    expect(eventOf(audit(action, object))).toMatchObject({ class_uid, activity_id, severity_id, status_id: 1 });
    expect(draftOf(audit(action, object)).unknown).toBeUndefined();
  });

  it('say who, whom, where and when', () => {
    expect(
      eventOf(
        audit('join', 'gm', { aux_info: 'A', aux_details: { uuid: 'AUX', name: 'Wendy', email: 'wendy@example.com' } }),
      ),
    ).toMatchObject({
      time: Date.parse('2026-01-15T09:00:00.246Z'),
      timezone_offset: 0,
      message: '1Password gm join',
      metadata: {
        event_code: 'join',
        tenant_uid: base.account_uuid,
        original_time: base.timestamp,
        log_name: 'auditevents',
        log_version: 'v2',
      },
      actor: {
        user: {
          uid: '4HCGRGYCTRQFBMGVEGTABYDU2V',
          name: 'jack@example.com',
          full_name: 'Jack Example',
          email_addr: 'jack@example.com',
          type: 'User',
        },
        session: { uid: 'SESSION', created_time: Date.parse('2026-01-15T08:00:00Z') },
      },
      src_endpoint: {
        ip: '192.0.2.1',
        uid: 'device1',
        location: { country: 'CA', region: 'Ontario', city: 'Toronto', lat: 43.64, long: -79.433 },
      },
      group: { uid: 'OBJECT' },
      user: { uid: 'AUX', name: 'wendy@example.com', full_name: 'Wendy' },
      privileges: ['manager'],
      unmapped: { object_type: 'gm', aux_id: 12 },
    });
  });

  it('put each id where it belongs', () => {
    expect(eventOf(audit('grant', 'uva'))).toMatchObject({
      user: { uid: 'AUX' },
      resources: [{ uid: 'OBJECT', type: 'Vault' }],
      privileges: ['vault access'],
    });
    expect(eventOf(audit('grant', 'gva'))).toMatchObject({
      group: { uid: 'AUX' },
      resource: { uid: 'OBJECT', type: 'Vault' },
    });
    expect(eventOf(audit('share', 'item'))).toMatchObject({
      web_resources: [{ uid: 'OBJECT', type: 'Item', data: { vault_uuid: 'AUX' } }],
      metadata: { profiles: ['host'] },
    });
    expect(eventOf(audit('patch', 'items', { aux_info: '1 update' }))).toMatchObject({
      web_resources: [{ uid: 'OBJECT', type: 'Vault' }],
      unmapped: { object_type: 'items', aux_uuid: 'AUX', aux_info: '1 update' },
    });
    expect(eventOf(audit('dlgsess', 'dlgdsess'))).toMatchObject({
      session: { uid: 'SESSION', uid_alt: 'AUX' },
      user: { name: 'jack@example.com' },
    });
    expect(eventOf(audit('create', 'device'))).toMatchObject({
      entity: { uid: 'OBJECT', type: 'Device', user: { uid: 'AUX' } },
    });
    expect(eventOf(audit('updatfw', 'account'))).toMatchObject({
      entity: { type: 'Policy', policy: { name: 'Firewall rules' } },
    });
    expect(eventOf(audit('create', 'sa'))).toMatchObject({ user: { uid: 'OBJECT', type: 'Service' } });
  });

  it('never invent a target: what is not in the record becomes an entity by the same verb', () => {
    const { object_uuid: _, aux_uuid: __, ...bare } = audit('create', 'user');
    expect(eventOf(bare)).toMatchObject({ class_uid: 3004, activity_id: 1, entity: { name: 'User', type: 'User' } });
    expect(eventOf({ ...bare, action: 'create', object_type: 'group' })).toMatchObject({
      class_uid: 3004,
      activity_id: 1,
      entity: { type: 'Group' },
    });
    expect(eventOf({ ...bare, action: 'share', object_type: 'item', aux_uuid: 'V' })).toMatchObject({
      class_uid: 3004,
      unmapped: { aux_uuid: 'V' },
    });
  });

  it('name what no row knows, and map it by its verb', () => {
    expect(draftOf(audit('create', 'passport'))).toMatchObject({
      class_uid: 3004,
      activity_id: 1,
      unknown: 'passport/create',
    });
    expect(draftOf(audit('chngfoo', 'passport'))).toMatchObject({ activity_id: 3, unknown: 'passport/chngfoo' });
    expect(draftOf(audit('juggle', 'user'))).toMatchObject({
      class_uid: 3001,
      activity_id: 99,
      activity_name: 'juggle',
      unknown: 'user/juggle',
    });
    expect(draftOf({ ...base })).toMatchObject({ class_uid: 3004, unknown: 'none/none' });
  });

  it('route the words of the v3 beta by their first and last part', () => {
    expect(draftOf(audit('service-account.token.create', ''))).toMatchObject({
      class_uid: 3004,
      activity_id: 1,
      severity_id: 2,
      metadata: { event_code: 'service-account.token.create' },
    });
    expect(draftOf(audit('user.suspend', ''))).toMatchObject({ class_uid: 3001, activity_id: 5 });
    expect(draftOf(audit('user.suspend', '')).unknown).toBeUndefined();
    expect(draftOf(audit('moon.phase.change', '')).unknown).toBe('moon/moon.phase.change');
  });

  it('keep both ids where the details tell another one than the field beside them', () => {
    const raw = audit('suspend', 'user', {
      object_details: { uuid: 'ANOTHER', name: 'Wendy', email: 'wendy@example.com' },
    });
    expect(eventOf(raw)).toMatchObject({
      user: { uid: 'OBJECT', full_name: 'Wendy' },
      unmapped: { object_details: { uuid: 'ANOTHER' } },
    });
  });

  it('tell service accounts and guests from people', () => {
    const bot = audit('create', 'item', { actor_details: { name: 'CI', email: 'abc@1passwordserviceaccounts.com' } });
    expect(eventOf(bot)).toMatchObject({ actor: { user: { type: 'Service' } } });
    expect(eventOf(audit('create', 'item', { actor_type: 'external_user' }))).toMatchObject({
      actor: { user: { type: 'User' } },
      unmapped: { actor_type: 'external_user' },
    });
    expect(eventOf(audit('create', 'item', { actor_type: 'robot' }))).toMatchObject({
      actor: { user: { type_id: 99, type: 'robot' } },
    });
  });
});

describe('sign-in attempts', () => {
  it.each([
    ['success', 'mfa_ok', 1, 1, true],
    ['success', 'credentials_ok', 1, 1, false],
    ['credentials_failed', 'password_secret_bad', 2, 2, undefined],
    ['mfa_failed', 'totp_bad', 2, 2, true],
    ['sso_failed', 'sso_user_mismatch', 2, 2, undefined],
    ['modern_version_failed', 'modern_version_old', 2, 2, undefined],
    ['firewall_failed', 'country_blocked', 2, 2, undefined],
    ['firewall_reported_success', 'ip_blocked', 1, 2, undefined],
  ])('%s (%s): status %i, severity %i', (category, type, status_id, severity_id, is_mfa) => {
    const event = eventOf(signin(category, type), 'signinattempts');
    expect(event).toMatchObject({
      class_uid: 3002,
      activity_id: 1,
      status_id,
      severity_id,
      status_code: type,
      is_remote: true,
    });
    expect(event.is_mfa).toBe(is_mfa);
  });

  it('say who, with what and from where', () => {
    const event = eventOf(
      signin('firewall_failed', 'country_blocked', { details: { value: 'Brazil' } }),
      'signinattempts',
    );
    expect(event).toMatchObject({
      user: { uid: 'USER', name: 'jack@example.com' },
      actor: { user: { uid: 'USER' }, app_name: '1Password for Mac' },
      src_endpoint: {
        ip: '192.0.2.254',
        os: { name: 'MacOSX', type: 'macOS', version: '15.1' },
        location: { country: 'CA' },
      },
      service: { name: '1Password', uid: base.account_uuid },
      session: { uid: 'SESSION' },
      status_detail: 'Brazil',
      action: 'Denied',
      disposition: 'Blocked',
      metadata: { event_code: 'firewall_failed', profiles: ['security_control'] },
      unmapped: { client: { app_version: '81', platform_name: 'Chrome' } },
    });
    expect(eventOf(signin('credentials_failed', 'totp_bad'), 'signinattempts')).toMatchObject({
      auth_factors: [{ factor_type: 'OTP', is_totp: true }],
      status_detail: 'credentials_failed',
    });
    expect(eventOf(signin('success', 'federated'), 'signinattempts')).toMatchObject({
      auth_protocol: 'SSO',
      auth_protocol_id: 99,
    });
  });

  it('read the older spellings: client.ip, UK, offsets, `type` for `user_type`', () => {
    const old = signin('mfa_failed', 'u2f_timout', {
      timestamp: '2021-08-11T15:28:09.477505434-03:00',
      country: 'UK',
      location: null,
      client: { ip: '198.51.100.9', os_name: 'Android' },
      target_user: { uuid: 'USER', name: 'J', email: 'j@example.com', type: 'user' },
    });
    expect(eventOf(old, 'v1/signinattempts')).toMatchObject({
      timezone_offset: -180,
      src_endpoint: { ip: '198.51.100.9', location: { country: 'GB' } },
      user: { type: 'User' },
      metadata: { log_version: 'v1', log_name: 'signinattempts' },
    });
    expect(draftOf(old, 'v1/signinattempts').unknown).toBeUndefined();
  });

  it('keep what does not fit: a bad address, a country that differs, an attempt of nobody', () => {
    const odd = signin('success', 'mfa_ok', { country: 'France', client: { ip_address: 'unknown' } });
    expect(eventOf(odd, 'signinattempts')).toMatchObject({
      unmapped: { country: 'France', client: { ip_address: 'unknown' } },
    });
    expect(eventOf(signin('success', 'mfa_ok', { country: 'FR' }), 'signinattempts')).toMatchObject({
      src_endpoint: { location: { country: 'CA' } },
      unmapped: { country: 'FR' },
    });
    expect(eventOf(signin('success', 'mfa_ok', { target_user: null }), 'signinattempts')).toMatchObject({
      class_uid: 3004,
      entity: { type: 'User' },
      unmapped: { session_uuid: 'SESSION' },
    });
  });

  it('name what is newer than the table', () => {
    expect(draftOf(signin('success', 'telepathy_ok'), 'signinattempts')).toMatchObject({
      class_uid: 3002,
      unknown: 'success/telepathy_ok',
    });
    expect(draftOf(signin('perhaps', 'mfa_ok'), 'signinattempts')).toMatchObject({
      status_id: 0,
      unknown: 'perhaps/mfa_ok',
    });
    eventOf(signin('constructor', '__proto__'), 'signinattempts');
  });
});

describe('item usages', () => {
  it.each([
    ['fill', 2, 1],
    ['reveal', 2, 1],
    ['secure-copy', 2, 1],
    ['server-create', 1, 1],
    ['server-fetch', 2, 1],
    ['server-update', 3, 1],
    ['export', 7, 2],
    ['share', 8, 2],
    ['select-sso-provider', 2, 1],
    ['enter-item-edit-mode', 2, 1],
    ['other', 99, 1],
    [undefined, 2, 1],
  ])('%s is activity %i, severity %i', (action, activity_id, severity_id) => {
    expect(eventOf(usage(action), 'itemusages')).toMatchObject({ class_uid: 6001, activity_id, severity_id });
    expect(draftOf(usage(action), 'itemusages').unknown).toBeUndefined();
  });

  it('say which item, whose and with what', () => {
    expect(eventOf(usage('reveal'), 'itemusages')).toMatchObject({
      web_resources: [{ uid: 'item1', type: 'Item', data: { vault_uuid: 'vault1', used_version: 3 } }],
      actor: {
        user: { uid: 'USER', type_id: 99, type: 'external_user', account: { uid: 'GUEST' } },
        app_name: '1Password for Mac',
      },
      src_endpoint: { ip: '2001:db8::7', os: { name: 'Haiku', type_id: 99, type: 'Haiku' } },
      metadata: { profiles: ['host'] },
    });
  });

  it('hold for a usage of no item, of nobody, and by an unknown word', () => {
    expect(eventOf(usage('share', { item_uuid: null }), 'itemusages')).toMatchObject({
      class_uid: 3004,
      activity_id: 99,
      entity: { name: 'item' },
    });
    eventOf(usage('fill', { user: null, client: null }), 'itemusages');
    expect(draftOf(usage('juggle'), 'itemusages')).toMatchObject({
      activity_id: 99,
      activity_name: 'juggle',
      unknown: 'juggle',
    });
  });
});

describe('any record', () => {
  it('loses nothing: what no attribute holds is unmapped, at its path', () => {
    const raw = audit('create', 'vault', {
      novel: { deep: [1, 2] },
      session: { uuid: 'S', ip: 'x', login_time: 'yesterday' },
    });
    expect(eventOf(raw).unmapped).toEqual({
      object_type: 'vault',
      aux_id: 12,
      aux_uuid: 'AUX',
      novel: { deep: [1, 2] },
      location: base.location, // no address: OCSF has no endpoint to hang a place on
      session: { ip: 'x', login_time: 'yesterday' },
    });
  });

  it('is read whatever its fields hold', () => {
    for (const feed of ['auditevents', 'signinattempts', 'itemusages', 'newer'])
      for (const value of [null, 0, '', 'x', true, [], [null], {}, { uuid: 1, name: [], email: {} }] as Json[])
        eventOf(
          Object.fromEntries(
            [...Object.keys({ ...audit('a', 'b'), ...signin('a', 'b'), ...usage('a') })].map(key => [key, value]),
          ),
          feed,
        );
  });
});

describe('countries', () => {
  it.each([
    ['France', 'FR'],
    ['United States', 'US'],
    ['Israel', 'IL'],
    ['UK', 'GB'],
    ['uk', 'GB'],
    ['United Kingdom', 'GB'],
    ['ar', 'AR'],
    ['Czech Republic', 'CZ'],
    ['Myanmar', 'MM'],
    ['Côte d’Ivoire', 'CI'],
    ["Côte d'Ivoire", 'CI'],
    ['Atlantis', 'Atlantis'],
  ])('%s is %s', (name, code) => {
    expect(countryCode(name)).toBe(code);
  });
});

describe.skipIf(!shared)('the public samples and lists (left out where ../shared is not there)', () => {
  const read = (path: string) => JSON.parse(readFileSync(new URL(`samples/onepassword/${path}`, SHARED), 'utf8'));

  it('have no action, object, category or type without a row, and all come out valid by the independent validator', async () => {
    const { loadSchema, validateEvent } = await import(new URL('ocsf/validate.mjs', SHARED).href);
    const schema = loadSchema(new URL('ocsf/schema-1.8.0.json', SHARED).pathname);
    const lists = read('enumerations.json');
    const pages = ['demisto.auditevents_response_1.json', 'demisto.auditevents_response_2.json'].flatMap(
      page => read(page).items,
    );
    const all: [JsonObject, string][] = [
      ...lists.audit_action.v1_4_1.flatMap((action: string) =>
        lists.audit_object_type.v1_4_1.map((object: string) => [audit(action, object), 'auditevents']),
      ),
      ...pages.map((item: JsonObject) => [item, 'auditevents']),
      ...lists.signin_category.flatMap((category: string) =>
        [...lists.signin_type.v1_4_1, ...lists.signin_type.v1_2_0_only].map((type: string) => [
          signin(category, type),
          'signinattempts',
        ]),
      ),
      ...lists.item_usage_action.v1_4_1.map((action: string) => [usage(action), 'itemusages']),
    ];
    for (const [raw, feed] of all) {
      expect(draftOf(raw, feed).unknown).toBeUndefined();
      expect(validateEvent(eventOf(raw, feed), schema, { strict: true })).toEqual([]);
    }
    expect(all.length).toBeGreaterThan(2500);
  });
});
