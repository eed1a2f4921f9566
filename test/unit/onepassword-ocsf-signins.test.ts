// What 1Password's sign-in attempts become: who, with what, from where, and how it went.
import { describe, expect, it } from 'vitest';
import { base, draftOf, eventOf, signin } from '../support/onepassword-ocsf.ts';

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
