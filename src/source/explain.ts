// The next request of an API that was described, in words: what is asked, why, and where each outcome would lead. Made of
// the walk itself, which is asked what it would do; nothing is sent.

import type { Explanation } from '../component.ts';
import { describe } from '../fault.ts';
import type { Json } from '../model.ts';
import type { Api } from './http.ts';
import type { Asked, Step, Stored } from './walks.ts';
import { inWords, lasting } from './words.ts';

/** @param address of a path below the API's base */
export const explainRequest = async <P extends Json, Ask extends Asked>(
  { base, site, walk, request, owner, every }: Api<P, Ask>,
  { at, ...rest }: Stored & { readonly at: P },
  now: number,
  address: (base: string, path: string) => string,
): Promise<Explanation> => {
  const words = (position: P) => inWords({ ...rest, at: position }, walk.low(position));
  const ask = walk.ask(at, now);
  const why = walk.explain?.(at, now) ?? [`the walk ${walk.shape} asks ${JSON.stringify(ask)}`];
  if (ask === undefined) return { next: [`nothing yet: it looks again every ${lasting(every)}`], why, after: [] };

  const lead = (next: string | null, more: boolean) => walk.next(at, ask, { next, more, date: now });
  /** A vendor that keeps our place gives a cursor at the end, too; to any other walk a cursor is a further page. */
  const end = () => (lead(SOME, false).more ? lead(null, false) : lead(SOME, false));
  const outcome = (kind: () => Step<P>): string => {
    try {
      const step = kind();
      return `${words(step.position)}; ${step.more ? 'then on at once' : `then a rest of ${lasting(every)}`}`;
    } catch (error) {
      return `it would hold: ${describe(error)}`;
    }
  };
  const { path, method = 'GET', query = {}, body } = request(ask);
  const root = typeof base === 'string' ? base : await base().catch(() => undefined);
  return {
    request: {
      method,
      url: address(root ?? site ?? '', path),
      query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined && value !== null)),
      ...(body !== undefined && { body }),
    },
    next: [
      ...(root === undefined ? ['the credential, which cannot be read now, may name another host'] : []),
      ...(owner ? ['before it, once for each credential: whose log that reads'] : []),
    ],
    why,
    after: [`if that is the last page: ${outcome(end)}`, `if there is another one: ${outcome(() => lead(SOME, true))}`],
  };
};

/** Any cursor: what it is does not show in words. */
const SOME = '1';
