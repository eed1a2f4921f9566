// Opal's names and records in OCSF: each row of the grammar, what is done where a record says too little, and that every
// event of a few hundred types is valid.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mapping } from '../../receivers/opal/ocsf.ts';
import { readType } from '../../receivers/opal/ocsf-grammar.ts';
import { eventOfType, eventTypes, type World } from '../../receivers/opal/simulator-events.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { eventsOf } from '../../src/ocsf/normalize.ts';
import { schemaOf } from '../../src/ocsf/schema.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { people, random } from '../../src/simulation/random.ts';

const origin = { receiver: 'opal', type: 'opal', site: 'https://api.opal.dev', tenant: '', feed: '' };
const recordOf = (raw: Json): AuditRecord => ({
  id: 'e-1',
  time: [1768471200, 0],
  observed: [1768471205, 0],
  origin,
  raw,
});
const read = (raw: Json, fanout = true) => mapping.read(recordOf(raw), { fanout });
const settings = { fanout: true, now: Date.UTC(2026, 0, 15, 10) };

const actor = { actor_user_id: 'u-0', actor_name: 'Ada Abara', actor_email: 'ada@example.com' };
const everything = {
  user_id: 'u-1',
  user_name: 'Bo Ueda',
  user_email: 'bo@example.com',
  group_id: 'g-1',
  group_name: 'prod-admins',
  subgroup_id: 'g-2',
  subgroup_name: 'on-call',
  resource_id: 'r-1',
  resource_name: 'Figma',
  access_level_name: 'admin',
  session_id: 's-1',
  request_id: 'q-1',
  reason: 'audit',
};
const eventOf = (type: string, fields: JsonObject = everything): JsonObject => ({
  event_id: 'e-1',
  ...actor,
  event_type: type,
  created_at: '2026-01-15T10:00:00.000Z',
  sub_events: [{ sub_event_type: type, ...fields }],
});

