// Made-up records of both logs, in the shapes of the API's schema and, now and then, in the older one of samples.
import type { Json, JsonObject } from '../../src/index.ts';
import { type Person, people, type Random, random } from '../../src/simulation/random.ts';

/** Who there is, and where. */
export interface World {
  readonly namespace: string;
  /** Child namespaces, by their full names. */
  readonly children: readonly string[];
  readonly people: readonly (Person & { readonly id: string; readonly source: string })[];
}

/** The same for a seed, always. */
export const worldOf = (seed: number): World => {
  const dice = random(seed, 'endor', 'world');
  return {
    namespace: 'acme',
    children: ['acme.platform', 'acme.payments'],
    people: people(dice, 16).map(person => ({
      ...person,
      id: dice.hex(32),
      source: dice.pick(['google', 'github', 'gitlab', 'sso']),
    })),
  };
};

export type Log = 'audit-logs' | 'authentication-logs';

/** Which log an event is in. One in four is a login. */
export const logOf = (seed: number, index: number): Log =>
  random(seed, 'endor', 'log', index).chance(0.25) ? 'authentication-logs' : 'audit-logs';

/** 24 hexadecimal digits, the last eight of them the index: so a page's id leads back to its place. */
export const uuidOf = (seed: number, index: number): string =>
  random(seed, 'endor', 'uuid', index).hex(16) + index.toString(16).padStart(8, '0');

export const indexOf = (uuid: string): number | undefined =>
  /^[0-9a-f]{24}$/.test(uuid) ? Number.parseInt(uuid.slice(16), 16) : undefined;

export const recordOf = (seed: number, index: number, time: number, world: World): JsonObject => {
  const dice = random(seed, 'endor', index);
  const log = logOf(seed, index);
  const person = dice.pick(world.people);
  const byKey = dice.chance(0.3);
  const [kind, spec] =
    log === 'audit-logs'
      ? ['AuditLog', operation(dice, person, byKey, world)]
      : ['AuthenticationLog', login(dice, person, byKey, world)];
  const namespace = log === 'audit-logs' ? dice.pick([world.namespace, world.namespace, ...world.children]) : 'system';
  const stamp = new Date(time).toISOString().replace('Z', `${String(dice.between(0, 999)).padStart(3, '0')}Z`);
  return {
    uuid: uuidOf(seed, index),
    tenant_meta: { namespace },
    meta: {
      name: `${log}-${index}`,
      kind,
      version: 'v1',
      create_time: stamp,
      update_time: stamp,
      created_by: [person.email, person.source, ...(byKey ? ['api-key'] : [])].join('@'),
      updated_by: '',
    },
    spec,
  };
};

// ---- The audit log ----

const PACKAGE = 'internal.endor.ai.endor.v1';
/** Kinds of which there is much, and little to learn. */
export const NOISE: readonly string[] = ['UITelemetry', 'UserTelemetry'];
/** The kinds that the documents name, and one that no table has. */
export const KINDS: readonly string[] = [
  'Project',
  'Repository',
  'RepositoryVersion',
  'ScanResult',
  'ScanProfile',
  'ToolChain',
  'Installation',
  'Namespace',
  'Tenant',
  'User',
  'Invitation',
  'APIKey',
  'AuthorizationPolicy',
  'Policy',
  'PolicyTemplate',
  'NotificationTarget',
  'ActionPolicy',
  'RemediationPolicy',
  'NotificationPolicy',
  'EndorLicense',
  'FindingLog',
];
/** Those of the kinds above that no table has. */
export const UNKNOWN_KINDS: ReadonlySet<string> = new Set(['FindingLog']);
/** All of the API's, the common one twice. */
export const OPERATIONS: readonly string[] = [
  'OPERATION_CREATE',
  'OPERATION_UPDATE',
  'OPERATION_UPDATE',
  'OPERATION_UPSERT',
  'OPERATION_DELETE',
  'OPERATION_UNSPECIFIED',
];

