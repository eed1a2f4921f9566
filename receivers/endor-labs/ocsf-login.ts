// One login: Authentication, by the authentication log or by an operation of the audit log that says so.
import { type Draft, Fields, isObject, type JsonObject } from '../../src/index.ts';
import { OTHER, protocolOf } from './ocsf-kinds.ts';
import { actorOf, outcomeOf } from './ocsf-operation.ts';
import { personOf, some } from './ocsf-people.ts';
import { payloadOf, type Reader } from './ocsf-reader.ts';

/** A record of the authentication log. `success` is often left out where it is true: protobuf's JSON may omit it. */
export const login = (read: Reader): Draft => {
  const { spec } = read;
  const [success, status, detail] = [spec.boolean('success'), spec.number('status'), spec.text('error_message')];
  const failed = success === undefined ? detail !== undefined || refuses(status) : !success;
  const uri = spec.text('uri');
  const byKey = read.claims.apiKey || (uri !== undefined && pathOf(uri).endsWith('/api-key'));
  return authentication(read, {
    code: read.kind ?? 'AuthenticationLog',
    activity: LOGON,
    failed,
    user: read.user,
    attributes: {
      status_code: status === undefined ? undefined : String(status),
      status_detail: detail,
      http_request: uri === undefined ? undefined : { url: urlOf(uri) },
    },
    protocol: byKey ? { auth_protocol_id: OTHER, auth_protocol: 'api-key' } : {},
    payload: payloadOf(spec),
  });
};

/** An operation that is a login: not of the API's enumeration, but of samples that are in the wild. */
export const loginOperation = (read: Reader, activity: typeof LOGON | typeof LOGOFF): Draft => {
  const { spec } = read;
  const outcome = outcomeOf(spec);
  const payload = new Fields(payloadOf(spec));
  const id = payload.text('user_id');
  const success = payload.boolean('success');
  const method = payload.text('authentication_method');
  const session = payload.text('session_id');
  const user = read.claims.user ?? personOf({ uid: id }) ?? read.user;
  if (user && user.uid !== id && user.name !== id) payload.leave('user_id');
  if (!user) payload.leave('authentication_method'); // Entity Management has no place for it
  const rest = payload.rest();
  const kept = Object.keys(rest).length > 0 ? rest : undefined;
  return authentication(read, {
    code: spec.text('operation'),
    activity,
    failed: outcome.status_id === 2 || success === false,
    user,
    session,
    attributes: { status_code: outcome.status_code, status_detail: outcome.status_detail },
    protocol: method === undefined ? {} : protocolOf(method),
    payload: isObject(spec.peek('payload')) ? kept : payloadOf(spec),
  });
};

export const LOGON = 1;
export const LOGOFF = 2;

interface Login {
  readonly code: string | undefined;
  readonly activity: typeof LOGON | typeof LOGOFF;
  readonly failed: boolean;
  readonly user: JsonObject | undefined;
  readonly session?: string | undefined;
  readonly attributes: Draft['attributes'];
  readonly protocol: JsonObject;
  /** What to keep of `spec.payload` among the unmapped. */
  readonly payload: Draft['attributes'][string];
}

/** A login by nobody that the record names stays a login of *some* user: Entity Management, without an invented name. */
const authentication = (
  read: Reader,
  { code, activity, failed, user, session, attributes, protocol, payload }: Login,
): Draft => {
  const { metadata, description, src_endpoint, claims } = read;
  const word = activity === LOGON ? 'sign-in' : 'sign-out';
  const own = some({ uid: session, issuer: claims.issuer });
  const opened = Object.keys(own).length === 0 ? {} : { session: own };
  const actor = actorOf({ ...read, user });
  const drawn = user
    ? {
        class_uid: 3002,
        activity_id: activity,
        attributes: { user, service: { name: 'Endor Labs' }, is_remote: true, ...protocol, ...opened },
      }
    : {
        class_uid: 3004,
        activity_id: OTHER,
        activity_name: activity === LOGON ? 'Logon' : 'Logoff',
        attributes: {
          entity: { name: 'User', type_id: 2 },
          ...(session !== undefined && { actor: { ...actor, ...opened } }),
        },
      };
  return {
    ...drawn,
    severity_id: failed ? 2 : 1,
    status_id: failed ? 2 : 1,
    message: description ?? `Endor Labs ${word}${failed ? ' (failed)' : ''}`,
    metadata: { ...metadata, ...some({ event_code: code }) },
    attributes: { actor, ...drawn.attributes, ...attributes, src_endpoint },
    unmapped: read.unmapped(payload),
  };
};

/** "The return code": of HTTP or of gRPC. Both have a word for "all is well". */
const refuses = (status: number | undefined): boolean =>
  status !== undefined && status !== 0 && !(status >= 200 && status < 400);

const pathOf = (uri: string): string => uri.split(/[?#]/, 1)[0] ?? '';

/** The path, and the names of the query's parameters: their values may open something (`code=…`). */
const urlOf = (uri: string): JsonObject => {
  const query = /\?([^#]+)/.exec(uri)?.[1];
  const names = query
    ?.split('&')
    .map(pair => pair.replace(/=.*/s, '=[redacted]'))
    .join('&');
  return some({ path: pathOf(uri) || uri, query_string: names });
};
