// Which audit action on which object is which OCSF class and activity. The codes are all 79 actions and 30 object types of
// the vendor's reference 1.4.1; which pairs occur is only partly documented, so each object type has a row for the rest.
import { OTHER, table } from './ocsf-parts.ts';

/** How a row is built: who is the target, and of which class. See `ocsf-audit.ts`. */
export type Shape =
  | 'account'
  | 'person'
  | 'service'
  | 'passkey'
  | 'devices'
  | 'entity'
  | 'device'
  | 'group'
  | 'member'
  | 'groupVault'
  | 'userVault'
  | 'resource'
  | 'share'
  | 'session';

export interface Row {
  readonly shape: Shape;
  readonly activity: number;
  readonly severity: number;
  /** What the target is, in words; the object's own noun when absent. */
  readonly noun?: string;
  /** `entity.type_id`; the object's own when absent. */
  readonly kind?: number;
}

export interface ObjectType {
  readonly noun: string;
  /** `entity.type_id` of OCSF: 1 Device, 2 User, 3 Group, 4 Organization, 5 Policy, else 99. */
  readonly kind: number;
  readonly rows: Readonly<Record<string, Row>>;
  /** The shape of all other actions, with activity 99; an entity by its verb when absent. */
  readonly rest?: Row;
}

const [LOW, MEDIUM] = [2, 3];
const [DEVICE, USER, GROUP, ORGANIZATION, POLICY] = [1, 2, 3, 4, 5];

const as =
  (shape: Shape) =>
  (activity: number, severity = 1, more: Partial<Row> = {}): Row => ({
    shape,
    activity,
    severity,
    ...more,
  });
const account = as('account');
const person = as('person');
const service = as('service');
const passkey = as('passkey');
const devices = as('devices');
const entity = as('entity');
const device = as('device');
const group = as('group');
const member = as('member');
const groupVault = as('groupVault');
const userVault = as('userVault');
const resource = as('resource');
const session = as('session');

const verbs = (activity: number, words: string) => words.split(' ').map(word => [word, activity] as const);

/** Entity Management by the verb alone: all actions, so also the list of the known ones. */
export const VERBS = table<number>(
  Object.fromEntries([
    ...verbs(1, 'create'),
    ...verbs(2, 'view'),
    ...verbs(3, 'changeks changela changemp changenm changesk chngasso chngdsso chngpsso patch replace'),
    ...verbs(3, 'updatduo update updatea updatfw updatmfa'),
    ...verbs(4, 'delete purge trevoke'),
    ...verbs(8, 'enblduo enblmfa enblsso'),
    ...verbs(9, 'disblduo disblmfa disblsso'),
    ...verbs(10, 'activate verify'),
    ...verbs(11, 'cancel expire'),
    ...verbs(12, 'suspend'),
    ...verbs(13, 'reactive'),
    ...verbs(
      OTHER,
      'addgsso begin beginr cancelr complete completr convert dealldev delgsso delshare deolddev detchild',
    ),
    ...verbs(OTHER, 'dlgsess dvrfydmn export grant hide join launchi leave musercom muserdec propose provsn prsndall'),
    ...verbs(
      OTHER,
      'rdmchild reauth resendts revoke role sdvcsso sendpkg sendts share ssotknv tdvcsso trename trvlaway',
    ),
    ...verbs(OTHER, 'trvlback tverify uisas unhide unknown unlink upguest uvrfydmn vrfydmn'),
  ]),
);

/** Beginnings of the vendor's codes, for actions that are newer than the list. */
export const PREFIXES: readonly (readonly [string, number])[] = [
  ['chng', 3],
  ['change', 3],
  ['updat', 3],
  ['enbl', 8],
  ['disbl', 9],
];

const thing = (noun: string, rows: Readonly<Record<string, Row>>, kind = OTHER): ObjectType => ({
  noun,
  kind,
  rows: table(rows),
});

const ITEM = {
  create: resource(1),
  view: resource(2),
  update: resource(3),
  patch: resource(3),
  replace: resource(3),
  delete: resource(4),
  purge: resource(4),
  export: resource(7, LOW),
  share: as('share')(8, LOW),
};
const CHANGES = { create: entity(1), update: entity(3), delete: entity(4) };
const BILLING = { ...CHANGES, cancel: entity(11) };

