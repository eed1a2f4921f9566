// What follows from a draft: captions, ids, times, raw data, observables.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Draft } from '../../src/mapping.ts';
import type { JsonObject } from '../../src/model.ts';
import { type CompleteOptions, complete, uidOf } from '../../src/ocsf/complete.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { drafts, mappingOf, recordOf } from '../support/ocsf.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const source = mappingOf().describe(recordOf(null).origin);
const make = (draft: Draft, record = recordOf({ a: 'ü' }), options: Partial<CompleteOptions> = {}) =>
  complete(draft, record, source, { now: NOW, ...options });
const [mfa, login, , polished, access, , share] = drafts as [Draft, Draft, Draft, Draft, Draft, Draft, Draft];

describe('an event', () => {
  test.each(drafts.map(draft => [draft.class_uid, draft] as const))('of class %i is valid', (_uid, draft) => {
    expect(validate(make(draft))).toEqual([]);
  });

  test('carries the captions of all its ids', () => {
    expect(make(mfa)).toMatchObject({
      activity_name: 'MFA Factor Disable',
      category_uid: 3,
      category_name: 'Identity & Access Management',
      class_name: 'Account Change',
      type_uid: 300111,
      type_name: 'Account Change: MFA Factor Disable',
      severity: 'Medium',
      status: 'Success',
      actor: { user: { type_id: 1, type: 'User' } },
      raw_data_hash: { algorithm: 'SHA-256' },
    });
    expect(make(login)).toMatchObject({
      action: 'Denied',
      disposition: 'Blocked',
      auth_protocol: 'SSO',
      auth_factors: [{ factor_type: 'OTP' }, { factor_type: 'card' }],
      user: { type: 'external' },
      src_endpoint: { os: { type: 'macOS' } },
    });
  });

  test("names Other in the vendor's word, which is never 'Other' itself", () => {
    expect(make(polished)).toMatchObject({ activity_name: 'Polished', type_name: 'Entity Management: Polished' });
    const { activity_name: _, ...unnamed } = polished;
    expect(make(unnamed)).toMatchObject({ activity_name: 'VAULT_POLISHED' });
    expect(make({ ...unnamed, metadata: {} })).toMatchObject({ activity_name: 'unnamed' });
    const other = make({
      ...polished,
      activity_name: 'Other',
      attributes: { entity: { name: 'x', type_id: 99, type: 'Other' } },
    });
    expect(other).toMatchObject({ activity_name: 'other', entity: { type: 'other' } });
    expect(validate(other)).toEqual([]);
  });

  test('says where and when its record came from', () => {
    const event = make({ ...mfa, metadata: { ...mfa.metadata, labels: ['a'] } });
    expect(event).toMatchObject({ time: 1_768_470_967_123, timezone_offset: 60 });
    expect(event.metadata).toEqual({
      version: '1.8.0',
      uid: uidOf(recordOf(null)),
      original_event_uid: 'rec-1',
      log_provider: 'Acme',
      log_name: 'events',
      log_format: 'JSON',
      log_version: '1',
      log_source: 'api.acme.example/v1/events',
      tenant_uid: 'org-1',
      logged_time: 1_768_471_205_000,
      processed_time: NOW,
      product: { name: 'Acme', vendor_name: 'Acme Inc.', feature: { name: 'Events' } },
      event_code: 'USER_MFA_RESET',
      original_time: '2026-01-15T10:56:07.123456789+01:00',
      labels: ['a'],
    });
  });

  test('names the whole record when it is a part of one', () => {
    expect(make(mfa, recordOf({}, { part: 2 })).metadata).toMatchObject({ correlation_uid: 'rec-1', sequence: 2 });
  });

  test('does not pass our guesses off as the vendor’s words', () => {
    const event = make(mfa, recordOf({}, { guessed: 'both', time: [1_768_471_205, 0] }));
    expect(event.metadata).not.toHaveProperty('original_event_uid');
    expect(event.metadata).toMatchObject({ labels: ['time:observed'] });
    expect(event).not.toHaveProperty('timezone_offset');
  });

  test('takes the time of reading for one that cannot be true', () => {
    const event = make(mfa, recordOf({}, { time: [5, 0] }));
    expect(event).toMatchObject({ time: 1_768_471_205_000, metadata: { labels: ['time:observed'] } });
    expect(validate(event)).toEqual([]);
    expect(validate(make(mfa, recordOf({}, { time: [-5, 0], observed: [7, 0] }), { now: 3 }))).toEqual([]);
  });

  test('lists the profiles that its attributes need, and no other', () => {
    expect(make(share).metadata).toMatchObject({ profiles: ['host'] });
    expect(make(login).metadata).toMatchObject({ profiles: ['security_control'] });
    expect(make(mfa).metadata).not.toHaveProperty('profiles');
    expect(make({ ...share, metadata: { profiles: ['host'] } }).metadata).toMatchObject({ profiles: ['host'] });
  });

  test('leaves out what says nothing, except where it keeps a place', () => {
    const attributes = {
      user: { uid: 'u', name: '', email_addr: undefined },
      actor: { user: { uid: null } },
      policies: [],
    } as unknown as JsonObject;
    const event = make({
      ...mfa,
      attributes,
      unmapped: { list: [1, null], none: null, deep: { none: null, text: '' } },
    });
    expect(event.user).toEqual({ uid: 'u' });
    expect(event).not.toHaveProperty('actor');
    expect(event).not.toHaveProperty('policies');
    expect(event.unmapped).toEqual({ list: [1, null], deep: { text: '' } });
  });

  test('keeps what a mapping got wrong, for the validator to tell', () => {
    const wrong = {
      ...mfa,
      attributes: { user: { uid: 'u', type_id: 1, type: 'Robot', email_addr: 'nobody' }, colour: 'red' },
    };
    expect(validate(make(wrong)).map(({ path, code }) => `${path} ${code}`)).toEqual([
      '/user/type sibling_differs',
      '/user/email_addr regex',
      '/colour attribute_unknown',
    ]);
  });

  test('drops no attribute for its name', () => {
    const attributes = JSON.parse('{"user":{"uid":"u","__proto__":{"name":"x"}}}') as JsonObject;
    expect(validate(make({ ...mfa, attributes }))).toMatchObject([
      { path: '/user/__proto__', code: 'attribute_unknown' },
    ]);
  });

  test('is refused for a class that is not in use', () => {
    expect(() => make({ ...mfa, class_uid: 1001 })).toThrow(/class 1001/);
  });
});

