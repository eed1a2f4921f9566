// Made-up Opal events: types from the grammar of their names, people and things of a small world. The real catalogue is
// not public, so some types are ones that no grammar knows.
import type { JsonObject } from '../../src/index.ts';
import { type Person, people, type Random, random } from '../../src/simulation/random.ts';

/** Who and what there is, with ids that stay the same. */
export interface World {
  readonly people: readonly (Person & { readonly id: string })[];
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly resources: readonly { readonly id: string; readonly name: string }[];
  readonly tokens: readonly { readonly name: string; readonly preview: string }[];
}

/** The same for a seed, always. */
export const worldOf = (seed: number): World => {
  const dice = random(seed, 'opal', 'world');
  const known = people(dice, 24).map(person => ({ ...person, id: dice.uuid() }));
  const named = (names: readonly string[]) => names.map(name => ({ id: dice.uuid(), name }));
  return {
    people: known,
    groups: named(['prod-admins', 'on-call', 'data-science', 'contractors', 'finance', 'security-reviewers']),
    resources: named([
      'Figma',
      'aws-prod',
      'aws-staging',
      'analytics-db',
      'billing-db',
      'Okta admin',
      'k8s-main',
      'github/core',
    ]),
    tokens: ['terraform', 'nightly-sync', 'audit-export'].map(name => ({
      name,
      preview: `${'*'.repeat(24)}${dice.hex(3)}==`,
    })),
  };
};

const THINGS = [
  'APP',
  'CONNECTION',
  'INTEGRATION',
  'RESOURCE',
  'BUNDLE',
  'OWNER',
  'TAG',
  'GROUP_BINDING',
  'IDP_GROUP_MAPPING',
  'ON_CALL_SCHEDULE',
  'MESSAGE_CHANNEL',
  'UAR',
  'ACCESS_REVIEW',
  'DELEGATION',
  'API_TOKEN',
  'SERVICE_USER',
  'NON_HUMAN_IDENTITY',
  'EVENT_STREAM',
  'WEBHOOK',
  'ACCESS_RULE',
  'CONFIGURATION_TEMPLATE',
  'REQUEST_POLICY',
  'ORGANIZATION',
  'ORG_SETTING',
];
const VERBS = [
  'CREATED',
  'IMPORTED',
  'VIEWED',
  'UPDATED',
  'SYNCED',
  'RENAMED',
  'DELETED',
  'ENABLED',
  'DISABLED',
  'ARCHIVED',
  'STARTED',
  'ENDED',
  'EXPIRED',
  'SUSPENDED',
  'RESUMED',
  'SYNC_FAILED',
  'EXPORTED',
];
const OTHERS = [
  'USERS_CREATED',
  'USER_IMPORTED',
  'USER_DELETED',
  'USER_SUSPENDED',
  'USER_REACTIVATED',
  'USER_TEAM_UPDATED',
  'USER_TITLE_UPDATED',
  'USER_MFA_RESET',
  'USER_MFA_ENABLED',
  'USER_MFA_DISABLED',
  'USER_LOGGED_IN',
  'USER_LOGIN_FAILED',
  'USER_LOGGED_OUT',
  'USER_ADDED_TO_GROUP',
  'USER_REMOVED_FROM_GROUP',
  'GROUP_USER_ADDED',
  'GROUP_USER_EXPIRED',
  'USER_ADDED_TO_RESOURCE',
  'USER_REMOVED_FROM_RESOURCE',
  'RESOURCE_USER_ADDED',
  'RESOURCE_USER_REVOKED',
  'USER_RESOURCE_ACCESS_GRANTED',
  'USER_ROLE_ASSIGNED',
  'USER_ROLE_UNASSIGNED',
  'GROUP_ADDED_TO_GROUP',
  'GROUP_REMOVED_FROM_GROUP',
  'RESOURCE_ADDED_TO_GROUP',
  'GROUP_RESOURCE_REMOVED',
  'GROUP_CREATED',
  'GROUP_DELETED',
  'GROUP_UPDATED',
  'SESSION_CREATED',
  'SESSION_ENDED',
  'SESSION_EXPIRED',
  'REQUEST_CREATED',
  'REQUEST_APPROVED',
  'REQUEST_DENIED',
  'REQUEST_CANCELED',
  'REQUEST_UPDATED',
  'REQUEST_COMMENT_ADDED',
];
/** Types that no row of the grammar knows. */
export const unknownTypes: ReadonlySet<string> = new Set([
  'BREAK_GLASS_ENGAGED',
  'RISK_SCORE_RECALCULATED',
  'SCIM_PULL',
  'PALADIN_SUMMARY_GENERATED',
  'HR_FEED_DELETED',
]);

