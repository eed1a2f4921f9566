// The 1Password Events API: audit events, sign-in attempts and item usages of a Business account, one feed a receiver.
// Facts: https://developer.1password.com/docs/events-api/reference (1.4.1)
import { z } from 'zod';
import {
  bearer,
  cursor,
  DAY,
  defineHttpReceiver,
  Fault,
  HOUR,
  httpOptions,
  MINUTE,
  type Place,
  type PlaceAsk,
  pollOptions,
  secret,
  secretOption,
  since,
  textOf,
  type Walk,
} from '../../src/index.ts';
import { mapping } from './ocsf.ts';
import { accountOf, claimsOf, featuresOf, HOSTS, hostOf } from './token.ts';

/** The three logs. */
const LOGS = ['auditevents', 'signinattempts', 'itemusages'] as const;

/** How late the vendor shows an event: item usages up to about a day after they happened. */
const LATE = DAY;

/** How far back the vendor says that the API reaches. */
const KEPT = 120 * DAY;

const address = (url: string): boolean =>
  /^https:\/\//.test(url) || /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?(\/|$)/.test(url);

/** One feed of the Events API of a 1Password Business account. */
export const onepassword = defineHttpReceiver({
  type: 'onepassword',
  options: z
    .object({
      token: secretOption().describe('Bearer token of an Events Reporting integration, with this feed.'),
      feed: z.enum(LOGS).describe('Which log; one receiver for each.'),
      since: since()
        .default(() => (now: number) => now - 119 * DAY)
        .describe('Where a new receiver begins. Has no effect once there is a position. 1Password keeps 120 days.'),
      ...pollOptions,
      baseUrl: z
        .url()
        .refine(address, 'must begin with https:// (http:// for loopback only)')
        .optional()
        .describe(
          'Address of the API, without `/api`. When absent, the claims of the token choose one of `https://events.1password.com`, `.ca`, `.eu` and `https://events.ent.1password.com`; a token that names another needs this option, an older one that names none goes to `.com`.',
        ),
      account: z
        .string()
        .min(1)
        .optional()
        .describe(
          'UUID of the account (`account_uuid` of the introspection). Becomes part of the identity of the receiver: needed where one Tributary reads several accounts. A token of another account is refused.',
        ),
      pageSize: z
        .int()
        .min(1)
        .max(1000)
        .default(1000)
        .describe(
          'Events a page. 1Password keeps it inside the cursor: a later change has no effect on a receiver that has begun.',
        ),
      onCursorLost: z
        .enum(['hold', 'reseed'])
        .default('hold')
        .describe(
          "When 1Password refuses the kept cursor: hold and say so, or read again from a day before the last time that all was read. `'reseed'` needs `dedupe`.",
        ),
      apiVersion: z
        .enum(['v2', 'v1'])
        .default('v2')
        .describe(
          "`'v1'` where v2 is not there: it tells no accounts and no kinds of users. Each version has a position and event uids of its own: changing it starts over.",
        ),
      ...httpOptions,
    })
    .strict(),

  page: z.object({ cursor: z.string(), has_more: z.boolean(), items: z.array(z.unknown()).nullish() }),
  items: page => page.items ?? [],
  lead: (page, _answer, asked: PlaceAsk) => {
    // An empty cursor would begin the stream anew: the kept one stays, and without one there is no going on.
    if (page.cursor === '' && asked.cursor === null && (page.has_more || (page.items ?? []).length > 0))
      throw new Fault('E_PAGE_SHAPE', 'cursor: empty on the first page, so there is no way to go on');
    return { next: page.cursor || null, more: page.has_more };
  },
  identify: event => ({ id: textOf(event, 'uuid'), time: textOf(event, 'timestamp') }),
  ocsf: mapping,
  atHand: { site: HOSTS[0], feeds: [...LOGS, ...LOGS.map(log => `v1/${log}`)] },
  starter: { components: { vaults: { token: secret.env('ONEPASSWORD_EVENTS_TOKEN'), feed: 'auditevents' } } },
  repeats: options => (options.onCursorLost === 'reseed' ? LATE : 0),

  api: options => {
    const { token, feed, baseUrl, account, apiVersion, pageSize, every, timeout, bodyLimit, proxy, tls } = options;
    return {
      base: baseUrl ?? (async () => hostOf(claimsOf(await token.reveal()))),
      ...(baseUrl === undefined && { site: HOSTS[0] }),
      ...(account !== undefined && { tenant: account }),
      feed: apiVersion === 'v2' ? feed : `${apiVersion}/${feed}`,
      every,
      auth: bearer(token),
      http: {
        rates: [
          { requests: 600, per: MINUTE },
          { requests: 30_000, per: HOUR },
        ],
        timeout,
        bodyLimit,
        proxy,
        tls,
      },
      walk: place(cursor({ since: options.since, onLost: options.onCursorLost })),
      owner: accountOf(token, feed, account),
      probe: featuresOf,
      request: ({ cursor, since }) => ({
        method: 'POST',
        path: `/api/${apiVersion}/${feed}`,
        // One or the other: the limit and the start live inside the cursor.
        body: cursor === null ? { limit: pageSize, start_time: new Date(since).toISOString() } : { cursor },
      }),
    };
  },
});

/**
 * The walk along a cursor, with what is 1Password's: it tells of what is no longer kept, and where it may begin again it
 * goes back far enough for what is shown late.
 */
const place = (walk: Walk<Place, PlaceAsk>): Walk<Place, PlaceAsk> => ({
  ...walk,
  keeps: KEPT,
  next: (position, asked, lead) => {
    const step = walk.next(position, asked, lead);
    const kept = lead.date - KEPT;
    return asked.cursor === null && asked.since < kept ? { ...step, gap: { from: asked.since, to: kept } } : step;
  },
  ...(walk.recover && {
    low: position => walk.low(position) - LATE,
    recover: ({ low }) => ({ cursor: null, since: low - LATE, low }),
  }),
});
