// What becomes of a login, in the shape of today and in the older one: who, by which way, and whether it went well.
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../src/model.ts';
import { auditLog, CLAIMS, read } from '../support/endor-labs-ocsf.ts';

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
