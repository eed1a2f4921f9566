// What each Opal event means in OCSF 1.8: a name is read by its grammar, then the record is asked for what the class
// needs. Where it does not say, the event becomes Entity Management instead of inventing a target.
import { isIP } from 'node:net';
import {
  type AuditRecord,
  type Draft,
  Fields,
  isObject,
  type Json,
  type JsonObject,
  type Mapping,
  type ReadOptions,
} from '../../src/index.ts';
import { type Noun, type Reading, readType, type Shape } from './ocsf-grammar.ts';

export const mapping: Mapping = {
  describe: ({ site, tenant }) => ({
    product: { name: 'Opal', vendor_name: 'Opal Security', feature: { name: 'Events' } },
    provider: 'Opal',
    log: 'events',
    format: 'JSON',
    version: 'v1',
    address: `${new URL(site).host}/v1/events`,
    tenant: tenant || undefined,
  }),

  read: ({ raw }: AuditRecord, { fanout, types }) => {
    const parts = isObject(raw) && Array.isArray(raw.sub_events) && fanout ? raw.sub_events : [];
    return parts.length === 0 ? [whole(raw, types)] : parts.map((part, index) => fanned(raw, part, index, types));
  },
};

type Likes = ReadOptions['types'];

/** A record without sub-events: one event, of its own type and fields. */
const whole = (raw: Json, types: Likes): Draft => {
  const event = new Fields(raw);
  const type = event.text('event_type');
  const draft = drawn(type, event, event, types);
  const unmapped = { ...event.rest(), ...(!isObject(raw) && { record: raw }) };
  return { ...draft, unmapped };
};

/** One of several that Opal packed into a record: its own type and target, the record's actor. */
const fanned = (raw: Json, part: Json, index: number, types: Likes): Draft => {
  const [event, own] = [new Fields(raw), new Fields(part)];
  const parent = event.text('event_type');
  const type = own.text('sub_event_type') ?? parent;
  const correlation = event.text('event_id');
  event.list('sub_events');
  const draft = drawn(type, own, event, types);
  const rest = isObject(part) ? own.rest() : part;
  return {
    ...draft,
    metadata: {
      ...draft.metadata,
      ...(correlation !== undefined && { correlation_uid: correlation }),
      sequence: index,
    },
    unmapped: {
      ...event.rest(),
      ...(parent !== undefined && parent !== type && { event_type: parent }),
      ...(!isEmpty(rest) && { sub_event: rest }),
    },
  };
};

/** @param own where the target is told; the record itself where it has no sub-events */
const drawn = (type: string | undefined, own: Fields, event: Fields, types: Likes): Draft => {
  const reading = readType(types?.get(type ?? '') ?? type ?? '');
  const doer = personOf(event, 'actor_user_id', 'actor_name', 'actor_email');
  const target = targetOf(own, doer);
  const drawn = shapes[reading.shape](target, own, reading) ?? degraded(target, reading);
  event.text('event_id'); // the record's id
  const original = event.text('created_at');
  const activity = drawn.activity ?? reading.activity;
  const subject = named(drawn.attributes).filter(name => name !== reading.noun.label);
  return {
    class_uid: drawn.class_uid,
    activity_id: activity,
    ...(activity === 99 && { activity_name: type ?? 'Unknown' }),
    severity_id: reading.severity,
    status_id: reading.failed ? 2 : 1,
    message: [type ?? 'Opal event', ...(subject.length > 0 ? [subject.join(', ')] : [])].join(': '),
    metadata: {
      ...(type !== undefined && { event_code: type }),
      ...(original !== undefined && { original_time: original }),
      ...(drawn.profiles && { profiles: drawn.profiles }),
    },
    attributes: { ...drawn.attributes, actor: actorOf(event, doer), src_endpoint: endpointOf(event) },
    ...(!reading.known && { unknown: type ?? 'an event without event_type' }),
  };
};

// ---- Classes ----