describe('the grammar', () => {
  // biome-ignore format: a table
  test.each([
    ['USERS_CREATED', 3001, 1], ['USER_IMPORTED', 3001, 1], ['USER_DELETED', 3001, 6], ['USER_SUSPENDED', 3001, 5],
    ['USER_DISABLED', 3001, 5], ['USER_DEACTIVATED', 3001, 5], ['USER_ENABLED', 3001, 2], ['USER_REACTIVATED', 3001, 2],
    ['USER_TEAM_UPDATED', 3001, 99], ['USER_MFA_RESET', 3001, 11], ['USER_MFA_DISABLED', 3001, 11], ['USER_TOTP_MFA_REMOVED', 3001, 11],
    ['USER_MFA_ENABLED', 3001, 10], ['USER_TAG_CREATED', 3001, 99],
    ['USER_LOGIN', 3002, 1], ['USER_LOGGED_IN', 3002, 1], ['USER_SSO_SIGNED_IN', 3002, 1], ['USER_LOGOUT', 3002, 2], ['USER_LOGGED_OUT', 3002, 2],
    ['SESSION_CREATED', 3003, 1], ['SESSIONS_STARTED', 3003, 1], ['SESSION_ENDED', 3003, 99], ['SESSION_REVOKED', 3003, 99],
    ['USER_ADDED_TO_RESOURCE', 3005, 1], ['RESOURCE_USER_ADDED', 3005, 1], ['USER_RESOURCE_ACCESS_GRANTED', 3005, 1], ['ACCESS_GRANTED', 3005, 1],
    ['USER_REMOVED_FROM_RESOURCE', 3005, 2], ['RESOURCE_USER_EXPIRED', 3005, 2], ['BREAK_GLASS_ACCESS_REVOKED', 3005, 2],
    ['USER_ROLE_ADDED', 3005, 1], ['USER_ROLES_ASSIGNED', 3005, 1], ['USER_ROLE_UNASSIGNED', 3005, 2], ['ROLE_REMOVED_FROM_USER', 3005, 2],
    ['USER_ADDED_TO_GROUP', 3006, 3], ['GROUP_USER_ADDED', 3006, 3], ['USERS_REMOVED_FROM_GROUPS', 3006, 4], ['GROUP_USER_EXPIRED', 3006, 4],
    ['GROUP_ADDED_TO_GROUP', 3006, 7], ['GROUP_REMOVED_FROM_GROUP', 3006, 8], ['RESOURCE_ADDED_TO_GROUP', 3006, 1], ['GROUP_RESOURCE_REMOVED', 3006, 2],
    ['GROUP_CREATED', 3006, 6], ['GROUPS_IMPORTED', 3006, 6], ['GROUP_DELETED', 3006, 5], ['GROUP_UPDATED', 3006, 99],
    ['REQUEST_APPROVED', 3004, 3], ['ACCESS_REQUEST_DENIED', 3004, 3], ['REQUEST_REJECTED', 3004, 3], ['REQUEST_CREATED', 3004, 1],
    ['REQUEST_UPDATED', 3004, 3], ['REQUEST_CANCELED', 3004, 99], ['REQUEST_EXPIRED', 3004, 99], ['REQUEST_COMMENT_ADDED', 3004, 99],
    ['APP_CREATED', 3004, 1], ['CONNECTIONS_SYNCED', 3004, 3], ['INTEGRATION_DELETED', 3004, 4], ['RESOURCE_RENAMED', 3004, 5],
    ['BUNDLE_VIEWED', 3004, 2], ['OWNER_REMOVED', 3004, 4], ['TAG_ADDED', 3004, 1], ['GROUP_BINDING_CREATED', 3004, 1],
    ['IDP_GROUP_MAPPINGS_UPDATED', 3004, 3], ['ON_CALL_SCHEDULE_SET', 3004, 3], ['MESSAGE_CHANNEL_ARCHIVED', 3004, 9], ['UAR_STARTED', 3004, 10],
    ['ACCESS_REVIEW_ENDED', 3004, 11], ['DELEGATION_EXPIRED', 3004, 11], ['TOKEN_REVOKED', 3004, 4], ['API_TOKEN_CREATED', 3004, 1],
    ['SERVICE_USER_CREATED', 3004, 1], ['NON_HUMAN_IDENTITIES_IMPORTED', 3004, 1], ['EVENT_STREAM_DISABLED', 3004, 9], ['WEBHOOK_ENABLED', 3004, 8],
    ['ACCESS_RULE_SUSPENDED', 3004, 12], ['CONFIGURATION_TEMPLATE_RESUMED', 3004, 13], ['REQUEST_POLICIES_UPDATED', 3004, 3],
    ['ORGANIZATION_UPDATED', 3004, 3], ['ORG_SETTINGS_CHANGED', 3004, 3], ['APP_FROBNICATED', 3004, 99],
  ] as const)('%s', (type, class_uid, activity_id) => {
    const [draft, ...others] = read(eventOf(type));
    expect(others).toEqual([]);
    expect(draft).toMatchObject({ class_uid, activity_id, metadata: { event_code: type } });
    expect(draft?.activity_name).toBe(activity_id === 99 ? type : undefined);
    expect(draft?.unknown).toBeUndefined();
  });

  // biome-ignore format: a table
  test.each([
    ['REQUEST_POLICY_CREATED', 5], ['ACCESS_RULE_CREATED', 5], ['ORGANIZATION_UPDATED', 4], ['ORG_SETTING_UPDATED', 4],
  ])('%s is about an entity of type %i', (type, type_id) => {
    expect(read(eventOf(type))[0]?.attributes.entity).toMatchObject({ type_id });
  });

  // biome-ignore format: a table
  test.each([
    ['USER_MFA_RESET', 3], ['EVENT_STREAM_DELETED', 3], ['ORGANIZATION_ACCESS_POLICY_DELETED', 3], ['API_TOKEN_CREATED', 2],
    ['SERVICE_USER_CREATED', 2], ['EVENTS_EXPORTED', 2], ['USER_CREATED', 1], ['EVENT_STREAM_CREATED', 1],
  ])('%s has severity %i', (type, severity) => {
    expect(readType(type).severity).toBe(severity);
  });

  test('what failed says so, and is no more than low', () => {
    expect(read(eventOf('USER_LOGIN_FAILED'))[0]).toMatchObject({
      class_uid: 3002,
      activity_id: 1,
      status_id: 2,
      severity_id: 2,
    });
    expect(readType('USER_MFA_RESET_FAILED')).toMatchObject({ failed: true, severity: 2 });
  });

  test.each(['BREAK_GLASS_ENGAGED', 'constructor', '__proto__', 'Ünïcode happened', '___', 'x'.repeat(10_000)])(
    '%.30s has no row',
    type => {
      const [draft] = read(eventOf(type));
      expect(draft).toMatchObject({ class_uid: 3004, activity_id: 99, activity_name: type, unknown: type });
    },
  );

  test('a verb is read even where the rest is unknown', () => {
    expect(read(eventOf('HR_FEED_DELETED'))[0]).toMatchObject({
      class_uid: 3004,
      activity_id: 4,
      unknown: 'HR_FEED_DELETED',
      attributes: { entity: { name: 'Hr Feed', type_id: 99, type: 'Hr Feed' } },
    });
  });
});

