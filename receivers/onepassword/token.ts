// What an Events API token says of itself, its host and its features, in the claims of an ES256 JWT; whether it is good,
// and whose it is, by asking. Claims are read and never trusted beyond the four hosts of the documentation.
import { type Answer, type Diagnosis, Fault, type Json, parse, type Secret, type Send } from '../../src/index.ts';

export type FeedName = 'auditevents' | 'signinattempts' | 'itemusages';

/** The hosts of the documentation. The first is also what a receiver without `baseUrl` is identified by. */
export const HOSTS = [
  'https://events.1password.com',
  'https://events.1password.ca',
  'https://events.1password.eu',
  'https://events.ent.1password.com',
] as const;

/** The audience of tokens that were made before they named their host. */
const LEGACY = 'com.1password.streamingservice';

export interface Claims {
  readonly audience: readonly string[];
  readonly features?: readonly string[];
}

/** The claims of a token; none where it is no JWT. Not verified: the vendor does that, with each request. */
export const claimsOf = (token: string): Claims => {
  const body = json(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  if (!isRecord(body)) return { audience: [] };
  const features = texts(body['1password.com/fts']);
  return {
    audience: typeof body.aud === 'string' ? [body.aud] : texts(body.aud),
    ...(features.length > 0 && { features }),
  };
};

/** Where a token belongs. Throws E_ORIGIN where it names a host that is none of the four: then `baseUrl` has to. */
export const hostOf = ({ audience }: Claims): string => {
  const named = audience.filter(name => name !== LEGACY).map(name => (name.includes('://') ? name : `https://${name}`));
  const host = HOSTS.find(trusted => named.some(name => name.replace(/\/+$/, '') === trusted));
  if (host !== undefined) return host;
  if (named.length === 0) return HOSTS[0];
  throw new Fault(
    'E_ORIGIN',
    `the token names the host ${named.join(', ')}, which is none of 1Password's: set baseUrl if you trust it`,
  );
};

/** What 1Password says of a token, in the shape of v2 or of the older one. */
interface Introspection {
  readonly features?: readonly string[];
  readonly account?: string;
}

/**
 * Tells whose log a token reads, after it was seen to have the feed. Asked once for each token: a rotated one is asked
 * again. Throws E_TENANT where it lacks the feed, or belongs to another account than the configured one.
 */
export const accountOf = (token: Secret, feed: FeedName, configured?: string) => {
  let seen: { readonly text: string; readonly account: string | undefined } | undefined;
  return async (send: Send): Promise<string | undefined> => {
    const text = await token.reveal();
    if (seen?.text === text) return seen.account;
    const { features = claimsOf(text).features, account } = await introspect(send);
    if (features && !features.includes(feed)) {
      const has = features.length === 0 ? 'no feed at all' : `only ${features.join(', ')}`;
      throw new Fault(
        'E_TENANT',
        `the token does not have the feed ${feed}: it has ${has}. Issue one with that feed at 1Password, under Integrations`,
      );
    }
    if (configured !== undefined && account !== undefined && account !== configured)
      throw new Fault(
        'E_TENANT',
        `the token belongs to the account ${account}, and the option account says ${configured}`,
      );
    seen = { text, account };
    return account;
  };
};

/** What the token may read, as 1Password itself says. */
export const featuresOf = async (send: Send): Promise<readonly Diagnosis[]> => {
  const { features } = await introspect(send);
  return features === undefined ? [] : [{ severity: 'ok', what: `the token has: ${features.join(', ')}` }];
};

/** Newer path first. An address that has neither, such as a proxy of the events alone, is no reason not to read. */
const introspect = async (send: Send): Promise<Introspection> => {
  for (const path of ['/api/v2/auth/introspect', '/api/auth/introspect']) {
    const answer = await send({ method: 'GET', path }).catch(error => {
      if (error instanceof Fault && error.status === 404) return undefined;
      throw error;
    });
    if (answer) return introspection(answer);
  }
  return {};
};

const introspection = ({ text }: Answer): Introspection => {
  const body = json(text);
  const features = isRecord(body) ? (body.features ?? body.Features) : undefined;
  if (!isRecord(body) || !Array.isArray(features))
    throw new Fault('E_PAGE_SHAPE', 'the introspection of the token has no list of features');
  const account = body.account_uuid;
  return { features: texts(features), ...(typeof account === 'string' && account !== '' && { account }) };
};

const json = (text: string): unknown => {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
};

const isRecord = (value: unknown): value is Readonly<Record<string, Json>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter(item => typeof item === 'string') : [];
