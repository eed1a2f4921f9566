// The events of a simulated 1Password account: people who sign in, use items and change things, in the shapes of the
// reference 1.4.1 with the oddities that were seen in real data.
import type { Json, JsonObject } from '../../src/index.ts';
import type { Happening } from '../../src/simulation/population.ts';
import { type Person, people, type Random, random } from '../../src/simulation/random.ts';
import type { FeedName } from './token.ts';

/** Those who are there, and what they have. Ids as the vendor writes them: 26 of base32, of vaults and items in lower case. */
export interface World {
  readonly account: string;
  readonly people: readonly (Person & { readonly uuid: string; readonly device: string })[];
  readonly vaults: readonly string[];
  readonly groups: readonly string[];
}

export const worldOf = (seed: number): World => {
  const dice = random(seed, 'onepassword', 'world');
  const lower = (count: number) => Array.from({ length: count }, () => dice.base32(26).toLowerCase());
  return {
    account: dice.base32(26),
    people: people(dice, 30).map(person => ({
      ...person,
      uuid: dice.base32(26),
      device: dice.base32(26).toLowerCase(),
    })),
    vaults: lower(12),
    groups: lower(5),
  };
};

/** Which log an event is in: more than a third audit events, the rest in halves. */
export const feedOf = (seed: number, index: number): FeedName => {
  const dice = random(seed, 'onepassword', 'feed', index);
  return dice.chance(0.4) ? 'auditevents' : dice.chance(0.5) ? 'signinattempts' : 'itemusages';
};

export const uuidOf = (seed: number, index: number): string => random(seed, 'onepassword', 'uuid', index).base32(26);

/** One event, as the newer version of the API shows it. */
export const eventOf = (seed: number, feed: FeedName, { index, time }: Happening, world: World): JsonObject => {
  const dice = random(seed, 'onepassword', 'event', index);
  const common = { uuid: uuidOf(seed, index), timestamp: timestamp(dice, time) };
  return { ...common, ...SHAPES[feed](dice, world, time), account_uuid: world.account };
};

/** The older version knows no accounts, and no kinds of users. */
export const toV1 = (event: JsonObject): JsonObject => {
  const { account_uuid: _, actor_type: __, actor_account_uuid: ___, ...older } = event;
  return Object.fromEntries(
    Object.entries(older).map(([key, value]) => [
      key,
      key === 'user' || key === 'target_user' ? withoutKind(value) : value,
    ]),
  );
};

const withoutKind = (user: Json): Json => {
  const { user_type: _, ...older } = user as JsonObject; // made below
  return older;
};

const SHAPES: Readonly<Record<FeedName, (dice: Random, world: World, time: number) => JsonObject>> = {
  auditevents: (dice, world, time) => {
    const actor = dice.pick(world.people);
    const other = dice.pick(world.people);
    const [action, object_type, role] = dice.pick(DEEDS);
    return {
      actor_uuid: actor.uuid,
      actor_details: details(actor),
      actor_type: dice.chance(0.05) ? 'external_user' : 'user',
      actor_account_uuid: world.account,
      action,
      object_type,
      ...roles(role, dice, world, other),
      session: {
        uuid: dice.base32(26),
        login_time: new Date(time - dice.between(1000, 3_600_000)).toISOString(),
        device_uuid: actor.device,
        ip: actor.ip,
      },
      ...place(dice),
    };
  },
  signinattempts: (dice, world) => {
    const [category, type, detail] = dice.chance(0.8) ? GOOD : dice.pick(BAD);
    return {
      session_uuid: dice.base32(26),
      category,
      type,
      country: dice.pick(['CA', 'FR', 'UK', 'IL']),
      details: detail === undefined ? null : { value: detail },
      target_user: user(dice, dice.pick(world.people)),
      ...client(dice),
      ...place(dice),
    };
  },
  itemusages: (dice, world) => ({
    used_version: dice.between(1, 40),
    vault_uuid: dice.pick(world.vaults),
    item_uuid: dice.base32(26).toLowerCase(),
    ...(!dice.chance(0.03) && { action: dice.pick(USES) }), // clients older than 8.4.0 do not say
    user: user(dice, dice.pick(world.people)),
    ...client(dice),
    ...place(dice),
  }),
};

// ---- What is done ----

type Role = 'user' | 'member' | 'vault' | 'access' | 'groupAccess' | 'items' | 'share' | 'device' | 'session' | 'thing';

/** Actions and objects whose meaning is documented or was seen. Session plumbing comes most often, as in real feeds. */
const DEEDS: readonly (readonly [action: string, object: string, role: Role])[] = [
  ['dlgsess', 'dlgdsess', 'session'],
  ['dlgsess', 'dlgdsess', 'session'],
  ['ssotknv', 'ssotkn', 'thing'],
  ['join', 'gm', 'member'],
  ['leave', 'gm', 'member'],
  ['grant', 'uva', 'access'],
  ['revoke', 'uva', 'access'],
  ['grant', 'gva', 'groupAccess'],
  ['patch', 'items', 'items'],
  ['share', 'item', 'share'],
  ['create', 'vault', 'vault'],
  ['export', 'vault', 'vault'],
  ['create', 'device', 'device'],
  ['create', 'invite', 'thing'],
  ['suspend', 'user', 'user'],
  ['activate', 'user', 'user'],
  ['beginr', 'user', 'user'],
  ['enblmfa', 'user', 'user'],
  ['disblmfa', 'user', 'user'],
  ['updatfw', 'account', 'thing'],
  ['chngpsso', 'sso', 'thing'],
  ['create', 'satoken', 'thing'],
  ['create', 'group', 'thing'],
];