describe('severity', () => {
  test('is of the table, or informational throughout', () => {
    expect(make(mfa)).toMatchObject({ severity_id: 3, severity: 'Medium' });
    expect(make(mfa, undefined, { severity: 'informational' })).toMatchObject({
      severity_id: 1,
      severity: 'Informational',
    });
    expect(make(access)).toMatchObject({ severity_id: 1 });
  });
});

describe('raw data', () => {
  const text = '{"a":"ü"}';
  const sha = createHash('sha256').update(text).digest('hex');

  test('travels whole, as a hash, or not at all', () => {
    const kept = { raw_data_size: 10, raw_data_hash: { algorithm_id: 3, algorithm: 'SHA-256', value: sha } };
    expect(make(mfa)).toMatchObject({ raw_data: text, ...kept });
    const hashed = make(mfa, undefined, { rawData: 'hash' });
    expect(hashed).toMatchObject(kept);
    expect(hashed).not.toHaveProperty('raw_data');
    expect(Object.keys(make(mfa, undefined, { rawData: 'none' })).filter(key => key.startsWith('raw'))).toEqual([]);
  });

  test('is a row of CSV as it is', () => {
    expect(make(mfa, recordOf('a,"b"')).raw_data).toBe('a,"b"');
  });
});

describe('the uid', () => {
  test('is a UUID of version 5 that nothing but the identity, the id and the part decides', () => {
    const uid = uidOf(recordOf({ a: 1 }));
    expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const { origin } = recordOf(null);
    expect(uidOf(recordOf('other', { origin: { ...origin, receiver: 'renamed' }, observed: [1, 1] }))).toBe(uid);
    const others = [
      { id: 'rec-2' },
      { part: 1 },
      { origin: { ...origin, type: 'x' } },
      { origin: { ...origin, site: 'x' } },
      { origin: { ...origin, tenant: 'x' } },
      { origin: { ...origin, feed: 'x' } },
    ].map(more => uidOf(recordOf(null, more)));
    expect(new Set([uid, ...others]).size).toBe(7);
  });

  test('is the one that any maker of UUIDs gives for this name', () => {
    expect(uidOf(recordOf(null))).toBe('18a5ed23-8414-50da-96ba-1146762eeadb');
  });
});

describe('observables', () => {
  test('name the people, addresses and things of the event', () => {
    const list = (draft: Draft) =>
      (make(draft).observables as JsonObject[]).map(o => `${o.name} ${o.type_id} ${o.type} ${o.value}`);
    expect(list(mfa)).toEqual([
      'actor.user.uid 31 User Object: uid u-1',
      'actor.user.name 4 User Name john@acme.example',
      'actor.user.email_addr 5 Email Address john@acme.example',
      'actor.session.credential_uid 19 User Credential ID ***ab',
      'user.uid 31 User Object: uid u-2',
    ]);
    expect(list(access).slice(3)).toEqual([
      'resources[0].uid 10 Resource UID r-1',
      'resources[0].name 38 Resource Details Object: name Figma',
      'resources[1].uid 10 Resource UID r-2',
      'resources[1].name 38 Resource Details Object: name Slack',
    ]);
  });
});
