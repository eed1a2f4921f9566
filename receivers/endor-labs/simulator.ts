// Plays Endor Labs' API over loopback: the exchange of a key for a short-lived token, both logs, the archive. What its
// documents leave open is played in the way that is hardest on a client: without a sort, no order that one could use.
import { DAY, type JsonObject, MINUTE, type Since } from '../../src/index.ts';
import { type Happening, population } from '../../src/simulation/population.ts';
import { random } from '../../src/simulation/random.ts';
import { type Asked, type Reply, serve } from '../../src/simulation/server.ts';
import type { Simulation, SimulationOptions, Simulator } from '../../src/simulation/simulator.ts';
import { endorLabs } from './index.ts';
import { indexOf, type Log, logOf, recordOf, uuidOf, type World, worldOf } from './simulator-events.ts';
import { readFilter } from './simulator-filter.ts';

/** What the vendor may do or not do. */
export interface Moods {
  /** How long a token lives, in ms; 15 min when absent. Endor Labs ties it to a setting of the tenant. */
  readonly tokenLife?: number;
  /** How much history it can list before its deadline, in ms; all of it when absent. */
  readonly patience?: number;
  /** Which of the two next pages it names; both when absent, as documented. */
  readonly paging?: 'id' | 'token';
  /** How far back the history reaches, in days; 34 when absent: beyond the live retention. */
  readonly days?: number;
}

export interface EndorLabsSimulation extends Simulation {
  /** The tenant whose logs it has. */
  readonly namespace: string;
  /** From now on, the tokens that were given out are refused. */
  forgetTokens(): void;
}

/** The vendor in a mood of your choice. */
export const moody = ({ tokenLife = 15 * MINUTE, patience = Infinity, paging, days = 34 }: Moods) => ({
  vendor: 'endor-labs',
  start: async (options: SimulationOptions): Promise<EndorLabsSimulation> => {
    const { seed, faults, now = Date.now, port } = options;
    const start = now();
    const dice = random(seed, 'endor', 'key');
    const credentials = { apiKey: `endr+${dice.base32(16)}`, apiSecret: `endr+${dice.base32(32)}` };
    const world = worldOf(seed);
    const happenings = population({ ...options, days });
    const sorted = ascending(() => happenings.shown());
    const tokens = new Map<string, number>();
    let issued = 0;

    const enter = ({ body }: Asked): Reply => {
      const { key, secret } = (body ?? {}) as JsonObject; // whatever it is: compared, not used
      if (key !== credentials.apiKey || secret !== credentials.apiSecret)
        return refusal(401, 'invalid API key or secret');
      const token = `simulated.${random(seed, 'endor', 'token', issued++).base32(40)}`;
      tokens.set(token, now() + tokenLife);
      return {
        body: {
          token,
          expiration_time: new Date(now() + tokenLife).toISOString(),
          authentication_source: 'api-key',
          user: {},
        },
      };
    };

    const guarded = (handle: (asked: Asked) => Reply) => (asked: Asked) => {
      const token = asked.headers.authorization?.replace(/^Bearer /, '') ?? '';
      if ((tokens.get(token) ?? 0) <= now())
        return refusal(401, 'Invalid authorization header: token is expired or unknown');
      return asked.params.namespace === world.namespace ? handle(asked) : refusal(403, 'permission denied');
    };

    const list =
      (log: Log, archived: boolean) =>
      ({ query }: Asked): Reply => {
        const asked = questionOf(query, now());
        if (typeof asked === 'string') return refusal(400, asked);
        if (asked.filter.to - asked.filter.from > patience) return refusal(504, 'context deadline exceeded');
        const from = archived || asked.archive;
        const found = windowOf(sorted(), asked.filter).filter(({ time }) => time < now() - LIVE === from);
        const rows = found
          .filter(({ index }) => logOf(seed, index) === log)
          .map(({ index, time }) => ({ index, time, record: recordOf(seed, index, time, world) }))
          .filter(({ record }) => asked.filter.passes(record) && (asked.traverse || !isOfChild(record, world)));
        if (!asked.sorted) rows.sort((a, b) => (uuidOf(seed, a.index) < uuidOf(seed, b.index) ? -1 : 1));
        const last = asked.id === undefined ? undefined : indexOf(asked.id);
        const at = asked.id === undefined ? asked.offset : rows.findIndex(({ index }) => index === last) + 1;
        if (asked.id !== undefined && at === 0) return refusal(400, 'invalid page_id');
        const page = rows.slice(at, at + asked.size);
        const more = at + page.length < rows.length && page.length > 0;
        const next = more && {
          ...(paging !== 'id' && { next_page_token: at + page.length }),
          ...(paging !== 'token' && { next_page_id: String(page.at(-1)?.record.uuid) }),
        };
        return { body: { list: { objects: page.map(({ record }) => record), response: next || {} } } };
      };

    const logs: readonly Log[] = ['audit-logs', 'authentication-logs'];
    const server = await serve({
      port,
      now,
      faults,
      seed,
      routes: [
        { method: 'POST', path: '/v1/auth/api-key', handle: enter },
        {
          method: 'GET',
          path: '/v1/namespaces/:namespace/audit-logs/archived',
          handle: guarded(list('audit-logs', true)),
        },
        ...logs.map(log => ({
          method: 'GET' as const,
          path: `/v1/namespaces/:namespace/${log}`,
          handle: guarded(list(log, false)),
        })),
      ],
    });

    const url = `${server.url}/v1`;
    const ids = (log: Log) =>
      happenings.shown().flatMap(({ index }) => (logOf(seed, index) === log ? [uuidOf(seed, index)] : []));
    return {
      url,
      credentials,
      receivers: secret => {
        const usual = {
          baseUrl: url,
          apiKey: secret('apiKey'),
          apiSecret: secret('apiSecret'),
          namespace: world.namespace,
          traverse: true,
          every: '1s',
          settle: '1s',
          since: new Date(start - (days + 1) * DAY).toISOString() as Since, // such a text is one
        } as const;
        return {
          endorAudit: endorLabs({ ...usual, log: 'audit-logs' }),
          endorLogins: endorLabs({ ...usual, log: 'authentication-logs' }),
        };
      },
      ids: () => ({ endorAudit: ids('audit-logs'), endorLogins: ids('authentication-logs') }),
      requests: server.requests,
      close: server.close,
      namespace: world.namespace,
      forgetTokens: () => tokens.clear(),
    };
  },
});

