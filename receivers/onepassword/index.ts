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
  secretOption,
  since,
  textOf,
  type Walk,
} from '../../src/index.ts';
import { mapping } from './ocsf.ts';
import { accountOf, claimsOf, HOSTS, hostOf } from './token.ts';

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
      ...pollOptions,
      ...httpOptions,
      token: secretOption().describe('Bearer token of an Events Reporting integration, with this feed.'),
      feed: z.enum(['auditevents', 'signinattempts', 'itemusages']).describe('Which log; one receiver for each.'),
      since: since()
        .default(() => (now: number) => now - 119 * DAY)
        .describe('Where to begin; 119 days back when absent, 1Password keeps 120.'),
      baseUrl: z
        .url()
        .refine(address, 'must begin with https:// (http:// for loopback only)')
        .optional()
        .describe('Address of the API, without /api; by the token when absent.'),
      account: z
        .string()
        .min(1)
        .optional()
        .describe('UUID of the account. Names it in the state: needed to read several accounts.'),
      pageSize: z
        .int()
        .min(1)
        .max(1000)
        .default(1000)
        .describe('Events a page. Goes into the cursor: later changes have no effect.'),
      onCursorLost: z
        .enum(['hold', 'reseed'])
        .default('hold')
        .describe(
          'When the vendor refuses the kept cursor: hold, or read again from a day before the last time all was read.',
        ),
      apiVersion: z
        .enum(['v2', 'v1'])
        .default('v2')
        .describe('v1 knows no account ids; each version has a position of its own.'),
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
