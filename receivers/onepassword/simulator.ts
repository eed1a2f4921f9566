// Plays the Events API of 1Password over loopback, both versions and all three feeds, as the reference 1.4.1 documents
// it and as others saw it behave: a stream in the order of insertion, in which late events and repeated ones occur.
import { DAY, HOUR, isObject, type Json, MINUTE, moment, SECOND, toMillis } from '../../src/index.ts';
import { type Happening, population } from '../../src/simulation/population.ts';
import { random } from '../../src/simulation/random.ts';
import { type Asked, type Reply, serve } from '../../src/simulation/server.ts';
import type { Simulation, SimulationOptions, Simulator } from '../../src/simulation/simulator.ts';
import { onepassword } from './index.ts';
import { eventOf, feedOf, toV1, uuidOf, worldOf } from './simulator-events.ts';
import type { FeedName } from './token.ts';

/** What this vendor can be asked to play beyond the usual. */
export interface OnepasswordSimulationOptions extends SimulationOptions {
  /** What the token has; all three feeds when absent. */
  readonly features?: readonly FeedName[];
  /** Counts requests and answers 429 above 600 a minute or 30,000 an hour. */
  readonly limited?: boolean;
  /** Makes all first pages of 1,000 before it listens: for measuring others, not us. */
  readonly prepared?: boolean;
}

export interface OnepasswordSimulation extends Simulation {
  /** From now on, the cursors that were given out are refused. */
  forgetCursors(): void;
}

const RECEIVERS = {
  'onepassword-audit': 'auditevents',
  'onepassword-signins': 'signinattempts',
  'onepassword-items': 'itemusages',
} as const satisfies Record<string, FeedName>;

const FEEDS = Object.values(RECEIVERS);

export const simulator = {
  vendor: 'onepassword',
  start: async (options: OnepasswordSimulationOptions): Promise<OnepasswordSimulation> => {
    const { seed, faults, now = Date.now, port, features = FEEDS } = options;
    const token = tokenOf(seed, features);
    const { account } = worldOf(seed);
    const streams = streamsOf(options);
    const pages = pagesOf(seed, streams, now);
    if (options.prepared) pages.prepare();
    const limit = options.limited ? limiter(now) : () => undefined;

    const guarded =
      (version: Version, handle: (asked: Asked) => Reply, feed?: FeedName) =>
      (asked: Asked): Reply => {
        const refused = limit(version);
        if (refused) return refused;
        if (asked.headers.authorization !== `Bearer ${token}`) return refusal(version, 401, 'Unauthorized access');
        if (feed && !features.includes(feed)) return refusal(version, 401, `The token lacks the feature ${feed}`);
        return handle(asked);
      };
    const issued = new Date(now() - 30 * DAY).toISOString();
    const uuid = random(seed, 'onepassword', 'integration').base32(26);
    const own: Reply = { body: { uuid, issued_at: issued, features, account_uuid: account } };
    const older: Reply = { body: { UUID: uuid, IssuedAt: issued, Features: features } };

    const server = await serve({
      port,
      now,
      faults,
      seed,
      routes: [
        { method: 'GET', path: '/api/v2/auth/introspect', handle: guarded('v2', () => own) },
        { method: 'GET', path: '/api/auth/introspect', handle: guarded('v1', () => older) },
        ...FEEDS.flatMap(feed =>
          (['v1', 'v2'] as const).map(version => ({
            method: 'POST' as const,
            path: `/api/${version}/${feed}`,
            handle: guarded(version, ({ body }) => pages.answer(version, feed, body), feed),
          })),
        ),
      ],
    });

    return {
      url: server.url,
      credentials: { token },
      receivers: secret =>
        Object.fromEntries(
          Object.entries(RECEIVERS).map(([name, feed]) => [
            name,
            onepassword({ token: secret('token'), feed, baseUrl: server.url, since: '8d', every: '1s' }),
          ]),
        ),
      ids: () =>
        Object.fromEntries(
          Object.entries(RECEIVERS).map(([name, feed]) => [
            name,
            [...new Set(streams(feed).map(({ index }) => uuidOf(seed, index)))],
          ]),
        ),
      requests: server.requests,
      close: server.close,
      forgetCursors: pages.forget,
    };
  },
} satisfies Simulator;

