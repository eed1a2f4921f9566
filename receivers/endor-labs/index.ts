// Audit logs and authentication logs of Endor Labs. https://docs.endorlabs.com
import { z } from 'zod';
import {
  DAY,
  defineHttpReceiver,
  duration,
  exchange,
  HOUR,
  httpOptions,
  isObject,
  type Json,
  pollOptions,
  SECOND,
  secret,
  secretOption,
  since,
  type Token,
  textOf,
  type WindowAsk,
  windowOptions,
  windows,
} from '../../src/index.ts';
import { mapping } from './ocsf.ts';

/** Both logs. Logins are not in the audit log. */
const LOGS = ['audit-logs', 'authentication-logs'] as const;

const SPAN = DAY;

const options = z
  .strictObject({
    apiKey: secretOption().describe('API key. Read-only is the least permission that fits.'),
    apiSecret: secretOption().describe('The secret that belongs to the key.'),
    namespace: z
      .string()
      .regex(/^[\w-]+(\.[\w-]+)*$/, "must be a namespace like 'acme' or 'acme.team', not a URL")
      .describe('Tenant or child namespace: `acme`, `acme.team`.'),
    log: z.enum(LOGS).describe('Which log. Logins are only in `authentication-logs`.'),
    baseUrl: z.url().default('https://api.endorlabs.com/v1').describe('Address of the API, with its `/v1`.'),
    since: since()
      .default(() => (now: number) => now - 29 * DAY)
      .describe('Where a new receiver begins. Has no effect once there is a position.'),
    ...pollOptions,
    pageSize: z
      .int()
      .min(1)
      .max(500)
      .default(500)
      .describe('Events a page. Endor Labs caps it at 500; small pages are very slow on these logs.'),
    traverse: z.boolean().default(false).describe('Whether the logs of all child namespaces are read, too.'),
    exclude: z
      .array(z.string().regex(/^\w+(\.\w+)*$/, "must be a kind like 'UITelemetry'"))
      .max(50)
      .default([])
      .describe('Kinds of messages that Endor Labs should leave out: `UITelemetry`, `UserTelemetry`. Audit log only.'),
    archive: z
      .union([z.literal(false), duration({ min: '1d', max: '30d' })])
      .default(28 * DAY)
      .describe(
        'Events older than this are asked of the archive as well. `false`: never; what is older than 30 days is a gap then.',
      ),
    archiveForm: z
      .enum(['parameter', 'path'])
      .default('parameter')
      .describe('How the archive is asked: `list_parameters.archive=true`, or the path `/archived`; see Quirks.'),
    sort: z.enum(['ascending', 'none']).default('ascending').describe('The order that is asked for; see Quirks.'),
    ...windowOptions,
    ...httpOptions,
    timeout: duration({ min: '5s' })
      .default(60 * SECOND)
      .describe('How long one request may take. Endor Labs is told to give up a little earlier.'),
  })
  .superRefine(({ baseUrl, exclude, log, overlap, sweep }, context) => {
    const problem = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
    if (!/^https?:/.test(baseUrl) || /[?#]/.test(baseUrl))
      problem(['baseUrl'], 'must be an http(s) address without query');
    if (exclude.length > 0 && log !== 'audit-logs')
      problem(['exclude'], 'works in the audit log only: logins have no kind of message');
    if (sweep && sweep.behind <= overlap)
      problem(['sweep', 'behind'], 'must be more than `overlap`, or it would find nothing new');
  });

// `next_page_token` is a number in the API's schema, and texts are seen where 64 bits are meant.
const place = z.union([z.string(), z.number()]).nullish();

/** What its receivers have in common, to begin with. */
const tenant = {
  apiKey: secret.env('ENDOR_API_KEY'),
  apiSecret: secret.env('ENDOR_API_SECRET'),
  namespace: 'acme',
};

export const endorLabs = defineHttpReceiver({
  type: 'endor-labs',
  options,
  page: z.object({
    list: z.object({
      objects: z.array(z.unknown()).nullish(), // protobuf's JSON leaves out an empty list
      response: z.object({ next_page_id: place, next_page_token: place }).nullish(),
    }),
  }),
  items: page => page.list.objects ?? [],
  lead: page => {
    const { next_page_id: id, next_page_token: token } = page.list.response ?? {};
    if (isPlace(id)) return { next: `id:${id}` };
    return { next: isPlace(token) ? `token:${token}` : null };
  },
  identify: log => ({ id: textOf(log, 'uuid'), time: timeOf(log) }),
  ocsf: mapping,
  atHand: { site: 'https://api.endorlabs.com', feeds: LOGS },
  starter: {
    components: {
      changes: { ...tenant, log: 'audit-logs', exclude: ['UITelemetry', 'UserTelemetry'] },
      logins: { ...tenant, log: 'authentication-logs' },
    },
    needs: ["put your own namespace in the place of 'acme'"],
  },
  repeats: o => Math.max(o.overlap, SPAN, o.sweep ? o.sweep.behind + HOUR : 0), // a window that is shrunk begins again

  api: o => ({
    base: o.baseUrl,
    tenant: o.namespace,
    feed: o.log,
    every: o.every,
    auth: exchange({
      url: `${o.baseUrl.replace(/\/+$/, '')}/auth/api-key`,
      secrets: { key: o.apiKey, secret: o.apiSecret },
      read: tokenOf,
    }),
    http: { timeout: o.timeout, bodyLimit: o.bodyLimit, proxy: o.proxy, tls: o.tls },
    walk: windows({
      since: o.since,
      span: SPAN,
      settle: o.settle,
      overlap: o.overlap,
      behind: o.sweep ? o.sweep.behind : Infinity,
      archive: o.archive === false ? Infinity : o.archive,
      keeps: keeps(o.log, o.archive !== false),
    }),
    request: ({ from, to, cursor, archive }: WindowAsk) => ({
      path: `/namespaces/${o.namespace}/${o.log}${archive && o.archiveForm === 'path' ? '/archived' : ''}`,
      query: {
        'list_parameters.filter': filterOf(o.exclude, from, to),
        'list_parameters.page_size': o.pageSize,
        ...(o.sort === 'ascending' && {
          'list_parameters.sort.path': 'meta.create_time',
          'list_parameters.sort.order': 'SORT_ENTRY_ORDER_ASC',
        }),
        'list_parameters.traverse': o.traverse || undefined,
        'list_parameters.archive': (archive && o.archiveForm === 'parameter') || undefined,
        'list_parameters.page_id': cursorIn(cursor, 'id'),
        'list_parameters.page_token': cursorIn(cursor, 'token'),
      },
      headers: { 'request-timeout': String(Math.max(1, Math.floor((o.timeout * 0.9) / SECOND))) },
    }),
  }),
});

/** How long the vendor keeps the audit log, in ms: 30 days, 3 years in the archive. Of logins it does not say. */
const keeps = (log: (typeof LOGS)[number], archive: boolean): number => {
  if (log !== 'audit-logs') return Infinity;
  return (archive ? 3 * 365 : 30) * DAY;
};

/** A window, closed at both ends. What to leave out comes first: the archive is documented to want it so. */
const filterOf = (exclude: readonly string[], from: number, to: number): string =>
  [
    ...exclude.map(kind => `spec.message_kind!='${kind.includes('.') ? kind : `${PACKAGE}.${kind}`}'`),
    `meta.create_time>=date(${new Date(from).toISOString()})`,
    `meta.create_time<date(${new Date(to).toISOString()})`,
  ].join(' and ');

/** Where the vendor's kinds live. */
const PACKAGE = 'internal.endor.ai.endor.v1';

/** There is a next page unless it is absent, null, empty or zero. */
const isPlace = (place: string | number | null | undefined): place is string | number =>
  place !== undefined && place !== null && place !== '' && place !== 0 && place !== '0';

const cursorIn = (cursor: string | null, kind: 'id' | 'token'): string | undefined =>
  cursor?.startsWith(`${kind}:`) ? cursor.slice(kind.length + 1) : undefined;

const timeOf = (log: Json): string | undefined => {
  const meta = isObject(log) && Object.hasOwn(log, 'meta') ? log.meta : undefined;
  return meta === undefined ? undefined : textOf(meta, 'create_time');
};

/** The vendor's SDK takes the token's end under several names; a life is in seconds. */
const tokenOf = (answer: Json): Token => {
  const life = ['ttl', 'expires_in'].map(name =>
    Number((isObject(answer) && Object.hasOwn(answer, name) ? answer[name] : undefined) ?? Number.NaN),
  );
  const seconds = life.find(Number.isFinite);
  return {
    token: textOf(answer, 'token'),
    expires: textOf(answer, 'expiration_time') ?? textOf(answer, 'expirationTime'),
    life: seconds === undefined ? undefined : seconds * SECOND,
  };
};
