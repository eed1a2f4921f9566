// A vendor of one's own, outside Tributary: the audit events of Acme, which does not exist. Nothing here knows where
// Tributary is installed, and nothing in Tributary knows of this folder.
import {
  DAY,
  defineHttpReceiver,
  header,
  httpOptions,
  MINUTE,
  pollOptions,
  SECOND,
  secretOption,
  since,
  textOf,
  type WindowAsk,
  windows,
  z,
} from 'tributary';
import { mapping } from './ocsf.ts';

/** Acme shows an event within five minutes; twice that is safe. */
const LATE = 10 * MINUTE;

/** The audit events of an Acme organization. */
export const acme = defineHttpReceiver({
  type: 'acme',
  options: z.strictObject({
    apiKey: secretOption().describe('API key with the scope `audit:read`.'),
    organization: z.string().min(1).describe('The organization, as it stands in the address of its pages.'),
    baseUrl: z.url().default('https://api.acme.example').describe('Address of the API.'),
    since: since()
      .default(() => (now: number) => now - 89 * DAY)
      .describe('Where a new receiver begins. Acme keeps 90 days.'),
    pageSize: z.int().min(1).max(500).default(500).describe('Events a page. Acme caps it at 500.'),
    ...pollOptions,
    ...httpOptions,
  }),

  // How to read: the envelope only. A record, however odd, is still a record.
  page: z.object({ events: z.array(z.unknown()), next: z.string().nullish() }),
  items: page => page.events,
  lead: page => ({ next: page.next ?? null }),
  identify: event => ({ id: textOf(event, 'id'), time: textOf(event, 'at') }),
  ocsf: mapping,
  repeats: () => LATE,

  // How to ask.
  api: o => ({
    base: o.baseUrl,
    tenant: o.organization,
    every: o.every,
    auth: header('x-acme-key', o.apiKey),
    http: {
      rates: [{ requests: 120, per: MINUTE }],
      timeout: o.timeout,
      bodyLimit: o.bodyLimit,
      proxy: o.proxy,
      tls: o.tls,
    },
    walk: windows({
      since: o.since,
      span: DAY,
      settle: 30 * SECOND,
      overlap: LATE,
      behind: Infinity, // no second reading: Acme says how late an event can be
      keeps: 90 * DAY,
    }),
    request: ({ from, to, cursor }: WindowAsk) => ({
      path: `/v1/organizations/${encodeURIComponent(o.organization)}/audit`,
      query: {
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        limit: o.pageSize,
        after: cursor,
      },
    }),
  }),
});
