// Reads the name of an Opal event. Opal publishes no list of its event types, so their grammar is read instead: upper
// snake case, nouns and a past participle. Exact names come first; what no row knows is read as well as it can be.

/** What a name says, before anything is known of the record. */
export interface Reading {
  readonly shape: Shape;
  /** Of the shape's class; 99 where OCSF has no word for it. */
  readonly activity: number;
  /** Of Entity Management: the same deed, where the record does not name what the class requires. */
  readonly fallback: number;
  /** What it was done to. */
  readonly noun: Noun;
  readonly severity: number;
  readonly failed: boolean;
  /** Whether a row of the table says so; else it is the best guess. */
  readonly known: boolean;
}

/** Which class an event becomes, and of which fields. */
export type Shape =
  | 'login'
  | 'group'
  | 'access'
  | 'session'
  | 'account'
  | 'request'
  | 'approval'
  | 'rejection'
  | 'policy'
  | 'organization'
  | 'entity';

export interface Noun {
  /** `On-Call Schedule` */
  readonly label: string;
  /** Of a managed entity: 2 user, 3 group, 4 organization, 5 policy, 99 other. */
  readonly type: number;
  /** How the fields about it may begin: `on_call_schedule`, for `on_call_schedule_id`. */
  readonly fields: readonly string[];
}

type Row = readonly [nouns: RegExp, verbs: RegExp, shape: Shape, activity: number | 'verb'];

const ANY = /^/;
const GAINED = /\b(ADDED|GRANTED|ASSIGNED)\b/;
const LOST = /\b(REMOVED|REVOKED|EXPIRED|UNASSIGNED)\b/;

// Names that Opal's documents and clients mention: its REST examples, and its webhooks, which share the vocabulary.
// biome-ignore format: a table
const exact: Readonly<Record<string, readonly [shape: Shape, activity: number]>> = {
  USERS_CREATED:              ['account', 1],
  USER_TEAM_UPDATED:          ['account', 99],
  USER_MFA_RESET:             ['account', 11],
  USER_ADDED_TO_RESOURCE:     ['access',  1],
  USER_REMOVED_FROM_RESOURCE: ['access',  2],
  USER_ADDED_TO_GROUP:        ['group',   3],
  USER_REMOVED_FROM_GROUP:    ['group',   4],
};

// The first row whose nouns and verbs are both in the name. Names are matched as words: plural nouns made singular,
// blanks in place of underscores.
// biome-ignore format: a table
const rows: readonly Row[] = [
  [/^USER\b/,                                            /\b(LOGIN|LOGGED IN|SIGNED IN|SIGN IN)\b/,       'login',        1],
  [/^USER\b/,                                            /\b(LOGOUT|LOGGED OUT|SIGNED OUT|SIGN OUT)\b/,   'login',        2],
  [/^(USER\b.*\bGROUP|GROUP\b.*\bUSER)\b/,               GAINED,                                          'group',        3],
  [/^(USER\b.*\bGROUP|GROUP\b.*\bUSER)\b/,               LOST,                                            'group',        4],
  [/^GROUP\b.*\bGROUP\b/,                                GAINED,                                          'group',        7],
  [/^GROUP\b.*\bGROUP\b/,                                LOST,                                            'group',        8],
  [/^(RESOURCE\b.*\bGROUP|GROUP\b.*\bRESOURCE)\b/,       GAINED,                                          'group',        1],
  [/^(RESOURCE\b.*\bGROUP|GROUP\b.*\bRESOURCE)\b/,       LOST,                                            'group',        2],
  [/^(USER\b.*\bRESOURCE|RESOURCE\b.*\bUSER)\b/,         GAINED,                                          'access',       1],
  [/\bACCESS (GRANTED|ADDED)\b/,                         ANY,                                             'access',       1],
  [/^(USER\b.*\bRESOURCE|RESOURCE\b.*\bUSER)\b/,         LOST,                                            'access',       2],
  [/\bACCESS (REMOVED|REVOKED|EXPIRED)\b/,               ANY,                                             'access',       2],
  [/^(USER\b.*\bROLE|ROLE\b.*\bUSER)\b/,                 GAINED,                                          'access',       1],
  [/^(USER\b.*\bROLE|ROLE\b.*\bUSER)\b/,                 LOST,                                            'access',       2],
  [/^SESSION\b/,                                         /\b(CREATED|STARTED)\b/,                         'session',      1],
  [/^SESSION\b/,                                         ANY,                                             'session',      99],
  [/^USER\b.*\bMFA\b/,                                   /\b(RESET|DISABLED|REMOVED|DELETED)\b/,          'account',      11],
  [/^USER\b.*\bMFA\b/,                                   /\b(ENABLED|ADDED|ENROLLED)\b/,                  'account',      10],
  [/^USER( ACCOUNT)? (CREATED|IMPORTED)\b/,              ANY,                                             'account',      1],
  [/^USER( ACCOUNT)? (DELETED|REMOVED)\b/,               ANY,                                             'account',      6],
  [/^USER( ACCOUNT)? (SUSPENDED|DISABLED|DEACTIVATED)\b/, ANY,                                            'account',      5],
  [/^USER( ACCOUNT)? (ENABLED|ACTIVATED|REACTIVATED)\b/, ANY,                                             'account',      2],
  [/^USER\b/,                                            ANY,                                             'account',      99],
  [/^GROUP (CREATED|IMPORTED)\b/,                        ANY,                                             'group',        6],
  [/^GROUP (DELETED|REMOVED)\b/,                         ANY,                                             'group',        5],
  [/^GROUP\b(?! BINDING)/,                               ANY,                                             'group',        99],
  [/^(ACCESS RULE|CONFIGURATION TEMPLATE)\b|\bPOLICY\b/, ANY,                                             'policy',       'verb'],
  [/^(ACCESS )?REQUEST\b/,                               /\bAPPROVED\b/,                                  'approval',     3],
  [/^(ACCESS )?REQUEST\b/,                               /\b(DENIED|REJECTED)\b/,                         'rejection',    3],
  [/^(ACCESS )?REQUEST (CREATED|SUBMITTED|OPENED)\b/,    ANY,                                             'request',      1],
  [/^(ACCESS )?REQUEST\b/,                               /\b(UPDATED|CHANGED|EDITED)\b/,                  'request',      3],
  [/^(ACCESS )?REQUEST\b/,                               ANY,                                             'request',      99],
  [/^(ORGANIZATION|ORG)\b/,                              ANY,                                             'organization', 'verb'],
];

