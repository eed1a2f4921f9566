// What the three feeds of 1Password have in common in OCSF: people, clients, places, and what every draft says.
import { isIP } from 'node:net';
import { type Draft, type Fields, type Json, type JsonObject, moment, toMillis } from '../../src/index.ts';
import { countryCode } from './ocsf-countries.ts';

/** The attributes of a draft before the empty ones are left out. */
export type Loose = { readonly [name: string]: Json | undefined };

/** An object without what is undefined, itself where nothing is; nothing when nothing is left. */
export const some = (loose: Loose): JsonObject | undefined => {
  let [all, any] = [true, false];
  for (const key in loose) {
    if (loose[key] === undefined) all = false;
    else any = true;
  }
  if (!any) return undefined;
  if (all) return loose as JsonObject; // nothing in it is undefined
  const object: Record<string, Json> = {};
  for (const key in loose) if (loose[key] !== undefined) object[key] = loose[key];
  return object;
};

/** A lookup that no vendor's word can leave: `constructor` is a key like any other. */
export const table = <T>(rows: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
  Object.freeze(Object.assign(Object.create(null) as Record<string, T>, rows)); // an object without a prototype

// ---- What every draft says ----

export interface Verdict {
  readonly class_uid: number;
  readonly activity_id: number;
  readonly status_id: number;
  readonly severity_id: number;
  readonly message: string;
  /** The vendor's word: `event_code`, and the name of activity 99. */
  readonly code: string | undefined;
  readonly unknown?: string | undefined;
}

/** Closes a draft. To be called last: what nobody took of the record by now is unmapped. */
export const draft = (record: Fields, verdict: Verdict, attributes: Loose): Draft => {
  const { class_uid, activity_id, status_id, severity_id, message, code, unknown } = verdict;
  record.text('uuid');
  const time = record.text('timestamp');
  const metadata = some({
    event_code: code,
    original_time: time,
    tenant_uid: record.text('account_uuid'),
  });
  const unmapped = record.rest();
  return {
    class_uid,
    activity_id,
    status_id,
    severity_id,
    message,
    metadata: metadata ?? {},
    attributes,
    ...(activity_id === OTHER && { activity_name: code ?? 'unknown' }),
    unmapped,
    ...(unknown !== undefined && { unknown }),
  };
};

export const OTHER = 99;

// ---- People ----

/** Who a person is, as far as the feeds agree. */
export interface Person {
  readonly uid?: string | undefined;
  /** The vendor's word for the kind of account. */
  readonly kind?: string | undefined;
  readonly account?: string | undefined;
}

// The schema's form of an e-mail address, 1.8.0.
const EMAIL = /^[a-zA-Z0-9!#$%&'*+-/=?^_`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+$/;
const SERVICE = '@1passwordserviceaccounts.com';

/**
 * A user, of `{ uuid, name, email }`; nothing where the vendor says neither who nor what name. `uid` is what stands
 * beside the details and wins over theirs.
 */
export const person = (details: Fields, { uid, kind, account }: Person = {}): JsonObject | undefined => {
  const own = details.text('uuid');
  if (uid !== undefined && own !== uid) details.leave('uuid');
  const [id, email, full] = [uid ?? own, details.text('email'), details.text('name')];
  const name = email ?? full;
  if (id === undefined && name === undefined) return undefined;
  const address = email !== undefined && EMAIL.test(email) ? email : undefined;
  return some({
    uid: id,
    name,
    full_name: full,
    email_addr: address,
    account: account === undefined ? undefined : { uid: account },
    ...(email?.endsWith(SERVICE) ? SERVICE_ACCOUNT : typeOf(kind)),
  });
};

/** A user of the sign-in and item feeds. Older records say `type` for `user_type`. */
export const user = (details: Fields): JsonObject | undefined => {
  if (!details.has('uuid') && !details.has('name') && !details.has('email')) return undefined;
  const kind = details.text('user_type') ?? details.text('type');
  return person(details, { kind, account: details.text('user_account_uuid') });
};

const SERVICE_ACCOUNT = { type_id: 4 };
const USER = { type_id: 1 };

const typeOf = (kind: string | undefined): { readonly type_id: number; readonly type?: string } | undefined => {
  if (kind === undefined) return undefined;
  return kind === 'user' ? USER : { type_id: OTHER, type: kind };
};

// ---- Clients and places ----

/** Where it came from: the client's address, its system and its place. Nothing without an address: OCSF has no place for it. */
export const clientEndpoint = (record: Fields): JsonObject | undefined => {
  const client = record.object('client');
  const ip = address(client, 'ip_address') ?? address(client, 'ip');
  if (ip === undefined) return undefined;
  return some({ ip, os: system(client), location: place(record, record.object('location')) });
};

/** The same for the audit feed, which tells of a session instead of a client. */
export const sessionEndpoint = (record: Fields, session: Fields): JsonObject | undefined => {
  const [ip, uid] = [address(session, 'ip'), session.text('device_uuid')];
  if (ip === undefined && uid === undefined) return undefined;
  return some({ ip, uid, location: place(record, record.object('location')) });
};

/** A session, with when it began to the millisecond. */
export const session = (fields: Fields, alternative?: string): JsonObject | undefined => {
  const began = fields.text('login_time');
  const at = moment(began)?.time;
  if (began !== undefined && at === undefined) fields.leave('login_time');
  return some({ uid: fields.text('uuid'), uid_alt: alternative, created_time: at && toMillis(at) });
};

const address = (fields: Fields, key: string): string | undefined => {
  const value = fields.text(key);
  if (value === undefined || isIP(value) !== 0) return value;
  fields.leave(key);
  return undefined;
};

const SYSTEMS = table<number>({
  macos: 300,
  macosx: 300,
  'mac os x': 300,
  ios: 301,
  ipados: 302,
  windows: 100,
  linux: 200,
  android: 201,
});

const system = (client: Fields): JsonObject | undefined => {
  const name = client.text('os_name');
  if (name === undefined) return undefined;
  const type_id = SYSTEMS[name.toLowerCase()] ?? OTHER;
  return some({ name, type_id, type: type_id === OTHER ? name : undefined, version: client.text('os_version') });
};

/** A place needs a name; the sign-in feed names the country a second time beside it. */
const place = (record: Fields, location: Fields): JsonObject | undefined => {
  const [country, region, city] = [location.text('country'), location.text('region'), location.text('city')];
  const beside = record.text('country');
  const code = country === undefined ? undefined : countryCode(country);
  const other = beside === undefined ? undefined : countryCode(beside);
  if (code !== undefined && other !== undefined && code !== other) record.leave('country');
  const named = code ?? other;
  if (named === undefined && region === undefined && city === undefined) return undefined;
  return some({
    country: named,
    region,
    city,
    lat: location.number('latitude'),
    long: location.number('longitude'),
  });
};
