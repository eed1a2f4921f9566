// What Endor Labs' records become: every kind with every operation, both logs, both shapes, and whatever else may come.
import { describe, expect, it } from 'vitest';
import { mapping } from '../../receivers/endor-labs/ocsf.ts';
import { redact } from '../../receivers/endor-labs/ocsf-payload.ts';
import { recordOf as madeUp } from '../../receivers/endor-labs/simulator-events.ts';
import type { AuditRecord, Json, JsonObject } from '../../src/model.ts';
import { eventsOf } from '../../src/ocsf/normalize.ts';
import { validate } from '../../src/ocsf/validate.ts';
import { people, random } from '../../src/simulation/random.ts';
import { fromMillis } from '../../src/time.ts';
import { independent } from '../support/ocsf.ts';

const check = await independent(); // nothing where ../shared is absent: then only our own validator is asked

const NOW = Date.UTC(2026, 0, 15, 12);
const recordOf = (raw: Json, feed = 'audit-logs'): AuditRecord => ({
  id: '65f0c0de65f0c0de65f0c0de',
  time: fromMillis(NOW - 1000),
  observed: fromMillis(NOW),
  origin: { receiver: 'endor', type: 'endor-labs', site: 'https://api.endorlabs.com', tenant: 'acme', feed },
  raw,
});

/** The event of a record: made by `normalize`, and valid by two validators. */
const read = (raw: Json, feed?: string) => {
  const [made, ...more] = eventsOf(recordOf(raw, feed), mapping, { fanout: true, now: NOW });
  expect(more).toEqual([]);
  // biome-ignore lint/suspicious/noExplicitAny: an event is read by path here
  const event = made!.event! as JsonObject & Record<string, any>;
  expect(made!.drift?.kind ?? 'type', made!.drift?.detail).toBe('type'); // neither threw, nor was invalid
  expect(validate(event)).toEqual([]);
  expect(check?.(event) ?? []).toEqual([]);
  return { event, drift: made!.drift?.detail };
};

