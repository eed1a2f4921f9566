// Audit events of Opal. https://docs.opal.dev/reference/events
import { z } from 'zod';
import {
  bearer,
  DAY,
  defineHttpReceiver,
  HOUR,
  httpOptions,
  pollOptions,
  SECOND,
  secret,
  secretOption,
  since,
  textOf,
  type WindowAsk,
  windowOptions,
  windows,
} from '../../src/index.ts';
import { mapping } from './ocsf.ts';

const SPAN = DAY;

const options = z
  .strictObject({
    apiKey: secretOption().describe('API key of a service user, or a read-only personal access token.'),
    baseUrl: z
      .url()
      .default('https://api.opal.dev/v1')
      .describe('Address of the API, with its `/v1`. Self-hosted: `https://HOST/v1`.'),
    organization: z
      .string()
      .min(1)
      .optional()
      .describe('A name for the organization, where several are read: its log has a position of its own.'),
    since: since()
      .default(() => (now: number) => now - 90 * DAY)
      .describe('Where a new receiver begins. Has no effect once there is a position.'),
    ...pollOptions,
    pageSize: z.int().min(1).max(1000).default(1000).describe('Events a page. Opal caps it at 1,000.'),
    filter: z
      .strictObject({
        actor: z.uuid().optional().describe('Only what this user did: its id.'),
        object: z.uuid().optional().describe('Only what was done to this object: its id.'),
        eventType: z.string().min(1).optional().describe('Only events of this type: `USER_MFA_RESET`.'),
        apiToken: z
          .string()
          .min(1)
          .optional()
          .describe('Only what was done with this API token: `NAME:PREVIEW`, as Opal shows it.'),
      })
      .default({})
      .describe(
        'Reads only a part of the log. Another filter is another log: it has a position of its own, and begins at `since`.',
      ),
    ...windowOptions,
    dates: z.enum(['iso', 'space']).default('iso').describe('How moments are written in requests; see Quirks.'),
    ...httpOptions,
  })
  .superRefine(({ baseUrl, overlap, sweep }, context) => {
    const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const message of badAddress(baseUrl)) problem(['baseUrl'], message);
    if (sweep && sweep.behind <= overlap)
      problem(['sweep', 'behind'], 'must be more than `overlap`, or it would find nothing new');
  });

export const opal = defineHttpReceiver({
  type: 'opal',
  options,
  page: z.object({ results: z.array(z.unknown()), next: z.string().nullish() }),
  items: page => page.results,
  lead: page => ({ next: page.next || null }),
  identify: event => ({ id: textOf(event, 'event_id'), time: textOf(event, 'created_at') }),
  ocsf: mapping,
  atHand: { site: 'https://api.opal.dev' },
  starter: { components: { opal: { apiKey: secret.env('OPAL_API_KEY') } } },
  repeats: o => Math.max(o.overlap, o.sweep ? o.sweep.behind + HOUR : 0),

  api: o => {
    const filters = {
      actor_filter: o.filter.actor,
      object_filter: o.filter.object,
      event_type_filter: o.filter.eventType,
      api_token_filter: o.filter.apiToken,
    };
    return {
      base: withVersion(o.baseUrl),
      tenant: o.organization ?? '',
      feed: feedOf(filters),
      every: o.every,
      auth: bearer(o.apiKey),
      http: { timeout: o.timeout, bodyLimit: o.bodyLimit, proxy: o.proxy, tls: o.tls },
      walk: windows({
        since: o.since,
        span: SPAN,
        settle: o.settle,
        overlap: o.overlap,
        behind: o.sweep ? o.sweep.behind : Infinity,
      }),
      request: ({ from, to, cursor }: WindowAsk) => ({
        path: '/events',
        query: {
          start_date_filter: dateForms[o.dates](from - 1, Math.floor), // whether the bounds are included is not documented
          end_date_filter: dateForms[o.dates](to, Math.ceil),
          ...filters,
          page_size: o.pageSize,
          cursor,
        },
      }),
    };
  },
});

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const badAddress = (address: string): readonly string[] => {
  if (!URL.canParse(address)) return []; // said already
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(address);
  return [
    protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname))
      ? ''
      : 'must be https://: the API key is sent there',
    /\/v1\/+v1(\/|$)/.test(pathname) ? 'has /v1 twice' : '',
    /^\/*$|\/v1\/*$/.test(pathname) || /\/v1\/+v1/.test(pathname)
      ? ''
      : "must end in /v1, like 'https://opal.example.com/v1'",
    search + hash + username + password === '' ? '' : 'must be an address only: no user, no query, no fragment',
  ].filter(problem => problem !== '');
};

const withVersion = (address: string): string => {
  const base = address.replace(/\/+$/, '');
  return base.endsWith('/v1') ? base : `${base}/v1`;
};

/** The filter is part of what is read: another one has a position and marks of its own. */
const feedOf = (filters: Readonly<Record<string, string | undefined>>): string =>
  Object.entries(filters)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`]))
    .join('&');

// The form of the documents' newest edition, and one of an older edition, which says nothing of fractions: the window
// is widened to whole seconds.
const dateForms = {
  iso: (ms: number) => new Date(ms).toISOString(),
  space: (ms: number, round: (seconds: number) => number) =>
    new Date(round(ms / SECOND) * SECOND).toISOString().slice(0, 19).replace('T', ' '),
} as const;
