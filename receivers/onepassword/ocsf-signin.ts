// Sign-in attempts of 1Password in OCSF: Authentication (3002), Logon.
import type { Draft, Fields, Json, JsonObject, ReadOptions } from '../../src/index.ts';
import { clientEndpoint, draft, type Loose, OTHER, table, user } from './ocsf-parts.ts';

const [SUCCESS, FAILURE] = [1, 2];

/** What a category says of the outcome. */
interface Category {
  readonly status_id: number;
  readonly severity_id: number;
  /** What the account's firewall rules did: profile `security_control`. */
  readonly firewall?: Loose;
}

const failed: Category = { status_id: FAILURE, severity_id: 2 };

/** All seven of the reference 1.4.1. A reported success is one: the rule asked for a report only (inferred). */
export const CATEGORIES = table<Category>({
  success: { status_id: SUCCESS, severity_id: 1 },
  credentials_failed: failed,
  mfa_failed: failed,
  sso_failed: failed,
  modern_version_failed: failed,
  firewall_failed: {
    ...failed,
    firewall: { action_id: 2, disposition_id: 2 }, // denied, blocked
  },
  firewall_reported_success: {
    status_id: SUCCESS,
    severity_id: 2,
    firewall: { action_id: 3, disposition_id: 17 }, // observed, logged
  },
});

/** What a type says of the way in. */
interface Way {
  readonly factor?: JsonObject;
  readonly mfa?: boolean;
  readonly sso?: true;
}

const plain: Way = {};
const sso: Way = { sso: true };
const by = (factor_type_id: number, more: JsonObject = {}): Way => ({ factor: { factor_type_id, ...more } });
const totp = by(7, { is_totp: true });
const u2f = by(9);
const duo = by(5, { provider: 'Duo' });
const code = by(8);
const platform = by(OTHER, { factor_type: 'Platform Secret' });

/** All 31 of the reference 1.4.1, and a spelling of 1.2.0. */
export const TYPES = table<Way>({
  credentials_ok: { mfa: false },
  mfa_ok: { mfa: true },
  mfa_missing: plain,
  password_secret_bad: by(11),
  totp_bad: totp,
  totp_disabled: totp,
  totp_timeout: totp,
  u2f_bad: u2f,
  u2f_disabled: u2f,
  u2f_timeout: u2f,
  u2f_timout: u2f,
  duo_bad: duo,
  duo_disabled: duo,
  duo_native_bad: duo,
  duo_timeout: duo,
  code_bad: code,
  code_disabled: code,
  code_timeout: code,
  platform_secret_bad: platform,
  platform_secret_disabled: platform,
  platform_secret_proxy: platform,
  federated: sso,
  sso_user_mismatch: sso,
  non_sso_user: plain,
  service_account_sso_denied: plain,
  ip_blocked: plain,
  continent_blocked: plain,
  country_blocked: plain,
  anonymous_blocked: plain,
  all_blocked: plain,
  modern_version_missing: plain,
  modern_version_old: plain,
});

export const readSignIn = (record: Fields, types: ReadOptions['types']): Draft => {
  const [word, type] = [record.text('category'), record.text('type')];
  const name = [word ?? 'none', type].filter(Boolean).join('/');
  const [kind = '', manner] = (types?.get(name) ?? name).split('/');
  const category = CATEGORIES[kind];
  const way = manner === undefined ? undefined : TYPES[manner];
  const known = category !== undefined && (manner === undefined || way !== undefined);
  const who = user(record.object('target_user'));
  const app = record.object('client').text('app_name');
  const account = record.text('account_uuid');
  const session = record.text('session_uuid');
  const is_mfa = kind === 'mfa_failed' ? true : way?.mfa;
  const failure = category?.status_id === FAILURE;

  const verdict = {
    class_uid: 3002,
    activity_id: 1,
    status_id: category?.status_id ?? 0,
    severity_id: category?.severity_id ?? 1,
    message: `1Password sign-in ${word ?? 'without category'}${type === undefined ? '' : ` (${type})`}`,
    code: word,
    unknown: known ? undefined : name,
  };
  const actor = actorOf(who, app);
  const common = {
    actor,
    src_endpoint: clientEndpoint(record),
    status_code: type,
    status_detail: record.object('details').text('value') ?? (failure ? word : undefined),
    ...category?.firewall,
  };
  // An attempt of nobody we are told of is no Authentication: OCSF wants the user.
  if (!who) {
    if (session !== undefined) record.leave('session_uuid');
    const entity = { name: 'sign-in', type_id: 2 };
    return draft(record, { ...verdict, class_uid: 3004, activity_id: OTHER }, { ...common, entity });
  }
  return draft(record, verdict, {
    ...common,
    user: who,
    service: account === undefined ? { name: '1Password' } : { name: '1Password', uid: account },
    session: session === undefined ? undefined : { uid: session },
    is_remote: true,
    is_mfa,
    auth_factors: way?.factor && [way.factor],
    ...(way?.sso && { auth_protocol_id: OTHER, auth_protocol: 'SSO' }),
  });
};

export const actorOf = (who: Json | undefined, app: string | undefined): JsonObject | undefined => {
  if (who === undefined) return app === undefined ? undefined : { app_name: app };
  return app === undefined ? { user: who } : { user: who, app_name: app };
};
