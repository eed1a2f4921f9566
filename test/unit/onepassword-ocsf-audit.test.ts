// What 1Password's audit events become: every action on every object is valid, and the pairs that matter are right.
import { describe, expect, it } from 'vitest';
import { OBJECTS, VERBS } from '../../receivers/onepassword/ocsf-audit-table.ts';
import { audit, base, draftOf, eventOf } from '../support/onepassword-ocsf.ts';

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
