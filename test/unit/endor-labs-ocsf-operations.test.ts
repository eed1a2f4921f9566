// What becomes of an operation on a resource: every kind with every verb, how it went, and who did it from where.
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/model.ts';
import { auditLog, NOW, operation, PACKAGE, read } from '../support/endor-labs-ocsf.ts';

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