describe('fields', () => {
  test('who acted, from where, and with which token', () => {
    const raw = {
      ...eventOf('GROUP_CREATED'),
      actor_ip_address: '192.0.2.7',
      api_token_name: 'terraform',
      api_token_preview: '***M_g==',
    };
    expect(read(raw)[0]?.attributes).toMatchObject({
      actor: {
        user: {
          uid: 'u-0',
          name: 'ada@example.com',
          full_name: 'Ada Abara',
          email_addr: 'ada@example.com',
          type_id: 1,
        },
        app_name: 'terraform',
        session: { credential_uid: '***M_g==' },
      },
      src_endpoint: { ip: '192.0.2.7' },
    });
  });

  test('an address or an e-mail that is none stays unmapped', () => {
    const [draft] = read({ ...eventOf('GROUP_CREATED'), actor_ip_address: 'internal', actor_email: 'nobody' });
    expect(draft?.attributes.src_endpoint).toBeUndefined();
    expect(draft?.attributes.actor).toEqual({
      user: { uid: 'u-0', name: 'Ada Abara', full_name: 'Ada Abara', type_id: 1 },
    });
    expect(draft?.unmapped).toMatchObject({ actor_ip_address: 'internal', actor_email: 'nobody' });
  });

  test('access: user, resource and level', () => {
    expect(read(eventOf('USER_ADDED_TO_RESOURCE'))[0]).toMatchObject({
      message: 'USER_ADDED_TO_RESOURCE: Bo Ueda, Figma',
      attributes: { user: { uid: 'u-1' }, privileges: ['admin'], resources: [{ uid: 'r-1', name: 'Figma' }] },
    });
    expect(read(eventOf('USER_ADDED_TO_RESOURCE', { user_id: 'u-1' }))[0]?.attributes.privileges).toEqual(['access']);
  });

  test('a decision on a request: the profile says which, and the request did not fail', () => {
    const [approved] = read(eventOf('REQUEST_APPROVED'));
    expect(approved).toMatchObject({
      status_id: 1,
      metadata: { profiles: ['security_control'] },
      attributes: {
        action_id: 1,
        disposition_id: 8,
        comment: 'audit',
        entity: { uid: 'q-1', type_id: 99, type: 'Access Request' },
      },
    });
    expect(read(eventOf('REQUEST_DENIED'))[0]?.attributes).toMatchObject({ action_id: 2, disposition_id: 25 });
  });

  test('who signs in, or opens a session, is who acts', () => {
    for (const type of ['USER_LOGGED_IN', 'SESSION_CREATED'])
      expect(read({ ...eventOf(type), sub_events: [] })[0]?.attributes.user).toMatchObject({ uid: 'u-0' });
  });

  test('nothing is lost: each field is in an attribute or unmapped', () => {
    const raw = { ...eventOf('TAG_UPDATED'), new_field: { deep: [1] }, nothing: null };
    const { sub_event_type: _, ...fields } = { sub_event_type: '', ...everything };
    expect(read(raw)[0]?.unmapped).toEqual({ new_field: { deep: [1] }, sub_event: fields });
  });
});