type Version = 'v1' | 'v2';

// ---- The streams ----

/** How many places later an event is shown a second time. */
const AGAIN = 7;

/** What each feed shows, in the order of insertion. One event in a hundred comes twice, with the same uuid. */
const streamsOf = (options: OnepasswordSimulationOptions): ((feed: FeedName) => readonly Happening[]) => {
  const { seed } = options;
  const happenings = population(options);
  const streams: Record<FeedName, Happening[]> = { auditevents: [], signinattempts: [], itemusages: [] };
  const owed: Record<FeedName, { at: number; happening: Happening }[]> = {
    auditevents: [],
    signinattempts: [],
    itemusages: [],
  };
  let taken = 0;
  return feed => {
    const shown = happenings.shown();
    for (; taken < shown.length; taken++) {
      const happening = shown[taken]!;
      const into = feedOf(seed, taken);
      const stream = streams[into];
      stream.push(happening);
      if (random(seed, 'onepassword', 'again', taken).chance(0.01))
        owed[into].push({ at: stream.length + AGAIN, happening });
      while (owed[into][0] && owed[into][0].at <= stream.length) stream.push(owed[into].shift()!.happening);
    }
    return streams[feed];
  };
};

// ---- The pages ----

/** What lives inside a cursor: the window, the limit and the place; never the filter of the next request. */
interface Cursor {
  readonly feed: FeedName;
  readonly limit: number;
  readonly from: number;
  readonly to: number;
  readonly at: number;
  /** Cursors of an earlier one are refused. */
  readonly epoch: number;
  /** An empty page was shown here. */
  readonly paused?: true;
}

const pagesOf = (seed: number, streams: (feed: FeedName) => readonly Happening[], now: () => number) => {
  const world = worldOf(seed);
  const prepared = new Map<string, string>();
  let epoch = 0;

  const make = (version: Version, feed: FeedName, happening: Happening): string => {
    const event = eventOf(seed, feed, happening, world);
    return JSON.stringify(version === 'v1' ? toV1(event) : event);
  };

  /** The items of a full page; made before where that was asked for. */
  const items = (version: Version, feed: FeedName, shown: readonly Happening[]): string => {
    const key = `${version} ${feed} ${shown[0]?.index} ${shown.length}`;
    return prepared.get(key) ?? shown.map(happening => make(version, feed, happening)).join(',');
  };

  const page = (version: Version, cursor: Cursor): Reply => {
    const { feed, limit, from, to, at } = cursor;
    const stream = streams(feed);
    // Seen in the wild and documented: nothing to show, and still more to come.
    if (!cursor.paused && at < stream.length && at > 0 && random(seed, 'onepassword', 'pause', feed, at).chance(0.05))
      return reply({ ...cursor, paused: true }, true, '');
    const shown: Happening[] = [];
    let next = at;
    for (; next < stream.length && shown.length < limit; next++) {
      const { time } = stream[next]!;
      if (time >= from && time < to) shown.push(stream[next]!);
    }
    const { paused: _, ...rest } = cursor;
    return reply({ ...rest, at: next }, shown.length === limit, items(version, feed, shown));
  };

  return {
    answer: (version: Version, feed: FeedName, body: Json | undefined): Reply => {
      const cursor = read(feed, body, now(), epoch);
      return typeof cursor === 'string' ? refusal(version, 400, cursor) : page(version, cursor);
    },
    forget: () => {
      epoch++;
    },
    prepare: () => {
      for (const feed of FEEDS) {
        const stream = streams(feed);
        for (let at = 0; at < stream.length; at += LARGEST) {
          const shown = stream.slice(at, at + LARGEST);
          prepared.set(`v2 ${feed} ${shown[0]!.index} ${shown.length}`, shown.map(h => make('v2', feed, h)).join(','));
        }
      }
    },
  };
};

