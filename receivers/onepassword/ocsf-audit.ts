// Audit events of 1Password in OCSF: identity and configuration in category 3, content in Web Resources Activity.
import type { Draft, Fields, Json, JsonObject, ReadOptions } from '../../src/index.ts';
import { OBJECTS, type ObjectType, PREFIXES, type Row, type Shape, TARGETS, VERBS } from './ocsf-audit-table.ts';
import { draft, type Loose, OTHER, person, session, sessionEndpoint, some } from './ocsf-parts.ts';

export const readAudit = (record: Fields, types: ReadOptions['types']): Draft => {
  const action = record.text('action');
  const told = route(action, record.peek('object_type'));
  const name = `${told.object || 'none'}/${action ?? 'none'}`;
  const { object, verb } = halves(types?.get(name)) ?? told;
  const type = OBJECTS[object];
  const generic = genericActivity(verb);
  const row = type?.rows[verb] ?? type?.rest ?? { shape: 'entity', activity: generic, severity: 1 };
  const event: Event = {
    record,
    action,
    row,
    noun: row.noun ?? type?.noun ?? (object || 'object'),
    kind: row.kind ?? type?.kind ?? OTHER,
    generic,
    actor: actorOf(record),
    src_endpoint: sessionEndpoint(record, record.object('session')),
    message: `1Password ${told.object || 'audit'} ${action ?? 'without action'}`,
    unknown: isKnown(type, verb) ? undefined : name,
  };
  return SHAPES[row.shape](event);
};

/** A record on its way to a draft. */
interface Event {
  readonly record: Fields;
  readonly action: string | undefined;
  readonly row: Row;
  readonly noun: string;
  readonly kind: number;
  /** The activity of Entity Management, by the verb alone. */
  readonly generic: number;
  readonly actor: JsonObject | undefined;
  readonly src_endpoint: JsonObject | undefined;
  readonly message: string;
  readonly unknown: string | undefined;
}

/** `vault/create`, as the user writes it. */
const halves = (name: string | undefined): { object: string; verb: string } | undefined => {
  const [object = '', verb = ''] = name?.split('/') ?? [];
  return name === undefined ? undefined : { object, verb };
};

/** The object and the verb. The v3 beta says both in the action: `service-account.token.create`. */
const route = (action: string | undefined, objectType: Json | undefined): { object: string; verb: string } => {
  const object = typeof objectType === 'string' ? objectType : '';
  if (action === undefined || !action.includes('.')) return { object, verb: action ?? '' };
  const first = action.slice(0, action.indexOf('.'));
  const target = action.slice(0, action.lastIndexOf('.'));
  return { object: TARGETS[target] ?? TARGETS[first] ?? first, verb: action.slice(action.lastIndexOf('.') + 1) };
};

const isKnown = (type: ObjectType | undefined, verb: string): boolean =>
  type !== undefined && (VERBS[verb] !== undefined || type.rows[verb] !== undefined);

const genericActivity = (verb: string): number =>
  VERBS[verb] ?? PREFIXES.find(([prefix]) => verb.startsWith(prefix))?.[1] ?? OTHER;

// ---- Who is who ----

const actorOf = (record: Fields): JsonObject | undefined => {
  const kind = record.peek('actor_type');
  // Guests of another account are users to OCSF like all; that they are guests stays to be read in `unmapped`.
  const word = typeof kind === 'string' && kind !== '' ? (kind === 'external_user' ? 'user' : kind) : undefined;
  const who = person(record.object('actor_details'), {
    uid: record.text('actor_uuid'),
    kind: word,
    account: record.text('actor_account_uuid'),
  });
  if (who && kind !== 'external_user') record.text('actor_type');
  return some({ user: who, session: session(record.object('session')) });
};

/** The object, where it is a person. */
const objectPerson = (record: Fields): JsonObject | undefined =>
  person(record.object('object_details'), { uid: record.text('object_uuid') });

const auxPerson = (record: Fields): JsonObject | undefined =>
  person(record.object('aux_details'), { uid: record.text('aux_uuid') });

/** The object's person, or the other one's, or the actor: where a person changes something of their own. */
const anyPerson = ({ record, actor }: Event): JsonObject | undefined =>
  (record.has('object_details') ? objectPerson(record) : undefined) ??
  auxPerson(record) ??
  (actor?.user as JsonObject | undefined); // built above, of just that

// ---- The classes ----

const [ACCOUNT, AUTHENTICATION, ENTITY, USER_ACCESS, GROUPS, WEB_RESOURCES] = [3001, 3002, 3004, 3005, 3006, 6001];