describe('degrading', () => {
  test.each([
    ['USERS_CREATED', { name: 'User', type_id: 2 }, 1],
    ['USER_MFA_RESET', { name: 'User MFA', type_id: 2 }, 99],
    ['USER_TEAM_UPDATED', { name: 'User Team', type_id: 2 }, 3],
    ['GROUP_DELETED', { name: 'Group', type_id: 3 }, 4],
    ['USER_ADDED_TO_GROUP', { name: 'User', type_id: 2 }, 3],
  ])('%s that names no target is about the kind of thing', (type, entity, activity_id) => {
    const { sub_events: _, ...raw } = eventOf(type);
    expect(read(raw)[0]).toMatchObject({ class_uid: 3004, activity_id, attributes: { entity }, message: type });
  });

  test('what the record does name is said', () => {
    expect(read(eventOf('USER_ADDED_TO_RESOURCE', { resource_id: 'r-1', resource_name: 'Figma' }))[0]).toMatchObject({
      class_uid: 3004,
      activity_id: 3,
      attributes: { entity: { uid: 'r-1', name: 'Figma', type_id: 99, type: 'Resource' } },
    });
    expect(read(eventOf('USER_ADDED_TO_GROUP', { user_id: 'u-1' }))[0]).toMatchObject({
      class_uid: 3004,
      activity_id: 3,
      attributes: { entity: { uid: 'u-1', type_id: 2, user: { uid: 'u-1' } } },
    });
  });

  test('the severity stays', () => {
    expect(read({ event_type: 'USER_MFA_RESET' })[0]).toMatchObject({ class_uid: 3004, severity_id: 3 });
  });
});

describe('sub-events', () => {
  const raw = {
    ...eventOf('GROUP_UPDATED'),
    sub_events: [{ sub_event_type: 'USER_ADDED_TO_GROUP', ...everything }, { user_id: 'u-2' }, 'odd'],
  };

  test('each is an event of its own, typed by its own type', () => {
    const drafts = read(raw);
    expect(
      drafts.map(d => [d.class_uid, d.metadata.event_code, d.metadata.correlation_uid, d.metadata.sequence]),
    ).toEqual([
      [3006, 'USER_ADDED_TO_GROUP', 'e-1', 0],
      [3004, 'GROUP_UPDATED', 'e-1', 1],
      [3004, 'GROUP_UPDATED', 'e-1', 2],
    ]);
    expect(drafts.map(d => d.unmapped?.event_type)).toEqual(['GROUP_UPDATED', undefined, undefined]);
    expect(drafts[2]?.unmapped).toEqual({ sub_event: 'odd' });
  });

  test('without fan-out there is one event, the sub-events unmapped', () => {
    const drafts = read(raw, false);
    expect(drafts).toHaveLength(1);
    expect(drafts[0]).toMatchObject({
      metadata: { event_code: 'GROUP_UPDATED' },
      unmapped: { sub_events: raw.sub_events },
    });
  });
});

describe('records as they should not be', () => {
  test.each([
    [null],
    ['text'],
    [3],
    [[]],
    [{}],
    [{ event_type: 7 }],
    [{ sub_events: 'none' }],
    [{ sub_events: [null] }],
  ])('%j', raw => {
    const [normal] = eventsOf(recordOf(raw), mapping, settings);
    expect(normal?.event).toMatchObject({ class_uid: 3004, activity_id: 99 });
    expect(normal?.drift).toEqual({ kind: 'type', detail: 'an event without event_type' });
  });
});

describe('validity', () => {
  const dice = random(1, 'test');
  const named = (name: string) => ({ id: dice.uuid(), name });
  const world: World = {
    people: people(dice, 5).map(person => ({ ...person, id: dice.uuid() })),
    groups: [named('prod-admins')],
    resources: [named('Figma')],
    tokens: [{ name: 'terraform', preview: '****M_g==' }],
  };
  const events = () =>
    eventTypes.flatMap((type, i) =>
      [0, 1].flatMap(round => {
        const raw = eventOfType(type, random(round, i), Date.UTC(2026, 0, 15), world);
        return eventsOf(recordOf(raw), mapping, settings);
      }),
    );

  test(`${eventTypes.length} types, twice each`, () => {
    expect(eventTypes.length).toBeGreaterThan(400);
    for (const { event, drift } of events()) {
      expect(validate(event!, { schema: schemaOf('1.8.0') }), JSON.stringify(event)).toEqual([]);
      expect(drift?.kind ?? 'type').toBe('type');
    }
  });

  const independent = new URL('../../../shared/ocsf/validate.mjs', import.meta.url);
  test.skipIf(!existsSync(independent))('by a validator of another hand, strictly', async () => {
    const { loadSchema, validateEvent } = await import(independent.href);
    const schema = loadSchema(new URL('schema-1.8.0.json', independent).pathname);
    for (const { event } of events())
      expect(validateEvent(event, schema, { strict: true }), JSON.stringify(event)).toEqual([]);
  });
});
