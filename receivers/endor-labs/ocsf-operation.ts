// One operation on a resource: Entity Management, or Account Change where it is about a user and says which.
import { type Draft, Fields, isObject, type JsonObject, type ReadOptions } from '../../src/index.ts';
import { entityTypeOf, type Family, familyOf, lastPart, OTHER, type Verb } from './ocsf-kinds.ts';
import { personOf, some } from './ocsf-people.ts';
import { payloadOf, type Reader } from './ocsf-reader.ts';

/** @param types what the user says of kinds that have no row */
export const operation = (read: Reader, verb: Verb, types: ReadOptions['types']): Draft => {
  const { spec, metadata, description, src_endpoint } = read;
  const code = spec.text('operation');
  const payload = new Fields(spec.peek('payload'));
  const kind = lastPart(textAt(spec, 'message_kind') ?? payload.text('@type'));
  const family = familyOf(types?.get(kind ?? '') ?? kind ?? '');
  const outcome = outcomeOf(spec);
  const uid = spec.text('message_uuid');
  const name = nameIn(payload);
  const account = family === 'user' ? accountOf(payload, uid, name) : undefined;
  const kept = payloadOf(spec, family === 'credential');
  const data = account === undefined && isObject(kept) ? kept : undefined;
  const activity = account ? verb.account : verb.entity;

  return {
    class_uid: account ? 3001 : 3004,
    activity_id: activity,
    ...(activity === OTHER && { activity_name: verb.word }),
    severity_id: outcome.status_id === 2 ? 2 : severityOf(family, verb),
    status_id: outcome.status_id,
    message: description ?? sentence([code ?? 'Endor Labs event', kind, name], outcome.status_id),
    metadata: { ...metadata, ...some({ event_code: code }) },
    attributes: {
      actor: actorOf(read),
      src_endpoint,
      status_code: outcome.status_code,
      status_detail: outcome.status_detail,
      ...(account ? { user: account } : { entity: entityOf(family, kind, uid, name, data) }),
    },
    unmapped: read.unmapped(data ? undefined : kept),
    ...unknown(code, kind, family, verb),
  };
};

/** The kind stays unmapped: its last part alone is not what the vendor said. */
const textAt = (fields: Fields, key: string): string | undefined => {
  const value = fields.peek(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const sentence = (words: readonly (string | undefined)[], status: number): string =>
  [...words, ...(status === 2 ? ['(failed)'] : [])].filter(word => word !== undefined).join(' ');

const unknown = (
  code: string | undefined,
  kind: string | undefined,
  family: Family | undefined,
  verb: Verb,
): { unknown?: string } => {
  if (verb.entity === OTHER) return { unknown: code ?? verb.word };
  return family ? {} : { unknown: kind ?? 'an operation without message_kind' };
};

const severityOf = (family: Family | undefined, { entity }: Verb): number => {
  if (family === 'policy' && entity === 4) return 3; // a protection taken away
  return family === 'credential' && entity === 1 ? 2 : 1;
};

/** Who did it. OCSF has no actor that is an identity provider alone, so the session says who issued it then. */
export const actorOf = ({ user, claims: { issuer } }: Reader): JsonObject | undefined => {
  const idp = issuer === undefined ? undefined : { name: issuer };
  if (user) return some({ user, idp });
  return idp && { session: { issuer: idp.name }, idp };
};

interface Outcome {
  readonly status_id: 1 | 2;
  readonly status_code?: string | undefined;
  readonly status_detail?: string | undefined;
}

/** An error is there only when the call failed. `{}` and code 0 are how protobuf writes that there is none. */
export const outcomeOf = (spec: Fields): Outcome => {
  const error = spec.peek('error');
  if (error === undefined || error === null) return { status_id: 1 };
  if (typeof error === 'string') return { status_id: error === '' ? 1 : 2, status_detail: spec.text('error') };
  if (!isObject(error)) return { status_id: 2 };
  const fields = spec.object('error');
  const code = fields.number('code') ?? fields.text('code');
  const detail = fields.text('message');
  const none = (code ?? 0) === 0 && detail === undefined;
  return { status_id: none ? 1 : 2, status_code: code === undefined ? undefined : String(code), status_detail: detail };
};

/** An object's own name is in its `meta`, as everywhere at Endor Labs. Only looked at: the payload is kept whole. */
const nameIn = (payload: Fields): string | undefined => payload.object('meta').text('name') ?? payload.text('name');

const accountOf = (payload: Fields, uid: string | undefined, name: string | undefined): JsonObject | undefined => {
  const inner = payload.object('spec');
  const email = inner.text('email') ?? inner.text('email_address') ?? payload.text('email');
  return (email ?? name) === undefined ? undefined : personOf({ uid, name: email ?? name });
};

const entityOf = (
  family: Family | undefined,
  kind: string | undefined,
  uid: string | undefined,
  name: string | undefined,
  data: JsonObject | undefined,
): JsonObject => {
  const named = some({ uid, name: name ?? (uid === undefined ? (kind ?? 'Resource') : undefined) });
  const child = CHILDREN[family ?? 'resource'];
  return { ...named, ...entityTypeOf(family, kind), ...(child && { [child]: named }), ...some({ data }) };
};

/** Where OCSF has an object of its own for what is managed. */
const CHILDREN: Readonly<Record<Family, string | undefined>> = {
  policy: 'policy',
  organization: 'org',
  user: 'user',
  credential: undefined,
  resource: undefined,
};