const auditLog = (spec: JsonObject, meta: JsonObject = {}): JsonObject => ({
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

const CLAIMS = [
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
const PACKAGE = 'internal.endor.ai.endor.v1';
const operation = (kind: string, operation: string, more: JsonObject = {}): JsonObject =>
  auditLog({
    operation,
    message_kind: `${PACKAGE}.${kind}`,
    message_uuid: 'm-1',
    payload: { '@type': `type.googleapis.com/${PACKAGE}.${kind}`, meta: { name: 'thing' }, spec: { disable: true } },
    claims: CLAIMS,
    remote_address: '203.0.113.42:51000',
    ...more,
  });

describe('an operation on a resource', () => {
  it('is an Entity Management event that says who, what, where and how it went', () => {
    const { event, drift } = read(operation('Policy', 'OPERATION_UPDATE'));
    expect(drift).toBeUndefined();
    expect(event).toMatchObject({
      class_uid: 3004,
      activity_id: 3,
      activity_name: 'Update',
      severity_id: 1,
      status_id: 1,
      time: NOW - 1000,
      timezone_offset: 0,
      message: 'OPERATION_UPDATE Policy thing',
      metadata: {
        event_code: 'OPERATION_UPDATE',
        original_event_uid: '65f0c0de65f0c0de65f0c0de',
        original_time: '2026-01-15T11:59:59.123456Z',
        log_version: 'v1',
        log_name: 'audit-logs',
        log_source: 'api.endorlabs.com/v1/namespaces/acme/audit-logs',
        tenant_uid: 'acme.team',
        product: { name: 'Endor Labs', feature: { name: 'Audit Logs' } },
      },
      actor: {
        user: {
          uid: '19946263',
          name: 'jane@example.com',
          email_addr: 'jane@example.com',
          full_name: 'Jane Roe',
          domain: 'example.com',
          type_id: 1,
        },
        idp: { name: 'https://api.endorlabs.com/v1' },
      },
      entity: {
        uid: 'm-1',
        name: 'thing',
        type_id: 5,
        type: 'Policy',
        policy: { uid: 'm-1', name: 'thing' },
        data: { spec: { disable: true } },
      },
      src_endpoint: { ip: '203.0.113.42', port: 51000 },
    });
    expect(event.unmapped).toEqual({
      meta: { name: 'wire-audit_log', created_by: 'jane@example.com@google@api-key' },
      spec: {
        message_kind: `${PACKAGE}.Policy`,
        claims: ['email=jane', 'user=jane@example.com@google', 'source_type=google', 'api-key'],
      },
    });
  });

  const KINDS: readonly (readonly [kind: string, type: number, label: string])[] = [
    ['Project', 99, 'Project'],
    ['Repository', 99, 'Repository'],
    ['RepositoryVersion', 99, 'RepositoryVersion'],
    ['ScanResult', 99, 'ScanResult'],
    ['ScanProfile', 99, 'ScanProfile'],
    ['ToolChain', 99, 'ToolChain'],
    ['Installation', 99, 'Installation'],
    ['UITelemetry', 99, 'UITelemetry'],
    ['UserTelemetry', 99, 'UserTelemetry'],
    ['AppTelemetry', 99, 'AppTelemetry'],
    ['Namespace', 4, 'Organization'],
    ['Tenant', 4, 'Organization'],
    ['EndorLicense', 4, 'Organization'],
    ['Policy', 5, 'Policy'],
    ['AuthorizationPolicy', 5, 'Policy'],
    ['ActionPolicy', 5, 'Policy'],
    ['RemediationPolicy', 5, 'Policy'],
    ['NotificationPolicy', 5, 'Policy'],
    ['PolicyTemplate', 5, 'Policy'],
    ['NotificationTarget', 5, 'Policy'],
    ['APIKey', 99, 'API Key'],
    ['ServiceAccount', 99, 'Service Account'],
    ['User', 2, 'User'],
    ['UserInvitation', 2, 'User'],
  ];
  const OPERATIONS: readonly (readonly [operation: string, entity: number, account: number])[] = [
    ['OPERATION_UNSPECIFIED', 0, 0],
    ['OPERATION_CREATE', 1, 1],
    ['OPERATION_UPDATE', 3, 99],
    ['OPERATION_UPSERT', 3, 99],
    ['OPERATION_DELETE', 4, 6],
    ['OPERATION_ENABLE', 8, 2],
    ['OPERATION_READ', 2, 99],
  ];
  const ERRORS: readonly (JsonObject | undefined)[] = [
    undefined,
    { code: 7, message: 'permission denied', details: [] },
    { code: 13 },
    { message: 'no' },
  ];

  it.each(KINDS)('of the kind %s has its row, with every operation and error', (kind, type_id, type) => {
    for (const [name, entity, account] of OPERATIONS)
      for (const error of ERRORS) {
        const { event, drift } = read(operation(kind, name, error ? { error } : {}));
        const isAccount = type_id === 2;
        expect(drift).toBeUndefined();
        expect(event.class_uid).toBe(isAccount ? 3001 : 3004);
        expect(event.activity_id, name).toBe(isAccount ? account : entity);
        if (!isAccount) expect(event.entity).toMatchObject({ type_id, type, uid: 'm-1', name: 'thing' });
        else expect(event.user).toMatchObject({ uid: 'm-1', name: 'thing' });
        expect(event.status_id).toBe(error ? 2 : 1);
        if (error) expect(event.severity_id).toBe(2);
      }
  });

  it('that failed carries the code, the reason and the details', () => {
    const { event } = read(
      operation('Project', 'OPERATION_DELETE', {
        error: { code: 7, message: 'permission denied', details: [{ a: 1 }] },
      }),
    );
    expect(event).toMatchObject({ status_id: 2, severity_id: 2, status_code: '7', status_detail: 'permission denied' });
    expect(event.message).toBe('OPERATION_DELETE Project thing (failed)');
    expect(event.unmapped.spec.error).toEqual({ details: [{ a: 1 }] });
  });

  it.each([[{}], [{ code: 0 }], [null], ['']])('did not fail where protobuf writes "no error" as %j', error => {
    expect(read(operation('Project', 'OPERATION_CREATE', { error })).event.status_id).toBe(1);
  });

  it.each([
    ['policy', 'Policy', 'OPERATION_DELETE', 3],
    ['key', 'APIKey', 'OPERATION_CREATE', 2],
    ['key', 'APIKey', 'OPERATION_DELETE', 1],
  ])('has the severity of what it does: %s %s %s', (_, kind, name, severity) => {
    expect(read(operation(kind, name)).event.severity_id).toBe(severity);
  });

  it('on a user names the user, and is Entity Management where the payload does not', () => {
    const payload = { meta: { name: 'u' }, spec: { email: 'new@example.com' } };
    expect(read(operation('User', 'OPERATION_CREATE', { payload })).event).toMatchObject({
      class_uid: 3001,
      user: { uid: 'm-1', name: 'new@example.com', email_addr: 'new@example.com' },
      unmapped: { spec: { payload } },
    });
    expect(read(operation('User', 'OPERATION_CREATE', { payload: {} })).event).toMatchObject({
      class_uid: 3004,
      entity: { uid: 'm-1', type_id: 2 },
    });
  });

  it('of an unknown kind or with an unknown verb keeps both words, and is told as drift', () => {
    const strange = read(operation('Sprocket', 'OPERATION_CREATE'));
    expect(strange.event.entity).toMatchObject({ type_id: 99, type: 'Sprocket' });
    expect(strange.drift).toBe('Sprocket');
    const verb = read(operation('Project', 'OPERATION_POLISH'));
    expect(verb.event).toMatchObject({ activity_id: 99, activity_name: 'POLISH' });
    expect(verb.drift).toBe('OPERATION_POLISH');
  });

  it('takes the description for the message', () => {
    const { event } = read(
      auditLog({ operation: 'OPERATION_CREATE', message_kind: 'Project' }, { description: 'A project was made' }),
    );
    expect(event.message).toBe('A project was made');
    expect(event.unmapped.meta?.description).toBeUndefined();
  });
});

describe('who did it', () => {
  const by = (claims: Json, created_by = 'system') =>
    read(auditLog({ operation: 'OPERATION_CREATE', message_kind: `${PACKAGE}.Project`, claims }, { created_by })).event;

  it.each([
    ['jane@example.com@google@api-key', 'jane@example.com', 1],
    ['jane@example.com@github', 'jane@example.com', 1],
    ['jane@example.com', 'jane@example.com', 1],
    ['scheduler@x509', 'scheduler', 1],
    ['system', 'system', 3],
  ])('is read from created_by %s where no claim says', (text, name, type_id) => {
    const event = by([], text);
    expect(event.actor.user).toMatchObject({ name, type_id });
    expect(event.unmapped.meta.created_by).toBe(name === text ? undefined : text);
  });

  it('is read from claims that are objects, and what they say beside is kept', () => {
    const event = by([{ subject: 'user@example.com', issuer: 'endorlabs.com', audience: 'api.endorlabs.com' }]);
    expect(event.actor).toMatchObject({
      user: { uid: 'user@example.com', email_addr: 'user@example.com' },
      idp: { name: 'endorlabs.com' },
    });
    expect(event.unmapped.spec.claims).toEqual([{ audience: 'api.endorlabs.com' }]);
  });

  it('may be nobody: then the issuer is the one who opened the session', () => {
    const { event } = read(
      auditLog({ operation: 'OPERATION_CREATE', message_kind: 'Project', claims: ['issuer=x'] }, { created_by: '' }),
    );
    expect(event.actor).toEqual({ session: { issuer: 'x' }, idp: { name: 'x' } });
  });

  it.each([
    ['203.0.113.7', { ip: '203.0.113.7' }, false],
    ['203.0.113.7:443', { ip: '203.0.113.7', port: 443 }, false],
    ['2001:db8::7', { ip: '2001:db8::7' }, false],
    ['[2001:db8::7]:8443', { ip: '2001:db8::7', port: 8443 }, false],
    ['203.0.113.7, 198.51.100.2', { ip: '203.0.113.7' }, true],
    ['203.0.113.7:99999', { ip: '203.0.113.7' }, true],
    ['bufconn', undefined, true],
    ['999.1.1.1', undefined, true],
  ])('came from %s', (remote_address, endpoint, kept) => {
    const { event } = read(operation('Project', 'OPERATION_CREATE', { remote_address }));
    expect(event.src_endpoint).toEqual(endpoint);
    expect(event.unmapped.spec.remote_address).toBe(kept ? remote_address : undefined);
  });
});

describe('a login', () => {
  const login = (spec: JsonObject, meta: JsonObject = {}) =>
    read(auditLog(spec, { kind: 'AuthenticationLog', ...meta }), 'authentication-logs').event;

  it('is Authentication: who, from where, by which way', () => {
    expect(
      login({
        claims: CLAIMS,
        uri: '/v1/auth/api-key',
        status: 200,
        remote_address: '203.0.113.42',
        authorized_tenants: ['acme'],
      }),
    ).toMatchObject({
      class_uid: 3002,
      activity_id: 1,
      status_id: 1,
      status_code: '200',
      severity_id: 1,
      is_remote: true,
      user: { uid: '19946263' },
      actor: { user: { uid: '19946263' } },
      service: { name: 'Endor Labs' },
      session: { issuer: 'https://api.endorlabs.com/v1' },
      auth_protocol_id: 99,
      auth_protocol: 'api-key',
      http_request: { url: { path: '/v1/auth/api-key' } },
      message: 'Endor Labs sign-in',
      metadata: {
        event_code: 'AuthenticationLog',
        log_name: 'authentication-logs',
        product: { feature: { name: 'Authentication Logs' } },
      },
      unmapped: { spec: { authorized_tenants: ['acme'] } },
    });
  });

  it.each([
    [{ success: true }, 1],
    [{}, 1],
    [{ status: 0 }, 1],
    [{ status: 200 }, 1],
    [{ success: false }, 2],
    [{ error_message: 'no' }, 2],
    [{ status: 401 }, 2],
    [{ status: 16 }, 2],
    [{ success: true, error_message: 'a warning' }, 1],
  ])('that says %j went so', (said, status_id) => {
    expect(login({ claims: CLAIMS, ...said })).toMatchObject({ status_id, severity_id: status_id });
  });

  it('by nobody that it names is not given a name', () => {
    const event = login(
      { claims: [], error_message: 'bad token', uri: '/v1/auth/google?code=opensesame' },
      { created_by: '' },
    );
    expect(event).toMatchObject({
      class_uid: 3004,
      activity_id: 99,
      activity_name: 'Logon',
      entity: { type_id: 2, name: 'User' },
      status_id: 2,
    });
    expect(event.http_request.url).toEqual({ path: '/v1/auth/google', query_string: 'code=[redacted]' });
  });

  it('that the vendor wrote down is not a login of the vendor', () => {
    const event = login({ claims: [], error_message: 'bad token' }, { created_by: 'system' });
    expect(event).toMatchObject({ class_uid: 3004, entity: { type_id: 2, name: 'User' } });
    expect(event.actor).toBeUndefined();
    expect(event.unmapped.meta.created_by).toBe('system');
    const person = login({ claims: [] }, { created_by: 'jane@example.com@google' });
    expect(person).toMatchObject({ class_uid: 3002, user: { email_addr: 'jane@example.com' } });
  });

  const old = (operation: string, payload: Json) =>
    read(
      auditLog(
        {
          operation,
          message_kind: 'AuthenticationLog',
          message_uuid: 'f1',
          payload,
          claims: [{ subject: 'user@example.com', issuer: 'endorlabs.com', audience: 'a' }],
        },
        { description: 'User authentication event', created_by: 'system', updated_by: 'system' },
      ),
    ).event;

  it.each([
    ['oauth', 6],
    ['oidc', 4],
    ['saml', 5],
    ['ldap', 12],
    ['basic', 11],
    ['magic-link', 99],
  ])('in the older shape says how: %s', (authentication_method, id) => {
    const event = old('USER_LOGIN', {
      user_id: 'user@example.com',
      authentication_method,
      session_id: 's1',
      success: true,
    });
    expect(event).toMatchObject({
      class_uid: 3002,
      activity_id: 1,
      status_id: 1,
      auth_protocol_id: id,
      session: { uid: 's1', issuer: 'endorlabs.com' },
      message: 'User authentication event',
      metadata: { event_code: 'USER_LOGIN' },
    });
    expect(event.unmapped.spec).toEqual({
      message_kind: 'AuthenticationLog',
      message_uuid: 'f1',
      claims: [{ audience: 'a' }],
    });
  });

  it('in the older shape may be a failure, a sign-out, or both', () => {
    expect(old('USER_LOGIN', { success: false })).toMatchObject({ activity_id: 1, status_id: 2 });
    expect(old('USER_LOGIN', { user_id: 'u-7' })).toMatchObject({
      unmapped: { spec: { payload: { user_id: 'u-7' } } },
    });
    expect(old('USER_LOGOUT', {})).toMatchObject({ activity_id: 2, activity_name: 'Logoff', status_id: 1 });
    expect(old('USER_LOGOUT', 'odd')).toMatchObject({ status_id: 1, unmapped: { spec: { payload: 'odd' } } });
  });
});

describe('secrets in a payload', () => {
  it('are blotted out where they are called so, and nothing else is', () => {
    const payload = {
      spec: {
        secret: 's',
        api_key: 'k',
        clientSecret: 'c',
        access_token: 't',
        private_key: { pem: 'p', bits: 2048 },
        password: '',
        enabled_token: true,
        token_type: 'Bearer',
        secret_name: 'ci',
        key: 'env',
        url: 'https://example.com',
        deep: [{ Authorization: 'Bearer x' }],
      },
    };
    expect(redact(payload)).toEqual({
      spec: {
        secret: '[redacted]',
        api_key: '[redacted]',
        clientSecret: '[redacted]',
        access_token: '[redacted]',
        private_key: { pem: '[redacted]', bits: '[redacted]' },
        password: '',
        enabled_token: true,
        token_type: 'Bearer',
        secret_name: 'ci',
        key: 'env',
        url: 'https://example.com',
        deep: [{ Authorization: '[redacted]' }],
      },
    });
  });

  it('are found under `key`, too, where the object is a credential, and in claims', () => {
    const { event } = read(
      operation('APIKey', 'OPERATION_CREATE', {
        payload: { spec: { key: 'k1', secret: 's1' } },
        claims: ['access_token=abc', 'email=j@example.com'],
      }),
    );
    expect(event.entity.data).toEqual({ spec: { key: '[redacted]', secret: '[redacted]' } });
    expect(event.unmapped.spec.claims).toEqual(['access_token=[redacted]']);
  });

  it('and what is too large are left out by name, with their size', () => {
    const { event } = read(
      operation('Project', 'OPERATION_CREATE', { payload: { meta: { name: 'p' }, blob: 'x'.repeat(40_000), tail: 1 } }),
    );
    expect(event.entity.data).toEqual({ meta: { name: 'p' }, blob: '[left out: 40002 bytes]', tail: 1 });
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, 'y'.repeat(100)]));
    const data = read(operation('Project', 'OPERATION_CREATE', { payload: wide })).event.entity.data;
    expect(JSON.stringify(data).length).toBeLessThan(50_000);
    expect(data['[left out]']).toBe('4800 fields');
  });
});