const close = (event: Event, class_uid: number, attributes: Loose, activity = event.row.activity): Draft => {
  const { record, row, action, actor, src_endpoint, message, unknown } = event;
  return draft(
    record,
    {
      class_uid,
      activity_id: activity,
      severity_id: row.severity,
      status_id: 1, // the feed lists what was done, never what was refused
      message,
      code: action,
      unknown,
    },
    { actor, src_endpoint, ...attributes },
  );
};

/** An entity of the object: with its id, or by its noun where there is none. */
const entityOf = ({ record, noun, kind }: Event, more: Loose = {}): JsonObject | undefined => {
  const uid = record.text('object_uuid');
  const type = kind === OTHER ? noun : undefined; // the other kinds have a caption
  const policy = kind === 5 ? some({ uid, name: noun }) : undefined;
  return some({ uid, name: uid === undefined ? noun : undefined, type_id: kind, type, policy, ...more });
};

/** Where a class needs a target that the record does not name: the same verb on an entity, and no target invented. */
const degraded = (event: Event, kind = event.kind): Draft =>
  close(event, ENTITY, { entity: entityOf({ ...event, kind }) }, event.generic);

const accountChange = (event: Event, user: JsonObject | undefined, more: Loose = {}): Draft =>
  user ? close(event, ACCOUNT, { user, ...more }) : degraded(event, 2);

const VAULT = 'Vault';

const SHAPES: Readonly<Record<Shape, (event: Event) => Draft>> = {
  account: event => accountChange(event, objectPerson(event.record)),
  service: event => {
    const user = objectPerson(event.record);
    return accountChange(event, user && { ...user, type_id: 4 });
  },
  person: event => accountChange(event, anyPerson(event)),
  passkey: event => accountChange(event, anyPerson(event), { auth_factors: [{ factor_type_id: 10 }] }),

  // All the devices of a user at once: the vendor does not list them.
  devices: event => {
    const user = objectPerson(event.record);
    if (!user) return degraded(event, 2);
    const name = `devices of ${user.full_name ?? user.name ?? user.uid}`;
    return close(event, ENTITY, { entity: { name, type_id: 1, user } });
  },
  device: event => close(event, ENTITY, { entity: entityOf(event, { user: auxPerson(event.record) }) }),
  entity: event => close(event, ENTITY, { entity: entityOf(event) }, event.row.activity),

  group: event => {
    const uid = event.record.text('object_uuid');
    return uid === undefined ? degraded(event) : close(event, GROUPS, { group: { uid } });
  },
  member: event => {
    const { record } = event;
    const uid = record.text('object_uuid');
    if (uid === undefined) return degraded(event);
    const role = ROLES[String(record.peek('aux_info'))];
    if (role !== undefined) record.text('aux_info');
    return close(event, GROUPS, { group: { uid }, user: auxPerson(record), privileges: role && [role] });
  },
  groupVault: event => {
    const { record } = event;
    const uid = record.text('aux_uuid');
    if (uid === undefined) return degraded(event);
    const vault = record.text('object_uuid');
    const resource = vault === undefined ? undefined : { uid: vault, type: VAULT };
    return close(event, GROUPS, { group: { uid }, resource, privileges: vaultPrivileges(record) });
  },
  userVault: event => {
    const { record } = event;
    const user = auxPerson(record);
    if (!user) return degraded(event);
    const vault = record.text('object_uuid');
    const resources = vault === undefined ? undefined : [{ uid: vault, type: VAULT }];
    return close(event, USER_ACCESS, { user, resources, privileges: vaultPrivileges(record) });
  },

  resource: event => webResource(event),
  share: event => webResource(event, event.record.text('aux_uuid')),

  session: event => {
    const { record, action, actor } = event;
    const user = actor?.user;
    if (user === undefined) return degraded(event, OTHER);
    // The delegating session is the other one, and `actor.session` the one in which it happened.
    const own = actor?.session as JsonObject | undefined; // built above
    const alternative = action === 'dlgsess' ? record.text('aux_uuid') : undefined;
    const tenant = record.text('account_uuid');
    return close(event, AUTHENTICATION, {
      user,
      service: tenant === undefined ? { name: '1Password' } : { name: '1Password', uid: tenant },
      session: some({ ...own, uid_alt: alternative }),
    });
  },
};

const ROLES: Readonly<Record<string, string | undefined>> = { R: 'member', A: 'manager' };

const vaultPrivileges = (record: Fields): readonly string[] => [record.text('aux_info') ?? 'vault access'];

const webResource = (event: Event, vault?: string): Draft => {
  const uid = event.record.text('object_uuid');
  if (uid === undefined) {
    if (vault !== undefined) event.record.leave('aux_uuid');
    return degraded(event, OTHER);
  }
  const data = vault === undefined ? undefined : { vault_uuid: vault };
  return close(event, WEB_RESOURCES, { web_resources: [some({ uid, type: event.noun, data }) ?? { uid }] });
};
