// Every action that the vendor names becomes what the table says: with a target and without, failed or not.
import { describe, expect, test } from 'vitest';
import { ACTIONS } from '../../receivers/opaque/ocsf-actions.ts';
import { EXPORT, ROW, read, row } from '../support/opaque-ocsf.ts';

/** The class and activity that a row of the table gives, and the target. */
const EXPECTED: Readonly<Record<string, readonly [class_uid: number, activity: number, target: string | null]>> = {
  Register: [3001, 1, null],
  'Log in': [3002, 1, null],
  'Log out': [3002, 2, null],
  'Update password': [3001, 3, null],
  'Update email': [3001, 99, null],
  'Invite user to organization': [3004, 1, 'Invitation'],
  'Change user roles': [3005, 99, null],
  'Create workspace': [3004, 1, 'Workspace'],
  'Accept workspace invite': [3006, 3, null],
  'Reject workspace invite': [3004, 99, 'Invitation'],
  'Update workspace details': [3004, 3, 'Workspace'],
  'Archive workspace': [3004, 9, 'Workspace'],
  'Unarchive workspace': [3004, 8, 'Workspace'],
  "Update workspace's no-code jobs templates": [3004, 3, 'Workspace'],
  'Create directory': [6001, 1, 'Directory'],
  'Delete directory': [6001, 4, 'Directory'],
  'Upload dataset': [6001, 6, 'Dataset'],
  'Update dataset': [6001, 3, 'Dataset'],
  'Share dataset': [6001, 8, 'Dataset'],
  'Rename dataset': [6001, 3, 'Dataset'],
  'Remove dataset': [6001, 4, 'Dataset'],
  'Download dataset': [6001, 7, 'Dataset'],
  'Delete dataset': [6001, 4, 'Dataset'],
  'Request cloud data access': [3004, 1, 'Access Request'],
  'Generate test data': [6001, 1, 'Dataset'],
  'Create job': [3004, 1, 'Job'],
  'Test job': [3004, 99, 'Job'],
  'Review job': [3004, 99, 'Job'],
  'Submit job': [3004, 10, 'Job'],
  'Delete job': [3004, 4, 'Job'],
  'Cancel job': [3004, 11, 'Job'],
  'Update job details': [3004, 3, 'Job'],
  'Create job input variable': [3004, 1, 'Job Input Variable'],
  'Update job input variable': [3004, 3, 'Job Input Variable'],
  'Delete job input variable': [3004, 4, 'Job Input Variable'],
  'Request job review': [3004, 99, 'Job'],
  'Cancel job review': [3004, 99, 'Job'],
  'Revoke job repeatability': [3004, 99, 'Job'],
  'Create service': [3004, 1, 'Service'],
  'Update service': [3004, 3, 'Service'],
  'Create service request': [3004, 1, 'Service Request'],
  'Create workflow': [3004, 1, 'Workflow'],
  'Update workflow': [3004, 3, 'Workflow'],
  'Review workflow': [3004, 99, 'Workflow'],
  'Delete workflow': [3004, 4, 'Workflow'],
  'Launch workflow': [3004, 10, 'Workflow'],
  'Shut down workflow': [3004, 11, 'Workflow'],
  'Request workflow review': [3004, 99, 'Workflow'],
  'Cancel workflow review': [3004, 99, 'Workflow'],
  'Create integration configuration': [3004, 1, 'Integration'],
  'Update integration configuration': [3004, 3, 'Integration'],
  'Delete integration configuration': [3004, 4, 'Integration'],
  'Get audit logs': [3004, 2, 'Audit Log'],
};

describe.each(Object.entries(EXPECTED))('%s', (action, [class_uid, activity_id, target]) => {
  test('reads as its row says, however it is written', () => {
    for (const spelled of [
      action,
      action.toUpperCase().replaceAll(' ', '_'),
      action.replaceAll(' ', '-').toLowerCase(),
    ]) {
      const { event, drift } = read(row({ Action: spelled, Entity: 'target-1', 'Entity ID': 'id-1' }));
      expect(event).toMatchObject({ class_uid, activity_id, metadata: { event_code: spelled } });
      expect(event.entity?.type ?? event.web_resources?.[0].type ?? null).toBe(target);
      expect(event.actor.user).toMatchObject({ name: 'ada@example.com', email_addr: 'ada@example.com' });
      expect(drift).toBeUndefined();
    }
  });

  test('valid in each case: failed, nobody named, nothing named', () => {
    const failed = read(row({ Action: action, Status: 'failure' })).event;
    expect(failed).toMatchObject({ status_id: 2, class_uid: action === 'Change user roles' ? 3004 : class_uid });
    expect(failed.severity_id).toBeGreaterThanOrEqual(2);
    const bare = read({ row: { Action: action, Timestamp: ROW.Timestamp }, export: EXPORT }).event;
    expect([class_uid, 3004]).toContain(bare.class_uid);
    expect(bare).not.toHaveProperty('user');
    expect(bare).not.toHaveProperty('actor');
    read(row({ Action: action, Workspace: '' }));
  });
});

test('the table and these tests name the same actions', () => {
  expect([...ACTIONS].filter(name => !Object.hasOwn(EXPECTED, name))).toEqual([
    'Update workspace no-code job templates',
  ]);
});