// The other things that Opal manages: its API has a section for most of them. Longer names first.
const things: Readonly<Record<string, readonly [label: string, ...fields: string[]]>> = {
  'GROUP BINDING': ['Group Binding', 'group_binding'],
  'IDP GROUP MAPPING': ['IdP Group Mapping', 'idp_group_mapping', 'mapping'],
  'ON CALL SCHEDULE': ['On-Call Schedule', 'on_call_schedule', 'schedule'],
  'MESSAGE CHANNEL': ['Message Channel', 'message_channel', 'channel'],
  'ACCESS REVIEW': ['Access Review', 'access_review', 'uar', 'review'],
  'NON HUMAN IDENTITY': ['Non-Human Identity', 'non_human_identity'],
  'SERVICE USER': ['Service User', 'service_user', 'user'],
  'EVENT STREAM': ['Event Stream', 'event_stream', 'stream'],
  'API TOKEN': ['API Token', 'token'],
  'API KEY': ['API Key', 'api_key', 'key'],
  UAR: ['Access Review', 'uar', 'access_review', 'review'],
  APP: ['App', 'app'],
  CONNECTION: ['Connection', 'connection'],
  INTEGRATION: ['Integration', 'integration'],
  RESOURCE: ['Resource', 'resource'],
  BUNDLE: ['Bundle', 'bundle'],
  OWNER: ['Owner', 'owner'],
  TAG: ['Tag', 'tag'],
  DELEGATION: ['Delegation', 'delegation'],
  TOKEN: ['Token', 'token'],
  WEBHOOK: ['Webhook', 'webhook'],
};

// Activities of Entity Management.
// biome-ignore format: a table
const verbs: Readonly<Record<string, number>> = {
  CREATED: 1, ADDED: 1, IMPORTED: 1,
  VIEWED: 2, READ: 2,
  UPDATED: 3, CHANGED: 3, EDITED: 3, SET: 3, SYNCED: 3,
  DELETED: 4, REMOVED: 4, REVOKED: 4,
  RENAMED: 5, MOVED: 5,
  ENABLED: 8,
  DISABLED: 9, ARCHIVED: 9,
  ACTIVATED: 10, STARTED: 10,
  DEACTIVATED: 11, STOPPED: 11, ENDED: 11, EXPIRED: 11,
  SUSPENDED: 12,
  RESUMED: 13,
};

// Above informational: a protection taken away, a key made, something carried out of the house.
const severities: readonly (readonly [RegExp, number])[] = [
  [/\bMFA\b.*\b(RESET|DISABLED|REMOVED|DELETED)\b/, 3],
  [/^ORG(ANIZATION)?\b.*\bPOLICY\b.*\bDELETED\b/, 3],
  [/^EVENT STREAM (DELETED|REMOVED|DISABLED)\b/, 3],
  [/^(SERVICE USER|API TOKEN|API KEY|TOKEN) CREATED\b/, 2],
  [/\b(EXPORTED|SHARED)\b/, 2],
];

