// What 1Password's item usages become: which item, whose, and what was done with it.
import { describe, expect, it } from 'vitest';
import { draftOf, eventOf, usage } from '../support/onepassword-ocsf.ts';

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
