// Every action that the vendor's pages name, in both of their versions, with its class, activity and target. The pages
// list labels for people; whatever the export writes is compared by letters and digits alone.
import { plainName } from './columns.ts';

/**
 * How an action becomes an event.
 * - account: something of a person's own account
 * - session: a person comes or goes
 * - roles: a person is given others
 * - member: a person joins a workspace
 * - content: data is made, moved or taken
 * - entity: anything else that is managed
 */
export type Shape = 'account' | 'session' | 'roles' | 'member' | 'content' | 'entity';

export interface Action {
  readonly shape: Shape;
  readonly activity: number;
  /** What it is done to. */
  readonly noun: string;
  /** 2 for what takes data out of its circle; 1 when absent. */
  readonly severity?: number;
  /** Whether the action has a row here, and was not read by its verb. */
  readonly known: boolean;
}

type Row = readonly [shape: Shape, activity: number, noun: string, severity?: number];

const ROWS: Readonly<Record<string, Row>> = {
  // User management
  Register: ['account', 1, 'User'],
  'Log in': ['session', 1, 'User'],
  'Log out': ['session', 2, 'User'],
  'Update password': ['account', 3, 'User'],
  'Update email': ['account', 99, 'User'],
  'Invite user to organization': ['entity', 1, 'Invitation'],
  'Change user roles': ['roles', 99, 'User'],
  // Workspace management
  'Create workspace': ['entity', 1, 'Workspace'],
  'Accept workspace invite': ['member', 3, 'Invitation'],
  'Reject workspace invite': ['entity', 99, 'Invitation'],
  'Update workspace details': ['entity', 3, 'Workspace'],
  'Archive workspace': ['entity', 9, 'Workspace'],
  'Unarchive workspace': ['entity', 8, 'Workspace'],
  "Update workspace's no-code jobs templates": ['entity', 3, 'Workspace'],
  'Update workspace no-code job templates': ['entity', 3, 'Workspace'],
  // Data management
  'Create directory': ['content', 1, 'Directory'],
  'Delete directory': ['content', 4, 'Directory'],
  'Upload dataset': ['content', 6, 'Dataset'],
  'Update dataset': ['content', 3, 'Dataset'],
  'Share dataset': ['content', 8, 'Dataset', 2],
  'Rename dataset': ['content', 3, 'Dataset'],
  'Remove dataset': ['content', 4, 'Dataset'],
  'Download dataset': ['content', 7, 'Dataset', 2],
  'Delete dataset': ['content', 4, 'Dataset'],
  'Request cloud data access': ['entity', 1, 'Access Request'],
  'Generate test data': ['content', 1, 'Dataset'],
  // Job management
  'Create job': ['entity', 1, 'Job'],
  'Test job': ['entity', 99, 'Job'],
  'Review job': ['entity', 99, 'Job'],
  'Submit job': ['entity', 10, 'Job'],
  'Delete job': ['entity', 4, 'Job'],
  'Cancel job': ['entity', 11, 'Job'],
  'Update job details': ['entity', 3, 'Job'],
  'Create job input variable': ['entity', 1, 'Job Input Variable'],
  'Update job input variable': ['entity', 3, 'Job Input Variable'],
  'Delete job input variable': ['entity', 4, 'Job Input Variable'],
  'Request job review': ['entity', 99, 'Job'],
  'Cancel job review': ['entity', 99, 'Job'],
  'Revoke job repeatability': ['entity', 99, 'Job'],
  // Service management
  'Create service': ['entity', 1, 'Service'],
  'Update service': ['entity', 3, 'Service'],
  'Create service request': ['entity', 1, 'Service Request'],
  // Workflow management
  'Create workflow': ['entity', 1, 'Workflow'],
  'Update workflow': ['entity', 3, 'Workflow'],
  'Review workflow': ['entity', 99, 'Workflow'],
  'Delete workflow': ['entity', 4, 'Workflow'],
  'Launch workflow': ['entity', 10, 'Workflow'],
  'Shut down workflow': ['entity', 11, 'Workflow'],
  'Request workflow review': ['entity', 99, 'Workflow'],
  'Cancel workflow review': ['entity', 99, 'Workflow'],
  // Integration management
  'Create integration configuration': ['entity', 1, 'Integration'],
  'Update integration configuration': ['entity', 3, 'Integration'],
  'Delete integration configuration': ['entity', 4, 'Integration'],
  // Audit log management
  'Get audit logs': ['entity', 2, 'Audit Log'],
};

/** The actions that the vendor's pages name. */
export const ACTIONS: readonly string[] = Object.keys(ROWS);

const TABLE: ReadonlyMap<string, Row> = new Map(Object.entries(ROWS).map(([name, row]) => [plainName(name), row]));

/** What an action means: by its row, else by its leading verb as Entity Management. */
export const readAction = (action: string): Action => {
  const row = TABLE.get(plainName(action));
  if (row) {
    const [shape, activity, noun, severity] = row;
    return { shape, activity, noun, known: true, ...(severity !== undefined && { severity }) };
  }
  const [verb = '', ...rest] = words(action);
  const noun = rest.map(word => word.charAt(0).toUpperCase() + word.slice(1)).join(' ');
  return { shape: 'entity', activity: VERBS.get(verb) ?? 99, noun: noun || 'Entity', known: false };
};

/** `DATASET_UPLOAD`, `datasetUpload` and `Dataset upload` are the same words. */
const words = (text: string): readonly string[] =>
  text
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '');

const VERBS: ReadonlyMap<string, number> = new Map(
  (
    [
      [1, 'create add generate invite request upload import register'],
      [2, 'get view list read download export search'],
      [3, 'update edit change rename modify set'],
      [4, 'delete remove'],
      [8, 'enable unarchive'],
      [9, 'disable archive'],
      [10, 'submit launch start activate run'],
      [11, 'cancel stop shut deactivate'],
      [12, 'suspend pause'],
      [13, 'resume'],
    ] as const
  ).flatMap(([activity, verbs]) => verbs.split(' ').map(verb => [verb, activity] as const)),
);
