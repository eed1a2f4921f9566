// A vendor whose events happen as virtual time passes, read by windows of time: with a clock of its own that may be wrong,
// a memory that ends, and a token.
import { z } from 'zod';
import type { Answer, Fetch, HttpSettings, Spec } from '../../src/component.ts';
import { Fault } from '../../src/fault.ts';
import { textOf } from '../../src/json.ts';
import { HOUR, MINUTE, SECOND, secret } from '../../src/options.ts';
import { bearer } from '../../src/source/auth.ts';
import { defineHttpReceiver } from '../../src/source/http.ts';
import { type WindowAsk, windows } from '../../src/source/windows.ts';
import { type VirtualClock, virtualClock } from './clock.ts';
import type { World } from './engine.ts';

export interface TimedVendorOptions {
  /** Between two events; ms. */
  readonly between: number;
  /** How many happen in the same millisecond; 1 when absent. */
  readonly together?: number;
  /** How long after it happened the vendor shows an event, by its number; ms. */
  readonly late?: (n: number) => number;
  /** How long it keeps them; ms. */
  readonly keeps?: number;
  /** How wrong the clocks are, so many ms after the start; ms. */
  readonly ours?: (since: number) => number;
  readonly theirs?: (since: number) => number;
}

export interface TimedVendor extends World {
  /** When it began; ms since the epoch, by no clock that is wrong. */
  readonly began: number;
  /** All that happened until now, oldest first. */
  events(): readonly { readonly id: string; readonly at: number }[];
  /** How often it was asked. */
  asked(): number;
  /** What it accepts. */
  token: string;
  readonly receiver: Spec<'receiver'>;
}

/** The variable that the receiver's token is read from. */
export const TOKEN = 'T_TIMED_TOKEN';

export const timedVendor = (options: TimedVendorOptions): TimedVendor => {
  const {
    between,
    keeps = Number.POSITIVE_INFINITY,
    ours = () => 0,
    theirs = () => 0,
    late = () => 0,
    together = 1,
  } = options;
  const truth = virtualClock();
  const began = truth.now();
  const clock: VirtualClock = { ...truth, now: () => truth.now() + ours(truth.now() - began) };
  let asked = 0;

  const events = () =>
    Array.from({ length: Math.floor((truth.now() - began) / between) * together }, (_, n) => {
      const happened = (Math.floor(n / together) + 1) * between;
      return { id: `e${n}`, at: began + happened + theirs(happened) };
    });

  const http =
    ({ auth }: HttpSettings): Fetch =>
    async (call, signal): Promise<Answer> => {
      asked++;
      const { authorization } = (await auth?.headers(() => Promise.reject(), truth.now(), signal)) ?? {};
      if (authorization !== `Bearer ${vendor.token}`)
        throw new Fault('E_HTTP_DENIED', 'GET https://timed.example/: 401 Unauthorized', { status: 401 });
      const date = truth.now() + theirs(truth.now() - began);
      const [from, to] = [Number(call.query?.from), Number(call.query?.to)];
      const shown = ({ at }: { readonly at: number }, n: number) =>
        at >= from && at < to && at > date - keeps && at + late(n) <= date;
      const found = events().filter(shown);
      const start = Number(call.query?.cursor ?? 0);
      const next = start + PAGE < found.length ? String(start + PAGE) : null;
      const text = JSON.stringify({ items: found.slice(start, start + PAGE), next });
      return { status: 200, headers: {}, date, text };
    };

  const receiver = defineHttpReceiver({
    type: 'timed',
    options: z.object({}),
    repeats: () => 10 * MINUTE,
    page: z.object({ items: z.array(z.unknown()), next: z.string().nullable() }),
    items: page => page.items,
    lead: page => ({ next: page.next }),
    identify: item => ({ id: textOf(item, 'id') }),
    ocsf: {
      describe: () => ({
        product: { name: 's', vendor_name: 's' },
        provider: 's',
        log: 's',
        format: 'JSON',
        address: 's',
      }),
      read: () => [],
    },
    api: () => ({
      base: 'https://timed.example',
      every: 5 * MINUTE,
      auth: bearer(secret.env(TOKEN)),
      walk: windows({
        since: () => began,
        span: 6 * HOUR,
        settle: 30 * SECOND,
        overlap: 10 * MINUTE,
        behind: 3 * HOUR,
        ...(keeps < Number.POSITIVE_INFINITY && { keeps }),
      }),
      request: ({ from, to, cursor }: WindowAsk) => ({ path: '/', query: { from, to, cursor } }),
    }),
  })({});

  process.env[TOKEN] = 'the first';
  const vendor: TimedVendor = {
    clock,
    fetch: () => Promise.reject(new Error('asked without settings')),
    http,
    began,
    events,
    asked: () => asked,
    token: 'the first',
    receiver,
  };
  return vendor;
};

const PAGE = 100;