interface Drawn {
  readonly class_uid: number;
  readonly attributes: Draft['attributes'];
  /** Where it is not the reading's. */
  readonly activity?: number;
  readonly profiles?: readonly string[];
}

/** Whatever a record may name as that to which something was done; each is taken only when it is asked for. */
interface Target {
  user(): JsonObject | undefined;
  /** The user, or else who acted: for what people do to themselves. */
  self(): JsonObject | undefined;
  group(): JsonObject | undefined;
  subgroup(): JsonObject | undefined;
  resource(): JsonObject | undefined;
  /** Access levels and roles; just `access` where the record names none. */
  privileges(): readonly string[];
}

/** Nothing, where the record does not name what the class requires. */
type Draw = (target: Target, own: Fields, reading: Reading) => Drawn | undefined;

const shapes: Readonly<Record<Shape, Draw>> = {
  login: target => {
    const user = target.self();
    return user && { class_uid: 3002, attributes: { user, service: { name: 'Opal' } } };
  },
  account: target => {
    const user = target.user();
    return user && { class_uid: 3001, attributes: { user } };
  },
  session: (target, own) => {
    const user = target.self();
    const uid = own.text('session_id');
    return (
      user && {
        class_uid: 3003,
        attributes: { user, privileges: target.privileges(), ...(uid && { session: { uid } }) },
      }
    );
  },
  access: target => {
    const user = target.user();
    if (!user) return undefined;
    const resource = target.resource();
    return {
      class_uid: 3005,
      attributes: { user, privileges: target.privileges(), ...(resource && { resources: [resource] }) },
    };
  },
  group: (target, _own, { activity }) => {
    const group = target.group();
    if (!group) return undefined;
    const more = {
      ...(activity !== 7 && activity !== 8 ? { user: target.user() } : { subgroup: target.subgroup() }),
      ...((activity === 1 || activity === 2) && { privileges: target.privileges(), resource: target.resource() }),
    };
    return { class_uid: 3006, attributes: { group, ...more } };
  },
  request: (_target, own, { noun }) => ({
    class_uid: 3004,
    attributes: { entity: entityOf(own, noun), comment: own.text('reason') },
  }),
  approval: (target, own, reading) =>
    decided(shapes.request(target, own, reading), { action_id: 1, disposition_id: 8 }),
  rejection: (target, own, reading) =>
    decided(shapes.request(target, own, reading), { action_id: 2, disposition_id: 25 }),
  policy: (_target, own, { noun }) => ({
    class_uid: 3004,
    attributes: { entity: within('policy', entityOf(own, noun)) },
  }),
  organization: (_target, own, { noun }) => ({
    class_uid: 3004,
    attributes: { entity: within('org', entityOf(own, noun)) },
  }),
  entity: (_target, own, { noun }) => ({ class_uid: 3004, attributes: { entity: entityOf(own, noun) } }),
};

/** A decision on a request is no failure of it: the profile says which way it went. */
const decided = (drawn: Drawn | undefined, decision: JsonObject): Drawn | undefined =>
  drawn && { ...drawn, attributes: { ...drawn.attributes, ...decision }, profiles: ['security_control'] };

const within = (key: 'policy' | 'org', entity: JsonObject): JsonObject => {
  const { uid, name } = entity;
  return { ...entity, [key]: { ...(uid !== undefined && { uid }), ...(name !== undefined && { name }) } };
};

/** Entity Management about whatever the record does name, or at least about the kind of thing. */
const degraded = (target: Target, { noun, fallback }: Reading): Drawn => {
  const draw = (entity: JsonObject): Drawn => ({
    class_uid: 3004,
    activity: fallback,
    attributes: { entity },
  });
  const user = target.user();
  if (user) return draw({ ...brief(user), type_id: 2, user });
  const group = target.group();
  if (group) return draw({ ...brief(group), type_id: 3, group });
  const resource = target.resource();
  if (resource) return draw({ ...brief(resource), type_id: 99, type: 'Resource' });
  return draw({ name: noun.label, ...typed(noun) });
};