/** Reads the name of an event type, whatever it is. Pure, and never throws. */
export const readType = (type: string): Reading => {
  const words = wordsOf(type);
  const name = words.join(' ');
  const failed = words.includes('FAILED');
  const verb = verbOf(words);
  const thing = THING.exec(name)?.[0];
  const row =
    exactRow(type) ?? rows.find(([nouns, verbs]) => nouns.test(name) && verbs.test(name)) ?? (thing && THING_ROW);
  const [, , shape, activity] = row || THING_ROW;
  const noun = nounOf(shape, words, thing);
  return {
    shape,
    activity: activity === 'verb' ? verb : activity,
    fallback: changesTies(shape, activity) ? 3 : verb,
    noun,
    severity: failed ? 2 : (severities.find(([pattern]) => pattern.test(name))?.[1] ?? 1),
    failed,
    known: Boolean(row),
  };
};

const THING = new RegExp(`^(${Object.keys(things).join('|')})\\b`);
const THING_ROW: Row = [THING, ANY, 'entity', 'verb'];

const exactRow = (type: string): Row | undefined => {
  const found = Object.hasOwn(exact, type) ? exact[type] : undefined;
  return found && [ANY, ANY, ...found];
};

/** Who belongs to what, and who may do what: neither side is made or ended by it, so without a target it is an update. */
const changesTies = (shape: Shape, activity: Row[3]): boolean =>
  shape === 'access' || (shape === 'group' && activity !== 5 && activity !== 6 && activity !== 99);

const NOUNS = [
  'USER',
  'GROUP',
  'RESOURCE',
  'REQUEST',
  'SESSION',
  'ROLE',
  'RULE',
  'TEMPLATE',
  'SETTING',
  'BINDING',
  'MAPPING',
  'SCHEDULE',
  'CHANNEL',
  'REVIEW',
  'STREAM',
  'KEY',
  'UAR',
  'APP',
  'CONNECTION',
  'INTEGRATION',
  'BUNDLE',
  'OWNER',
  'TAG',
  'DELEGATION',
  'TOKEN',
  'WEBHOOK',
  'ORGANIZATION',
  'CAMPAIGN',
];
const SINGULAR: ReadonlyMap<string, string> = new Map([
  ...NOUNS.map(noun => [`${noun}S`, noun] as const),
  ['POLICIES', 'POLICY'],
  ['IDENTITIES', 'IDENTITY'],
]);

const wordsOf = (type: string): readonly string[] =>
  type
    .toUpperCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(word => word !== '')
    .map(word => SINGULAR.get(word) ?? word);

const verbOf = (words: readonly string[]): number => {
  const verb = words.findLast(word => Object.hasOwn(verbs, word));
  return verb === undefined ? 99 : verbs[verb]!;
};

const nounOf = (shape: Shape, words: readonly string[], thing: string | undefined): Noun => {
  const told = words.filter(word => word !== 'FAILED');
  const end = told.findLastIndex(word => PARTICIPLE.test(word));
  const leading = told.slice(0, end > 0 ? end : told.length);
  const own = { label: readable(leading), fields: [leading.join('_').toLowerCase()] };
  if (shape === 'request' || shape === 'approval' || shape === 'rejection')
    return { label: 'Access Request', type: 99, fields: ['request'] };
  if (shape === 'policy')
    return { ...own, type: 5, fields: [...own.fields, 'policy', 'access_rule', 'configuration_template'] };
  if (shape === 'organization') return { ...own, type: 4, fields: ['organization', 'org'] };
  if (shape === 'session') return { label: 'Session', type: 99, fields: ['session'] };
  if (shape !== 'entity') return { ...own, type: TYPES[words[0] ?? ''] ?? 99 };
  if (thing === undefined) return { ...own, type: 99 };
  const [label, ...fields] = things[thing]!; // THING is made of its keys
  return { label, type: 99, fields };
};

const TYPES: Readonly<Record<string, number>> = { USER: 2, GROUP: 3 };
const PARTICIPLE = /ED$|^(SET|RESET|READ|LOGIN|LOGOUT)$/;

const readable = (words: readonly string[]): string =>
  words.map(word => (ACRONYMS.has(word) ? word : word.slice(0, 1) + word.slice(1).toLowerCase())).join(' ') ||
  'Unknown';

const ACRONYMS: ReadonlySet<string> = new Set(['API', 'IDP', 'MFA', 'SCIM', 'SSO', 'UAR', 'URL']);