const roles = (role: Role, dice: Random, world: World, other: World['people'][number]): JsonObject => {
  const aux = { aux_uuid: other.uuid, aux_details: details(other) };
  switch (role) {
    case 'user':
      return { object_uuid: other.uuid, object_details: details(other) };
    case 'member':
      return { object_uuid: dice.pick(world.groups), ...aux, aux_info: dice.pick(['R', 'A']) };
    case 'access':
      return { object_uuid: dice.pick(world.vaults), aux_id: dice.between(1, 900), ...aux };
    case 'groupAccess':
      return { object_uuid: dice.pick(world.vaults), aux_id: dice.between(1, 900), aux_uuid: dice.pick(world.groups) };
    case 'vault':
      return { object_uuid: dice.pick(world.vaults) };
    case 'items':
      return { object_uuid: dice.pick(world.vaults), aux_info: `${dice.between(1, 4)} update` };
    case 'share':
      return { object_uuid: dice.base32(26).toLowerCase(), aux_uuid: dice.pick(world.vaults) };
    case 'device':
      return { object_uuid: other.device, ...aux };
    case 'session':
      return { object_uuid: dice.base32(26), aux_uuid: dice.base32(26) };
    case 'thing':
      return { object_uuid: dice.base32(26) };
  }
};

const GOOD: readonly [string, string, string?] = ['success', 'mfa_ok'];
const BAD: readonly (readonly [category: string, type: string, detail?: string])[] = [
  ['success', 'credentials_ok'],
  ['success', 'federated'],
  ['credentials_failed', 'password_secret_bad'],
  ['mfa_failed', 'totp_bad'],
  ['mfa_failed', 'duo_timeout'],
  ['sso_failed', 'sso_user_mismatch'],
  ['modern_version_failed', 'modern_version_old'],
  ['firewall_failed', 'country_blocked', 'Brazil'],
  ['firewall_reported_success', 'ip_blocked', '203.0.113.7'],
];
const USES = [
  'fill',
  'fill',
  'fill',
  'reveal',
  'secure-copy',
  'server-fetch',
  'server-create',
  'server-update',
  'select-sso-provider',
  'enter-item-edit-mode',
  'export',
  'share',
  'other',
];

// ---- Who, with what, where, when ----

const details = ({ uuid, name, email }: World['people'][number]): JsonObject => ({ uuid, name, email });

const user = (dice: Random, person: World['people'][number]): JsonObject => ({
  ...details(person),
  [dice.chance(0.1) ? 'type' : 'user_type']: 'user', // one capture has the shorter name
});

const client = (dice: Random): JsonObject => {
  const [app_name, platform_name, os_name] = dice.pick([
    ['1Password Extension', 'Chrome', 'MacOSX'],
    ['1Password for Windows', 'PC-17', 'Windows'],
    ['1Password for iOS', 'iPhone15,2', 'iOS'],
    ['1Password CLI', 'runner-3', 'Linux'],
  ] as const);
  const os_version = `${dice.between(10, 18)}.${dice.between(0, 6)}`;
  const ip = { [dice.chance(0.05) ? 'ip' : 'ip_address']: dice.ip() }; // old records have the shorter name
  return {
    client: { app_name, app_version: '81094060', platform_name, platform_version: '128', os_name, os_version, ...ip },
  };
};

/** Now and then there is none. Codes and names of countries both occur. */
const place = (dice: Random): JsonObject => {
  const [country, region, city, latitude, longitude] = dice.pick([
    ['Canada', 'Ontario', 'Toronto', 43.64, -79.433],
    ['CA', 'Quebec', 'Montreal', 45.5019, -73.5674],
    ['France', 'Ile-de-France', 'Paris', 48.8534, 2.3488],
    ['Israel', 'Tel Aviv', 'Tel Aviv', 32.0809, 34.7806],
  ] as const);
  return dice.chance(0.1) ? {} : { location: { country, region, city, latitude, longitude } };
};

/** Up to nine fraction digits, zeros at their end cut off; some with an offset. */
const timestamp = (dice: Random, time: number): string => {
  const back = dice.chance(0.05) ? 3 : 0;
  const local = new Date(time - back * 3_600_000).toISOString();
  const digits = `${local.slice(20, 23)}${String(dice.between(0, 999_999)).padStart(6, '0')}`.replace(/0+$/, '');
  return `${local.slice(0, 19)}${digits && `.${digits}`}${back === 0 ? 'Z' : `-0${back}:00`}`;
};
