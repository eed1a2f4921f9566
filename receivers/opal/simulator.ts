// Plays Opal's events API over loopback. What its documents leave open is played in the way that is hardest on a client:
// newest first, both bounds of time excluded, cursors that carry no filter.
import { DAY, type Json, type JsonObject, type Since } from '../../src/index.ts';
import { type Happening, population } from '../../src/simulation/population.ts';
import { random } from '../../src/simulation/random.ts';
import { type Asked, type Reply, serve } from '../../src/simulation/server.ts';
import type { Simulation, SimulationOptions, Simulator } from '../../src/simulation/simulator.ts';
import { opal } from './index.ts';
import { eventOf, worldOf } from './simulator-events.ts';

export interface OpalSimulation extends Simulation {
  /** From now on, the cursors that were given out are refused. */
  forgetCursors(): void;
}

export const simulator = {
  vendor: 'opal',
  start: async (options: SimulationOptions): Promise<OpalSimulation> => {
    const { seed, faults, now = Date.now, port } = options;
    const start = now();
    const apiKey = `simulated-${random(seed, 'opal', 'key').base32(32)}`;
    const world = worldOf(seed);
    const happenings = population(options);
    const make = ({ index, time }: Happening) => eventOf(seed, index, time, world);
    const list = newestFirst(() => happenings.shown());
    let epoch = 0; // cursors of an earlier one are refused

    const guarded = (handle: (asked: Asked) => Reply) => (asked: Asked) =>
      asked.headers.authorization === `Bearer ${apiKey}` ? handle(asked) : refusal(401, 'the API key is not valid');
    const server = await serve({
      port,
      now,
      faults,
      seed,
      routes: [
        { method: 'GET', path: '/v1/events', handle: guarded(asked => page(asked.query, list(), make, epoch)) },
        {
          method: 'GET',
          path: '/v1/events/:id',
          handle: guarded(({ params }) => {
            const found = list().find(h => make(h).event_id === params.id);
            return found ? { body: make(found) } : refusal(404, 'no such event');
          }),
        },
      ],
    });

    const url = `${server.url}/v1`;
    return {
      url,
      credentials: { apiKey },
      receivers: secret => ({
        opal: opal({
          baseUrl: url,
          apiKey: secret('apiKey'),
          every: '1s',
          settle: '1s',
          since: new Date(start - 8 * DAY).toISOString() as Since, // such a text is one
        }),
      }),
      ids: () => ({ opal: happenings.shown().map(h => String(make(h).event_id)) }),
      requests: server.requests,
      close: server.close,
      forgetCursors: () => {
        epoch++;
      },
    };
  },
} satisfies Simulator;

// ---- The answer to GET /events ----

const page = (
  query: URLSearchParams,
  all: readonly Happening[],
  make: (h: Happening) => JsonObject,
  epoch: number,
): Reply => {
  const size = Number(query.get('page_size') ?? 200); // the documented default and maximum
  if (!Number.isInteger(size) || size < 1 || size > 1000) return refusal(400, 'page_size must be between 1 and 1000');
  const [from, to] = [
    moment(query.get('start_date_filter'), -Infinity),
    moment(query.get('end_date_filter'), Infinity),
  ];
  if (Number.isNaN(from) || Number.isNaN(to)) return refusal(400, 'a date filter is not a date');
  const after = query.get('cursor');
  const place = after === null ? undefined : placeOf(after, epoch);
  if (after !== null && place === undefined) return refusal(400, 'the cursor is not valid');

  const filter = filterOf(query);
  const found: Happening[] = [];
  for (let i = place === undefined ? 0 : firstAfter(all, place); i < all.length && found.length <= size; i++) {
    const happening = all[i]!;
    if (happening.time <= from) break;
    if (happening.time < to && (!filter || filter(make(happening)))) found.push(happening);
  }
  const shown = found.slice(0, size);
  return {
    body: {
      next: found.length > size ? cursorOf(shown.at(-1)!, epoch) : null, // `size` is at least one
      previous: after, // "the cursor used to obtain the current result page"
      results: shown.map(make),
    },
  };
};

const moment = (text: string | null, absent: number): number =>
  text === null ? absent : Date.parse(/[zZ]$|[+-]\d\d:\d\d$/.test(text) ? text : `${text.replace(' ', 'T')}Z`);

/** Nothing where there is no filter, so that an event is made only to be shown. */
const filterOf = (query: URLSearchParams): ((event: JsonObject) => boolean) | undefined => {
  const wanted = (name: string, matches: (event: JsonObject, value: string) => boolean) => {
    const value = query.get(name);
    return value === null ? [] : [(event: JsonObject) => matches(event, value)];
  };
  const filters = [
    ...wanted('actor_filter', (event, id) => event.actor_user_id === id),
    ...wanted('event_type_filter', (event, type) => event.event_type === type),
    ...wanted('api_token_filter', (event, token) => `${event.api_token_name}:${event.api_token_preview}` === token),
    ...wanted('object_filter', ({ actor_user_id: _, event_id: __, ...event }, id) => mentions(event, id)),
  ];
  return filters.length === 0 ? undefined : event => filters.every(filter => filter(event));
};

const mentions = (json: Json, text: string): boolean =>
  json === text ||
  (typeof json === 'object' && json !== null && Object.values(json).some(value => mentions(value, text)));

const refusal = (status: number, message: string): Reply => ({ status, body: { code: status, message } });

// ---- Order and cursors ----

const cursorOf = ({ time, index }: Happening, epoch: number): string =>
  Buffer.from(`${time} ${index} ${epoch}`).toString('base64url');

const placeOf = (cursor: string, epoch: number): Pick<Happening, 'time' | 'index'> | undefined => {
  const [, time, index, of] = /^(\d+) (\d+) (\d+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (time === undefined || index === undefined || Number(of) !== epoch) return undefined;
  return { time: Number(time), index: Number(index) };
};

const descending = (a: Pick<Happening, 'time' | 'index'>, b: Pick<Happening, 'time' | 'index'>): number =>
  b.time - a.time || b.index - a.index;

/** Sorts only when something was added. */
const newestFirst = (shown: () => readonly Happening[]): (() => readonly Happening[]) => {
  let [seen, sorted]: (readonly Happening[])[] = [[], []];
  return () => {
    const now = shown();
    if (now !== seen) [seen, sorted] = [now, now.toSorted(descending)];
    return sorted!; // two of two
  };
};

const firstAfter = (all: readonly Happening[], place: Pick<Happening, 'time' | 'index'>): number => {
  let [low, high] = [0, all.length] as [number, number];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (descending(all[middle]!, place) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
};
