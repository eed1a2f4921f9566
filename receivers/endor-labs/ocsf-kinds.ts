// The vendor's kinds of resources and its operations as tables: which OCSF class, which entity, which activity.

/** What a kind of resource is to OCSF. */
export type Family = 'user' | 'credential' | 'organization' | 'policy' | 'resource';

/** The last part of a protobuf name: `internal.endor.ai.endor.v1.Policy` and `type.googleapis.com/…v1.Policy` say `Policy`. */
export const lastPart = (name: string | undefined): string | undefined =>
  name?.split(/[./]/).findLast(part => part !== '');

/** What a kind is; nothing for one that the vendor's documentation does not name. */
export const familyOf = (kind: string): Family | undefined => ROWS.find(([names]) => names.test(kind))?.[1];

// Names of the resources that the audit log is documented to hold; families of names where only the family is documented.
const ROWS: readonly (readonly [RegExp, Family])[] = [
  [/^(User|\w*Invitation|Invite)$/, 'user'],
  [/^(API_?Key|ApiKey|ServiceAccount|\w*Credentials?)$/, 'credential'],
  [/^(Namespace|Tenant|\w*Licen[cs]e\w*)$/, 'organization'],
  [/^(\w*Policy|PolicyTemplate|NotificationTarget)$/, 'policy'],
  [/^\w*Telemetry$/, 'resource'],
  [/^(Project|Repository|RepositoryVersion|ScanProfile|ScanResult|Tool[Cc]hain|Installation)$/, 'resource'],
];

/** `entity.type_id` of Entity Management, and what to call it where OCSF has no word (99). */
export const entityTypeOf = (
  family: Family | undefined,
  kind: string | undefined,
): { type_id: number; type?: string } => {
  if (family === 'user') return { type_id: 2 };
  if (family === 'organization') return { type_id: 4 };
  if (family === 'policy') return { type_id: 5 };
  if (family === 'credential') return { type_id: 99, type: kind === 'ServiceAccount' ? 'Service Account' : 'API Key' };
  return kind === undefined ? { type_id: 0 } : { type_id: 99, type: kind };
};

export interface Verb {
  /** `CREATE`: the operation without its prefix. */
  readonly word: string;
  /** Activity of Entity Management, 3004. */
  readonly entity: number;
  /** Activity of Account Change, 3001. */
  readonly account: number;
}

/** Reads an operation. Its word is found among others too: `API_KEY_CREATE` creates. */
export const verbOf = (operation: string | undefined): Verb => {
  const word = (operation ?? 'OPERATION_UNSPECIFIED').replace(/^OPERATION_/, '');
  const known = word
    .toUpperCase()
    .split(/[^A-Z]+/)
    .find(part => VERBS.has(part));
  const [entity, account] = VERBS.get(known ?? '') ?? [OTHER, OTHER];
  return { word: word || 'UNSPECIFIED', entity, account };
};

export const OTHER = 99;

// The API has the first five only. An upsert is an update as far as one can tell.
const VERBS: ReadonlyMap<string, readonly [entity: number, account: number]> = new Map([
  ['UNSPECIFIED', [0, 0]],
  ['CREATE', [1, 1]],
  ['UPDATE', [3, OTHER]],
  ['UPSERT', [3, OTHER]],
  ['DELETE', [4, 6]],
  ['READ', [2, OTHER]],
  ['GET', [2, OTHER]],
  ['LIST', [2, OTHER]],
  ['ENABLE', [8, 2]],
  ['DISABLE', [9, 5]],
]);

/** How a user proved who he is, by the vendor's word. `auth_protocol_id` of Authentication, 3002. */
export const protocolOf = (word: string): { auth_protocol_id: number; auth_protocol?: string } => {
  const id = PROTOCOLS.get(word.toLowerCase());
  return id === undefined ? { auth_protocol_id: OTHER, auth_protocol: word } : { auth_protocol_id: id };
};

const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['oidc', 4],
  ['openid', 4],
  ['saml', 5],
  ['oauth', 6],
  ['oauth2', 6],
  ['basic', 11],
  ['ldap', 12],
]);
