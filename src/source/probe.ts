// Asks a vendor once what its receiver would ask next, to see whether that works: is the credential good, is there a page,
// do the clocks agree, does the vendor still keep what is to be read. Nothing is kept, and no position moves.
import type { Answer, Clock, Diagnosis } from '../component.ts';
import { Fault } from '../fault.ts';
import type { Json } from '../model.ts';
import { DAY, MINUTE } from '../options.ts';
import type { Api, Send } from './http.ts';
import type { Asked, Walk } from './walks.ts';
import { iso, lasting } from './words.ts';

export interface Probing<P extends Json, Ask extends Asked> {
  readonly api: Api<P, Ask>;
  readonly at: P;
  /** Whether that is where a receiver stands that has begun, and not where it would begin. */
  readonly begun: boolean;
  /** Whose log it stands in, where the vendor told. */
  readonly owner: string | undefined;
  readonly clock: Clock;
  readonly send: Send;
  /** How many records an answer has; throws a Fault where it is no page. */
  readonly count: (answer: Answer) => number;
}

/** Throws what the receiver would throw. */
export const probeApi = async <P extends Json, Ask extends Asked>(
  probing: Probing<P, Ask>,
): Promise<readonly Diagnosis[]> => {
  const { api, at, begun, owner: ours, clock, send, count } = probing;
  await api.check?.(send);
  const owner = await api.owner?.(send);
  if (ours !== undefined && owner !== undefined && owner !== ours)
    throw new Fault('E_TENANT', `the stored position belongs to the account ${ours}, the credential to ${owner}`);
  const more = (await api.probe?.(send)) ?? [];

  const now = clock.now();
  const ask = api.walk.ask(at, now) ?? api.walk.ask(at, now + DAY); // what is due soon will do
  const { path, ...call } = ask ? api.request(ask) : { path: '' };
  const answer = ask && (await send({ ...call, path }));
  const took = clock.now() - now;
  return [
    ...(answer ? [fine(`${call.method ?? 'GET'} ${path}: answered in ${took} ms, with ${count(answer)} records`)] : []),
    ...(owner === undefined ? [] : [fine(`the credential reads the account ${owner}`)]),
    ...more,
    ...expiry(api.auth.renews ? undefined : api.auth.expires?.(), clock.now()),
    ...(answer ? skew(Date.parse(answer.headers.date ?? ''), now + took / 2) : []),
    ...retention(api.walk, at, begun, now),
  ];
};

const fine = (what: string): Diagnosis => ({ severity: 'ok', what });

/** So long before its end a credential is worth a word. */
const SOON = 14 * DAY;

/** @param ends ms since the epoch */
export const expiry = (ends: number | undefined, now: number): readonly Diagnosis[] => {
  if (ends === undefined) return [];
  const [what, remedy] = [
    `the credential ends at ${iso(ends)}`,
    'Issue a new one and put it in its place: no restart is needed.',
  ];
  if (ends <= now) return [{ severity: 'problem', what: `the credential has ended, at ${iso(ends)}`, remedy }];
  return ends - now < SOON ? [{ severity: 'warning', what, remedy }] : [fine(what)];
};

/** Vendors tell whole seconds; less than this is nothing to think of. */
const SKEWED = MINUTE;

/** @param theirs the vendor's clock, ms since the epoch; NaN where it told none @param ours when it told */
export const skew = (theirs: number, ours: number): readonly Diagnosis[] => {
  if (Number.isNaN(theirs)) return [];
  const off = ours - theirs;
  if (Math.abs(off) < SKEWED)
    return [fine(`our clock and the vendor's differ by ${Math.round(Math.abs(off) / 1000)} s`)];
  return [
    {
      severity: 'warning',
      what: `our clock is ${lasting(Math.abs(off))} ${off > 0 ? 'ahead of' : 'behind'} the vendor's`,
      remedy:
        'Set the clock of this machine, by NTP for instance. Nothing is lost meanwhile: windows go by the vendor.',
    },
  ];
};

/** Whether the vendor still keeps all that is to be read, as far as is known how long that is. */
const retention = <P extends Json, Ask extends Asked>(
  walk: Walk<P, Ask>,
  at: P,
  begun: boolean,
  now: number,
): readonly Diagnosis[] => {
  const { keeps = Number.POSITIVE_INFINITY } = walk;
  const low = walk.low(at);
  if (keeps === Number.POSITIVE_INFINITY) return [];
  if (low >= now - keeps)
    return [fine(`it reads from ${iso(low)} on; the vendor keeps ${lasting(keeps)}, and so all of that`)];
  return [
    begun
      ? {
          severity: 'problem',
          what: `it stands at ${iso(low)}, and the vendor keeps ${lasting(keeps)}: what is older is lost, or will be`,
          remedy:
            'See why it is so far behind: tributary status. What is gone is told as a gap: tributary state history.',
        }
      : {
          severity: 'warning',
          what: `it would begin at ${iso(low)}, but the vendor keeps ${lasting(keeps)}: what is older comes as a gap`,
          remedy: `Set \`since\` to what the vendor keeps, or leave it out.`,
        },
  ];
};