export const simulator = moody({}) satisfies Simulator;

/** How long an event is live, in ms; then it is in the archive. */
const LIVE = 30 * DAY;

// ---- The question ----

interface Question {
  readonly filter: Exclude<ReturnType<typeof readFilter>, string>;
  readonly size: number;
  readonly sorted: boolean;
  readonly traverse: boolean;
  readonly archive: boolean;
  readonly id: string | undefined;
  readonly offset: number;
}

/** Reads the parameters; a text where one of them is wrong, or none that a reader of logs should need. */
const questionOf = (query: URLSearchParams, now: number): Question | string => {
  const stray = [...query.keys()].find(name => !KNOWN.has(name));
  if (stray !== undefined) return `unknown parameter ${stray}`;
  const get = (name: string) => query.get(`list_parameters.${name}`) ?? undefined;
  const size = Number(get('page_size') ?? 100); // the documented default and maximum
  if (!Number.isInteger(size) || size < 1 || size > 500) return 'page_size must be between 1 and 500';
  const offset = Number(get('page_token') ?? 0);
  if (!Number.isInteger(offset) || offset < 0) return 'page_token must be an integer';
  const filter = readFilter(get('filter') ?? '', now);
  if (typeof filter === 'string') return filter;
  const [path, order] = [get('sort.path'), get('sort.order')];
  if (path !== undefined && path !== 'meta.create_time') return `cannot sort by ${path}`;
  if (order !== undefined && order !== 'SORT_ENTRY_ORDER_ASC') return `unknown sort order ${order}`;
  return {
    filter,
    size,
    offset,
    id: get('page_id'),
    sorted: path !== undefined,
    traverse: get('traverse') === 'true',
    archive: get('archive') === 'true',
  };
};

const KNOWN: ReadonlySet<string> = new Set(
  ['filter', 'page_size', 'page_id', 'page_token', 'sort.path', 'sort.order', 'traverse', 'archive'].map(
    name => `list_parameters.${name}`,
  ),
);

/** In the manner of a gRPC gateway. */
const refusal = (status: 400 | 401 | 403 | 504, message: string): Reply => {
  const code = { 400: 3, 401: 16, 403: 7, 504: 4 }[status];
  const info = { '@type': 'type.googleapis.com/internal.endor.ai.endor.v1.HTTPErrorInfo', status_code: status };
  return { status, body: { code, message, details: status === 504 ? [] : [info] } };
};

// ---- The rows ----

/** The part of a sorted list that lies inside a filter's bounds. */
const windowOf = (
  all: readonly Happening[],
  { from, to }: { readonly from: number; readonly to: number },
): readonly Happening[] => all.slice(firstAt(all, from), firstAt(all, to));

const firstAt = (all: readonly Happening[], time: number): number => {
  let [low, high] = [0, all.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (all[middle]!.time < time)
      low = middle + 1; // inside, because low < high
    else high = middle;
  }
  return low;
};

/** Sorts only when something was added. */
const ascending = (shown: () => readonly Happening[]): (() => readonly Happening[]) => {
  let [seen, sorted]: (readonly Happening[])[] = [[], []];
  return () => {
    const now = shown();
    if (now !== seen) [seen, sorted] = [now, now.toSorted((a, b) => a.time - b.time || a.index - b.index)];
    return sorted!; // two of two
  };
};

const isOfChild = (record: JsonObject, world: World): boolean =>
  world.children.includes(String((record.tenant_meta as JsonObject).namespace)); // made with one