const reply = (cursor: Cursor, more: boolean, items: string): Reply => ({
  text: `{"cursor":"${Buffer.from(JSON.stringify(cursor)).toString('base64url')}","has_more":${more},"items":[${items}]}`,
});

// The documented bounds and defaults of ResetCursor.
const [USUAL, LARGEST] = [100, 1000];

/** The body is one of two: where to begin, or where to go on. A text says what is wrong with it. */
const read = (feed: FeedName, body: Json | undefined, now: number, epoch: number): Cursor | string => {
  if (!isObject(body)) return 'The body is not a JSON object';
  const { cursor, limit = USUAL, start_time, end_time, ...others } = body;
  if (Object.keys(others).length > 0) return `Unknown field ${Object.keys(others)[0]}`;
  if (cursor !== undefined && cursor !== '') {
    if (Object.keys(body).length > 1) return 'A cursor comes alone';
    return typeof cursor === 'string' ? goOn(cursor, feed, epoch) : 'The cursor is not a string';
  }
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > LARGEST)
    return `limit must be 1 to ${LARGEST}`;
  const to = timeOf(end_time);
  const from = timeOf(start_time) ?? (to ?? now) - HOUR;
  if (Number.isNaN(to) || Number.isNaN(from)) return 'start_time and end_time must be RFC 3339';
  return { feed, limit, from, to: to ?? Number.MAX_SAFE_INTEGER, at: 0, epoch };
};

const goOn = (text: string, feed: FeedName, epoch: number): Cursor | string => {
  try {
    const cursor = JSON.parse(Buffer.from(text, 'base64url').toString()) as Cursor; // ours, or it fails below
    return cursor.feed === feed && cursor.epoch === epoch && Number.isInteger(cursor.at) ? cursor : 'Invalid cursor';
  } catch {
    return 'Invalid cursor';
  }
};

const timeOf = (value: Json | undefined): number | undefined => {
  if (value === undefined) return undefined;
  const at = typeof value === 'string' ? moment(value)?.time : undefined;
  return at ? toMillis(at) : Number.NaN;
};

// ---- Refusals, limits, the token ----

/** Two shapes are documented: the older in 1.2.0, the newer in 1.4.1. */
const refusal = (
  version: Version,
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply => ({
  status,
  headers,
  body: version === 'v1' ? { Error: { Message: message } } : { status, message },
});

/** 600 requests a minute and 30,000 an hour, over all feeds of the token. */
const limiter = (now: () => number): ((version: Version) => Reply | undefined) => {
  let times: number[] = [];
  return version => {
    const at = now();
    times = times.filter(time => time > at - HOUR);
    const over = [
      { limit: 600, per: MINUTE },
      { limit: 30_000, per: HOUR },
    ].find(({ limit, per }) => times.filter(time => time > at - per).length >= limit);
    if (!over) {
      times.push(at);
      return undefined;
    }
    const free = times.filter(time => time > at - over.per)[0]! + over.per; // there is one: it is full
    const wait = String(Math.ceil((free - at) / SECOND));
    const headers = {
      'ratelimit-limit': String(over.limit),
      'ratelimit-remaining': '0',
      'ratelimit-reset': wait,
      'retry-after': wait,
    };
    return refusal(version, 429, 'Too many requests', headers);
  };
};

/** In the form of the vendor's tokens, and good for nothing but this. */
const tokenOf = (seed: number, features: readonly FeedName[]): string => {
  const part = (json: Json) => Buffer.from(JSON.stringify(json)).toString('base64url');
  const claims = { aud: ['com.1password.streamingservice'], '1password.com/fts': features };
  return `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}.${random(seed, 'onepassword', 'token').base32(86)}`;
};
