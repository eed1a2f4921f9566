// Who it was and from where: claims in both shapes, the creator's name, the remote address.
import { isIP } from 'node:net';
import { isAddress, isEmail, isObject, type Json, type JsonObject } from '../../src/index.ts';

/** `type_id` of the user that is the vendor's own process. */
export const SYSTEM = 3;

/** What a list of claims says, and the claims that no attribute holds. */
export interface Claims {
  readonly user: JsonObject | undefined;
  readonly issuer: string | undefined;
  /** Whether it says that an API key was used. */
  readonly apiKey: boolean;
  readonly left: readonly Json[];
}

/** Texts like `email=jane@example.com` (the API), or objects like `{ subject, issuer, audience }` (seen in samples). */
export const readClaims = (claims: readonly Json[]): Claims => {
  const pairs = claims.map(pairOf);
  const takenAt = new Set<number>();
  const find = (key: string, fits: (value: string) => boolean = () => true): string | undefined => {
    const at = pairs.findIndex(pair => pair !== undefined && pair[0] === key && fits(pair[1]));
    if (at < 0) return undefined;
    takenAt.add(at);
    return pairs[at]?.[1];
  };
  const named = claims.find(
    (claim): claim is JsonObject => isObject(claim) && typeof claim.subject === 'string' && claim.subject !== '',
  );

  const email = find('email', isEmail);
  const login = email ?? find('email');
  const uid = find('ID') ?? find('user');
  const full = [find('firstname'), find('lastname')].filter(part => part !== undefined).join(' ') || find('nickname');
  const subject = named && textIn(named, 'subject');
  const user = personOf({ uid: uid ?? subject, name: login ?? subject, full_name: full, domain: find('domain') });
  const issuer =
    find('issuer') ?? claims.map(claim => (isObject(claim) ? textIn(claim, 'issuer') : undefined)).find(Boolean);

  return {
    user,
    issuer,
    apiKey: claims.includes('api-key') || claims.includes('source_type=api-key'),
    left: claims.flatMap((claim, at) => (takenAt.has(at) ? [] : leftOf(claim, claim === named, issuer))),
  };
};

const pairOf = (claim: Json): readonly [key: string, value: string] | undefined => {
  if (typeof claim !== 'string') return undefined;
  const at = claim.indexOf('=');
  return at < 1 || at === claim.length - 1 ? undefined : [claim.slice(0, at), claim.slice(at + 1)];
};

/** What remains of a claim that is an object. */
const leftOf = (claim: Json, isNamed: boolean, issuer: string | undefined): readonly Json[] => {
  if (!isObject(claim)) return [claim];
  const rest = Object.entries(claim).filter(
    ([key, value]) => !(isNamed && key === 'subject') && !(key === 'issuer' && value === issuer),
  );
  return rest.length === 0 && Object.keys(claim).length > 0 ? [] : [Object.fromEntries(rest)];
};

const textIn = (object: JsonObject, key: string): string | undefined => {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
};

interface Person {
  readonly uid?: string | undefined;
  readonly name?: string | undefined;
  readonly full_name?: string | undefined;
  readonly domain?: string | undefined;
}

/** An OCSF user; nothing where neither an id nor a name is known. */
export const personOf = ({ uid, name = uid, full_name, domain }: Person): JsonObject | undefined => {
  if (name === undefined) return undefined;
  const email = isEmail(name) ? name : undefined;
  const type_id = name === 'system' ? SYSTEM : 1;
  return some({ uid, name, email_addr: email, full_name, domain, type_id });
};

/** `jane@example.com@google@api-key` is Jane: the sources behind the name have no dot, mail domains have one. */
export const creatorOf = (text: string): string => {
  const name = text.replace(/@api-key$/, '');
  return name.replace(/(?<=.)@[^@.]+$/, '');
};

/** `203.0.113.7`, `203.0.113.7:443`, `[2001:db8::1]:443`, or the first of a list of them. */
export const endpointOf = (text: string): { readonly endpoint: JsonObject; readonly whole: boolean } | undefined => {
  const [first = '', ...more] = text.split(',').map(part => part.trim());
  const [, v6, v4, bare, port] =
    /^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+)(?=:\d)|([^\]]+?))(?::(\d{1,5}))?$/.exec(
      isIP(first) ? `[${first}]` : first,
    ) ?? [];
  const ip = v6 ?? v4 ?? bare;
  if (ip === undefined || !isAddress(ip)) return undefined;
  const number = port === undefined || Number(port) > 65_535 ? undefined : Number(port);
  const endpoint = { ip, ...(number !== undefined && { port: number }) };
  return { endpoint, whole: more.length === 0 && (port === undefined || number !== undefined) };
};

/** An object without what is undefined. */
export const some = (loose: { readonly [name: string]: Json | undefined }): JsonObject =>
  Object.fromEntries(Object.entries(loose).filter((entry): entry is [string, Json] => entry[1] !== undefined));