const operation = (dice: Random, person: World['people'][number], byKey: boolean, world: World): JsonObject => {
  if (dice.chance(0.03)) return oldLogin(dice, person);
  const noise = dice.chance(0.3);
  const kind = noise ? dice.pick(NOISE) : dice.pick(KINDS);
  const operation = noise ? 'OPERATION_CREATE' : dice.pick(OPERATIONS);
  const failed = !noise && dice.chance(0.08);
  return {
    ...operationOn(kind, operation, dice, person, byKey, world),
    ...(failed && { error: dice.pick(ERRORS) }),
  };
};

/** The `spec` of an operation on a resource of a given kind. */
export const operationOn = (
  kind: string,
  operation: string,
  dice: Random,
  person: World['people'][number],
  byKey: boolean,
  world: World,
): JsonObject => {
  const full = `${PACKAGE}.${kind}`;
  return {
    operation,
    message_kind: full,
    message_uuid: dice.hex(24),
    payload: { '@type': `type.googleapis.com/${full}`, ...payload(dice, kind, world) },
    claims: claims(person, byKey),
    remote_address: dice.chance(0.3) ? withPort(person.ip, dice.between(1024, 65535)) : person.ip,
  };
};

const payload = (dice: Random, kind: string, world: World): JsonObject => {
  const name = `${kind.toLowerCase()}-${dice.between(1, 400)}`;
  const meta = { name, kind, description: '' };
  if (kind === 'User' || kind === 'Invitation') return { meta, spec: { email: dice.pick(world.people).email } };
  if (kind === 'APIKey')
    return {
      meta,
      spec: {
        key: `endr+${dice.base32(12)}`,
        secret: `endr+${dice.base32(24)}`,
        permissions: ['SYSTEM_ROLE_READ_ONLY'],
      },
    };
  if (kind === 'NotificationTarget')
    return { meta, spec: { webhook: { url: 'https://hooks.example.com/endor', auth_token: dice.base32(20) } } };
  return { meta, spec: { disable: dice.chance(0.2), tags: dice.chance(0.5) ? ['production'] : [] } };
};

export const ERRORS: readonly JsonObject[] = [
  { code: 7, message: 'permission denied', details: [] },
  { code: 5, message: 'object not found', details: [] },
  {
    code: 6,
    message: 'object already exists',
    details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'DUPLICATE' }],
  },
];

const claims = ({ id, email, name, source }: World['people'][number], byKey: boolean): readonly string[] => {
  const [first, last = ''] = name.split(' ');
  return [
    `ID=${id}`,
    `email=${email}`,
    `user=${email}@${source}`,
    `firstname=${first}`,
    `lastname=${last}`,
    `domain=${email.split('@')[1]}`,
    `source_type=${source}`,
    'issuer=https://api.endorlabs.com/v1',
    ...(byKey ? ['api-key'] : []),
  ];
};

const withPort = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

/** The shape of third-party samples: claims as objects, an operation that the API's enumeration does not have. */
const oldLogin = (dice: Random, person: Person): JsonObject => ({
  operation: dice.pick(['USER_LOGIN', 'USER_LOGOUT']),
  message_kind: 'AuthenticationLog',
  message_uuid: dice.uuid(),
  payload: {
    user_id: person.email,
    authentication_method: dice.pick(['oauth', 'saml', 'oidc', 'magic-link']),
    session_id: `sess_${dice.hex(16)}`,
    success: dice.chance(0.9),
  },
  claims: [{ subject: person.email, issuer: 'endorlabs.com', audience: 'api.endorlabs.com' }],
  remote_address: person.ip,
});

// ---- The authentication log ----

const login = (dice: Random, person: World['people'][number], byKey: boolean, world: World): JsonObject => {
  const failed = dice.chance(0.15);
  const nobody = failed && dice.chance(0.5);
  const success: Json = dice.chance(0.5) ? { success: true } : {}; // protobuf's JSON may leave it out
  return {
    uri: byKey ? '/v1/auth/api-key' : `/v1/auth/${person.source}`,
    remote_address: person.ip,
    claims: nobody ? [] : claims(person, byKey),
    ...(failed
      ? { status: 401, error_message: nobody ? 'invalid credentials' : 'the user has no access to a tenant' }
      : { status: 200, ...success }),
    ...(!failed && { authorized_tenants: [world.namespace, ...world.children] }),
  };
};
