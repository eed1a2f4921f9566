// A record half read: what both logs have in common is taken, the rest is asked for by the reading of each log.
import { Fields, isObject, type Json, type JsonObject } from '../../src/index.ts';
import { cap, redact } from './ocsf-payload.ts';
import { type Claims, creatorOf, endpointOf, personOf, readClaims, SYSTEM, some } from './ocsf-people.ts';

/** The log whose records are all logins. */
export const LOGINS = 'authentication-logs';

export interface Reader {
  readonly spec: Fields;
  /** `meta.kind`: which log the record says it is of. */
  readonly kind: string | undefined;
  readonly isLogin: boolean;
  readonly description: string | undefined;
  /** What every draft's metadata says. */
  readonly metadata: JsonObject;
  readonly claims: Claims;
  /** By the claims, or else by `meta.created_by`. */
  readonly user: JsonObject | undefined;
  readonly src_endpoint: JsonObject | undefined;
  /** What nobody took by now; to be called last. @param payload what to keep of `spec.payload` */
  unmapped(payload: Json | undefined): JsonObject;
}

/** @param feed which log the record was in */
export const reader = (raw: Json, feed: string): Reader => {
  const record = new Fields(raw);
  const [meta, spec] = [record.object('meta'), record.object('spec')];
  record.text('uuid'); // the record's id
  const claims = readClaims(spec.list('claims'));
  const kind = meta.text('kind');
  const isLogin = feed === LOGINS || kind === 'AuthenticationLog';
  if (kind !== 'AuditLog' && kind !== 'AuthenticationLog') meta.leave('kind'); // these say no more than the log's name
  return {
    spec,
    kind,
    isLogin,
    description: meta.text('description'),
    metadata: some({
      original_time: meta.text('create_time'),
      log_version: meta.text('version'),
      tenant_uid: record.object('tenant_meta').text('namespace'),
    }),
    claims,
    user: claims.user ?? creator(meta, isLogin),
    src_endpoint: address(spec),
    unmapped: payload => redact(without(record.rest(), claims.left, payload)),
  };
};

/** Who the object says made it. The text says more than a name (how he signed in), so then it stays unmapped, too. */
const creator = (meta: Fields, isLogin: boolean): JsonObject | undefined => {
  const text = meta.text('created_by');
  if (text === undefined) return undefined;
  const name = creatorOf(text);
  const user = personOf({ name });
  const isOther = isLogin && user?.type_id === SYSTEM; // the vendor wrote the login down: that is not who signed in
  if (isOther || name !== text) meta.leave('created_by');
  return isOther ? undefined : user;
};

const address = (spec: Fields): JsonObject | undefined => {
  const text = spec.text('remote_address');
  const found = text === undefined ? undefined : endpointOf(text);
  if (!found?.whole) spec.leave('remote_address');
  return found?.endpoint;
};

/** Claims and payload are read as a whole: of these two, only what is left of them is unmapped. */
const without = (rest: JsonObject, claims: readonly Json[], payload: Json | undefined): JsonObject => {
  if (!isObject(rest.spec) && claims.length === 0 && payload === undefined) return rest;
  const { spec, ...others } = rest;
  const { payload: _read, ...fields } = isObject(spec) ? spec : {};
  const left = { ...fields, ...some({ claims: claims.length > 0 ? claims : undefined, payload }) };
  return Object.keys(left).length === 0 ? others : { ...others, spec: left };
};

/** The payload, fit to travel; nothing where there is none. @param keys whether `key` is a secret, too */
export const payloadOf = (spec: Fields, keys = false): Json | undefined => {
  const payload = spec.peek('payload') ?? undefined;
  return isObject(payload) ? cap(redact(payload, keys)) : payload;
};
