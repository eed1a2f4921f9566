// What simulated vendors have, asked by hand and without any of our receivers: the records in their own words. Of the two
// whose APIs need nothing but a loop; of the others the ids are known.
import type { Played } from '../../src/cli/vendors.ts';
import { parse, textOf } from '../../src/json.ts';
import type { Json } from '../../src/model.ts';

/** Every record, by its id. */
export const truth = async (played: readonly Played[]): Promise<ReadonlyMap<string, Json>> => {
  const records = (
    await Promise.all(played.map(({ vendor, simulation }) => READERS[vendor]?.(simulation) ?? []))
  ).flat();
  return new Map(records);
};

type Entry = readonly [id: string, record: Json];
type Reader = (simulation: Played['simulation']) => Promise<Entry[]>;

const opal: Reader = async ({ url, credentials }) => {
  const entries: Entry[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await ask(`${url}/events?page_size=1000${query}`, credentials.apiKey!);
    entries.push(...named(page.results, 'event_id'));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return entries;
};

const onepassword: Reader = async ({ url, credentials }) => {
  const entries: Entry[] = [];
  for (const feed of ['auditevents', 'signinattempts', 'itemusages']) {
    let body: object = { limit: 1000, start_time: new Date(0).toISOString() };
    for (let more = true; more; ) {
      const page = await ask(`${url}/api/v2/${feed}`, credentials.token!, body);
      entries.push(...named(page.items, 'uuid'));
      body = { cursor: page.cursor };
      more = page.has_more ?? false;
    }
  }
  return entries;
};

const READERS: Readonly<Record<string, Reader>> = { opal, onepassword };

interface Page {
  readonly results?: readonly Json[];
  readonly next?: string | null;
  readonly items?: readonly Json[];
  readonly cursor?: string;
  readonly has_more?: boolean;
}

const ask = async (url: string, credential: string, body?: object): Promise<Page> => {
  const answer = await fetch(url, {
    headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return parse(await answer.text()) as Page; // as the simulators write it
};

const named = (records: readonly Json[] = [], id: string): Entry[] =>
  records.map(record => [textOf(record, id) ?? '', record] as const);