export const OBJECTS = table<ObjectType>({
  // People
  user: {
    ...thing(
      'User',
      {
        create: account(1),
        provsn: account(1),
        join: account(1),
        activate: account(2),
        reactive: account(2),
        changemp: account(3),
        completr: account(4),
        suspend: account(5),
        delete: account(6),
        enblmfa: account(10),
        enblduo: account(10),
        disblmfa: account(11, MEDIUM),
        disblduo: account(11, MEDIUM),
        beginr: account(OTHER, LOW),
        cancelr: account(OTHER, LOW),
        dealldev: devices(7),
        deolddev: devices(7),
        reauth: devices(10),
        tdvcsso: devices(6),
        sdvcsso: devices(6),
      },
      USER,
    ),
    rest: account(OTHER),
  },
  miguser: { ...thing('Migrated User', {}, USER), rest: account(OTHER) },
  ec: { ...thing('Email Change', {}, USER), rest: person(OTHER) },
  cred: { ...thing('Passkey', { create: passkey(10), delete: passkey(11) }), rest: passkey(OTHER) },
  sa: {
    ...thing('Service Account', { create: service(1, LOW), delete: service(6) }, USER),
    rest: service(OTHER),
  },
  invite: {
    ...thing('Invitation', { ...CHANGES, cancel: entity(4) }),
    rest: entity(OTHER),
  },
  famchild: thing('Linked family account', { rdmchild: entity(6), detchild: entity(7) }),
  mngdacc: thing('Managed account', { unlink: entity(7) }),

  // Groups and access
  group: { ...thing('Group', { create: group(6), delete: group(5), purge: group(5) }, GROUP), rest: group(OTHER) },
  gm: { ...thing('Group Member', { join: member(3), leave: member(4) }, GROUP), rest: member(OTHER) },
  gva: { ...thing('Vault Access', { grant: groupVault(1), revoke: groupVault(2) }), rest: groupVault(OTHER) },
  uva: { ...thing('Vault Access', { grant: userVault(1), revoke: userVault(2) }), rest: userVault(OTHER) },

  // Content
  vault: thing('Vault', { ...CHANGES, activate: entity(10), export: resource(7, MEDIUM), purge: resource(4) }),
  vaultkey: thing('Vault Key', { replace: entity(3) }),
  item: { ...thing('Item', ITEM), rest: resource(OTHER) },
  itemhist: { ...thing('Item', ITEM), rest: resource(OTHER) },
  items: { ...thing('Vault', { ...ITEM, share: resource(8, LOW) }), rest: resource(OTHER) }, // the object is the vault
  file: { ...thing('File', { ...ITEM, share: resource(8, LOW) }), rest: resource(OTHER) },
  report: { ...thing('Report', { view: resource(2), export: resource(7, LOW) }), rest: resource(OTHER) },
  template: thing('Template', { ...CHANGES, unhide: entity(8), hide: entity(9) }),

  // Devices and sessions
  device: {
    ...thing(
      'Device',
      {
        create: device(6),
        tdvcsso: device(6),
        sdvcsso: device(6),
        delete: device(7),
        deolddev: device(7),
        dealldev: device(7),
        update: device(3),
        reauth: device(10),
      },
      DEVICE,
    ),
    rest: device(OTHER),
  },
  dlgdsess: { ...thing('Session', { revoke: session(2), expire: session(2) }), rest: session(OTHER) },
  ssotkn: { ...thing('Session', {}), rest: session(OTHER) },

  // The account and its settings
  account: {
    ...thing(
      'Account',
      {
        ...CHANGES,
        updatea: entity(3),
        convert: entity(3),
        activate: entity(10),
        enblduo: entity(8),
        enblmfa: entity(8),
        disblduo: entity(9, MEDIUM),
        disblmfa: entity(9, MEDIUM),
        updatduo: entity(3),
        updatmfa: entity(3),
        updatfw: entity(3, MEDIUM, { noun: 'Firewall rules', kind: POLICY }),
        vrfydmn: entity(10, 1, { noun: 'Verified domain', kind: OTHER }),
        uvrfydmn: entity(11, 1, { noun: 'Verified domain', kind: OTHER }),
        dvrfydmn: entity(4, 1, { noun: 'Verified domain', kind: OTHER }),
        dlgsess: session(OTHER),
      },
      ORGANIZATION,
    ),
    rest: entity(OTHER),
  },
  sso: thing(
    'SSO',
    {
      enblsso: entity(8),
      disblsso: entity(9, MEDIUM),
      chngpsso: entity(3),
      chngasso: entity(3),
      chngdsso: entity(3),
      addgsso: entity(3),
      delgsso: entity(3),
    },
    POLICY,
  ),
  // `rename` and `revoke` are the verbs of the v3 beta.
  satoken: thing('Service Account Token', {
    create: entity(1, LOW),
    trename: entity(3),
    rename: entity(3),
    trevoke: entity(4),
    revoke: entity(4),
    expire: entity(11),
    tverify: entity(OTHER),
    verify: entity(OTHER),
  }),
  slackapp: thing('Integration', CHANGES),
  card: thing('Payment card', BILLING),
  pm: thing('Payment method', BILLING),
  sub: thing('Subscription', BILLING),
});

/** Targets of the v3 beta's `target.attribute.verb`, where they are not called as in v2. */
export const TARGETS = table<string>({
  'service-account': 'sa',
  'service-account.token': 'satoken',
});