/** Several hundred, the common ones first. */
export const eventTypes: readonly string[] = [
  ...OTHERS,
  ...THINGS.flatMap(thing => VERBS.map(verb => `${thing}_${verb}`)),
  ...unknownTypes,
];

/** Event `index` of a seed: equal arguments give an equal event. */
export const eventOf = (seed: number, index: number, time: number, world: World): JsonObject => {
  const dice = random(seed, 'opal', index);
  const type = dice.chance(0.6) ? dice.pick(OTHERS) : dice.pick(eventTypes);
  return eventOfType(type, dice, time, world);
};

/** An event of a given type, everything else by chance. */
export const eventOfType = (type: string, dice: Random, time: number, world: World): JsonObject => {
  const actor = dice.pick(world.people);
  const token = dice.chance(0.15) ? dice.pick(world.tokens) : undefined;
  const parts = dice.chance(0.8) ? dice.between(1, dice.chance(0.1) ? 5 : 2) : 0;
  return {
    event_id: dice.uuid(),
    actor_user_id: actor.id,
    ...(dice.chance(0.9) && { actor_name: actor.name }), // the documents call it required, and leave it out
    ...(dice.chance(0.9) && { actor_email: actor.email }),
    ...(dice.chance(0.8) && { actor_ip_address: actor.ip }),
    ...(token && { api_token_name: token.name, api_token_preview: token.preview }),
    event_type: type,
    created_at: new Date(time).toISOString(),
    ...(parts > 0 && {
      sub_events: Array.from({ length: parts }, (_, i) =>
        subEvent(i === 0 || dice.chance(0.7) ? type : dice.pick(OTHERS), dice, world),
      ),
    }),
  };
};

const subEvent = (type: string, dice: Random, world: World): JsonObject => {
  const [user, group, resource] = [dice.pick(world.people), dice.pick(world.groups), dice.pick(world.resources)];
  const about = (word: string) => type.includes(word);
  const access = about('RESOURCE') || about('SESSION') || about('ROLE');
  const noun = type.slice(0, type.lastIndexOf('_')).toLowerCase();
  return {
    sub_event_type: type,
    ...(about('USER') && { user_id: user.id, user_name: user.name }),
    ...(about('USER') && dice.chance(0.3) && { user_email: user.email }),
    ...(about('GROUP') && { group_id: group.id, group_name: group.name }),
    ...(access && { resource_id: resource.id, resource_name: resource.name }),
    ...(access &&
      dice.chance(0.5) && { resource_type: 'CUSTOM', access_level_name: dice.pick(['read', 'write', 'admin']) }),
    ...(about('SESSION') && { session_id: dice.uuid() }),
    ...(about('REQUEST') && {
      request_id: dice.uuid(),
      ...(dice.chance(0.4) && { reason: dice.pick(['on call', 'audit', 'migration']) }),
    }),
    ...(THINGS.includes(noun.toUpperCase()) &&
      !access && { [`${noun}_id`]: dice.uuid(), [`${noun}_name`]: `${noun}-${dice.hex(4)}` }),
    ...(dice.chance(0.1) && { note: 'made up' }),
  };
};