const brief = ({ uid, name }: JsonObject): JsonObject => ({
  ...(uid !== undefined && { uid }),
  ...(name !== undefined && { name }),
});

// ---- Objects ----

/** The user who acted, and the API token that they acted through. */
const actorOf = (event: Fields, user: JsonObject | undefined): JsonObject | undefined => {
  const app = event.text('api_token_name');
  const preview = event.text('api_token_preview'); // masked by Opal
  const actor = {
    ...(user && { user }),
    ...(app && { app_name: app }),
    ...(preview && { session: { credential_uid: preview } }),
  };
  return isEmpty(actor) ? undefined : actor;
};

const endpointOf = (event: Fields): JsonObject | undefined => {
  const ip = event.peek('actor_ip_address');
  if (typeof ip !== 'string' || isIP(ip) === 0 || ip.length > 40) return undefined; // OCSF has no address that is longer
  return { ip: event.text('actor_ip_address')! }; // it was just seen
};

const targetOf = (own: Fields, actor: JsonObject | undefined): Target => {
  const user = () => personOf(own, 'user_id', 'user_name', 'user_email');
  const thing = (kind: string) => thingOf(own, `${kind}_id`, `${kind}_name`, `${kind}_type`);
  return {
    user,
    self: () => user() ?? actor,
    group: () => thing('group'),
    subgroup: () => thing('subgroup') ?? thing('member_group'),
    resource: () => thing('resource'),
    privileges: () => {
      const key = PRIVILEGES.find(key => typeof own.peek(key) === 'string' && own.peek(key) !== '');
      return [(key && own.text(key)) ?? 'access'];
    },
  };
};

// How a sub-event names them is not documented: these are guesses, and what they miss stays in `unmapped`.
const PRIVILEGES = [
  'access_level_name',
  'access_level',
  'access_level_remote_name',
  'access_level_remote_id',
  'role_name',
  'role',
];

const personOf = (fields: Fields, id: string, name: string, email: string): JsonObject | undefined => {
  const uid = fields.text(id);
  const full = fields.text(name);
  const address = fields.peek(email);
  const mail = typeof address === 'string' && EMAIL.test(address) ? fields.text(email) : undefined;
  const login = mail ?? full;
  if (uid === undefined && login === undefined) return undefined;
  return {
    ...(uid && { uid }),
    ...(login && { name: login }),
    ...(full && { full_name: full }),
    ...(mail && { email_addr: mail }),
    type_id: 1,
  };
};

// What OCSF takes for an e-mail address.
const EMAIL = /^[\w!#$%&'*+\-/=?^`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9.-]+$/;

const thingOf = (fields: Fields, id: string, name: string, type: string): JsonObject | undefined => {
  const [uid, called] = [fields.text(id), fields.text(name)];
  if (uid === undefined && called === undefined) return undefined;
  const kind = fields.text(type);
  return { ...(uid && { uid }), ...(called && { name: called }), ...(kind && { type: kind }) };
};

const entityOf = (own: Fields, noun: Noun): JsonObject => {
  for (const field of noun.fields) {
    const [uid, name] = [own.text(`${field}_id`), own.text(`${field}_name`)];
    if (uid ?? name) return { ...(uid && { uid }), ...(name && { name }), ...typed(noun) };
  }
  return { name: noun.label, ...typed(noun) };
};

const typed = ({ type, label }: Noun): JsonObject => (type === 99 ? { type_id: 99, type: label } : { type_id: type });

/** The names of what an event is about, as far as it gives them: for the message. */
const named = (attributes: Draft['attributes']): readonly string[] =>
  ['user', 'group', 'subgroup', 'resource', 'resources', 'entity']
    .flatMap(key => attributes[key] ?? [])
    .flatMap(object => (isObject(object) ? (object.full_name ?? object.name ?? []) : []))
    .filter(name => typeof name === 'string');

const isEmpty = (json: Json): boolean => isObject(json) && Object.keys(json).length === 0;