describe('whatever else may come', () => {
  const odd: readonly Json[] = [
    null,
    'text',
    7,
    [],
    [1],
    {},
    { spec: 'no' },
    { spec: null, meta: [] },
    { meta: { name: 'wire-audit_log' }, tenant_meta: { namespace: 't' } },
    { spec: { claims: 'email=x', payload: [1], operation: 5, error: 'broken', remote_address: 4 } },
    {
      spec: {
        claims: [null, 1, [], {}, '', '=', 'a=', { subject: 7 }, { subject: '' }],
        error: [],
        message_kind: '...',
      },
    },
    JSON.parse(
      '{"__proto__":{"a":1},"spec":{"__proto__":{"b":2},"constructor":"x","payload":{"__proto__":{"secret":"s"}}}}',
    ),
    { spec: { operation: '\ud800', message_kind: '\ud800', payload: { meta: { name: '\udc00' } } } },
    { spec: { operation: 'constructor', message_kind: 'internal.toString', message_uuid: 'x' } },
    { spec: { operation: 'OPERATION_', error: { code: Number.MAX_VALUE, message: 5, details: 'x' } } },
  ];

  it.each(odd.map(raw => [JSON.stringify(raw), raw]))('is a valid event: %s', (_, raw) => {
    for (const feed of ['audit-logs', 'authentication-logs']) read(raw as Json, feed);
  });

  it('is kept: what no attribute holds is unmapped', () => {
    const raw = JSON.parse('{"__proto__":{"a":1},"x":[1,{"y":2}],"spec":{"z":{"deep":[null]},"payload":"p"}}') as Json;
    const { unmapped } = read(raw).event;
    expect(JSON.parse(JSON.stringify(unmapped))).toMatchObject({
      x: [1, { y: 2 }],
      spec: { z: { deep: [null] }, payload: 'p' },
    });
    expect(Object.hasOwn(unmapped, '__proto__')).toBe(true);
  });

  it('is too deep to copy: the depth is cut, the record is not lost', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(500)}1${'}'.repeat(500)}`) as Json;
    const { event } = read(operation('Project', 'OPERATION_CREATE', { payload: deep }));
    expect(JSON.stringify(event.entity.data)).toContain('[left out: nested too deeply]');
    expect(event.raw_data).toContain('{"a":1}');
  });
});

it('a thousand records of the simulator are valid, and only its unknown kind drifts', () => {
  const dice = random(3, 'people');
  const world = {
    namespace: 'acme',
    children: ['acme.a'],
    people: people(dice, 9).map(p => ({ ...p, id: dice.hex(20), source: 'google' })),
  };
  const drifts = new Set<string>();
  const classes = new Set<number>();
  for (let i = 0; i < 1000; i++) {
    const { event, drift } = read(madeUp(3, i, NOW - i * 1000, world));
    classes.add(event.class_uid);
    if (drift) drifts.add(drift);
  }
  expect([...drifts]).toEqual(['FindingLog']);
  expect([...classes].sort()).toEqual([3001, 3002, 3004]);
});

it.skipIf(!check)('each event above was asked of the independent validator of ../shared, which can say no', () => {
  expect(check?.({ ...read(operation('Policy', 'OPERATION_UPDATE')).event, class_uid: 3005 })).not.toEqual([]);
});
