// An API, described, becomes a receiver: how to read its pages (fixed per vendor) and how to ask for them (by options).
import type { z } from 'zod';
import {
  type Answer,
  type Auth,
  type Call,
  type Diagnosis,
  defineReceiver,
  type Fetch,
  type HttpSettings,
  type InferInput,
  type InferOutput,
  type ReceiverContext,
  type StandardSchema,
  type Starter,
} from '../component.ts';
import { Fault } from '../fault.ts';
import { digest, parse } from '../json.ts';
import type { AtHand, Mapping } from '../mapping.ts';
import type { AuditRecord, HrTime, Json, Origin } from '../model.ts';
import { fromMillis, moment } from '../time.ts';
import { explainRequest } from './explain.ts';
import { poll, type Source, type Turn } from './poll.ts';
import { probeApi } from './probe.ts';
import { type Asked, isStored, type Lead, type Stored, type Walk } from './walks.ts';

export interface HttpDefinition<S extends StandardSchema, Page, P extends Json, Ask extends Asked> {
  readonly type: string;
  readonly options: S;
  /** The envelope, never the records: `z.array(z.unknown())`. A validator that goes over records copies them. */
  readonly page: z.ZodType<Page>;
  /** Where the events are. */
  items(page: Page): readonly unknown[];
  /** Where the page says what comes next. */
  lead(page: Page, answer: Answer, asked: Ask): Omit<Lead, 'date'>;
  /** The vendor's id and time of an event, as far as it says. */
  identify(item: Json): { readonly id?: string | undefined; readonly time?: string | number | undefined };
  readonly ocsf: Mapping;
  /** For `tributary dev normalize`: where such records usually come from. */
  readonly atHand?: Omit<AtHand, 'record'>;
  /** What `tributary init` writes of it. */
  readonly starter?: Starter<InferInput<S>> | undefined;
  /** How far back it reads again, in ms; 0 when never. */
  repeats(options: InferOutput<S>): number;
  api(options: InferOutput<S>, context: ReceiverContext): Api<P, Ask>;
}

export interface Api<P extends Json, Ask extends Asked> {
  /**
   * The API's address; requests are made below it, and the credential goes to its origin only. A function where the
   * credential itself names the address: asked before each request, and `site` is then what identifies the receiver.
   */
  readonly base: string | (() => Promise<string>);
  /** The origin that identifies the receiver; that of `base` when absent. Needed where `base` is a function. */
  readonly site?: string;
  readonly tenant?: string;
  readonly feed?: string;
  /** ms */
  readonly every: number;
  readonly auth: Auth;
  readonly http?: Partial<HttpSettings>;
  readonly walk: Walk<P, Ask>;
  request(ask: Ask): Omit<Call, 'url'> & { readonly path: string };
  /** Checks once, before the first page, that the credential fits: throws a Fault when it does not. */
  check?(send: Send): Promise<void>;
  /**
   * Whose log the credential reads, where the vendor tells. Asked before each page, because credentials rotate: remember
   * it. A position of another owner is never used: that is a hold (E_TENANT).
   */
  owner?(send: Send): Promise<string | undefined>;
  /** What else the vendor tells of the credential, where one asks; read-only: for `tributary doctor`. */
  probe?(send: Send): Promise<readonly Diagnosis[]>;
}

/** Sends a call below the base. */
export type Send = (call: Omit<Call, 'url'> & { readonly path: string }) => Promise<Answer>;

export const defineHttpReceiver = <S extends StandardSchema, Page, P extends Json, Ask extends Asked>(
  definition: HttpDefinition<S, Page, P, Ask>,
) =>
  defineReceiver<S>({
    type: definition.type,
    options: definition.options,
    ocsf: definition.ocsf,
    starter: definition.starter,
    atHand: definition.atHand && {
      ...definition.atHand,
      record: (raw, observed, origin) => toRecord(raw, definition.identify, observed, origin),
    },
    http: true,
    repeats: definition.repeats,
    create: (context, options) => {
      const api = definition.api(options, context);
      const origin: Origin = {
        receiver: context.name,
        type: definition.type,
        site: api.site ?? (typeof api.base === 'string' ? new URL(api.base).origin : ''),
        tenant: api.tenant ?? '',
        feed: api.feed ?? '',
      };
      return poll(source(definition, api, origin, context), api.every, context);
    },
  });

const source = <S extends StandardSchema, Page, P extends Json, Ask extends Asked>(
  definition: HttpDefinition<S, Page, P, Ask>,
  api: Api<P, Ask>,
  origin: Origin,
  { clock, http: open, log }: ReceiverContext,
): Source<Stored> => {
  const { base, auth, http, walk, request, check, owner } = api;
  const clients = new Map<string, Fetch>(); // one, unless the credential comes to name another address
  const client = (site: string): Fetch => {
    const fetch = clients.get(site) ?? open({ ...http, origin: site, auth });
    clients.set(site, fetch);
    return fetch;
  };
  const send = async ({ path, ...call }: Parameters<Send>[0], signal: AbortSignal) => {
    const root = typeof base === 'string' ? base : await base();
    return client(new URL(root).origin)({ ...call, url: address(root, path) }, signal);
  };
  const stored = (at: P, whose?: string): Stored =>
    whose === undefined ? { shape: walk.shape, at } : { shape: walk.shape, at, owner: whose };
  const inside = (position: Stored): P => position.at as P; // `restore` let nothing else in

  let checked = check === undefined;
  let recovered: string | undefined; // the last position that a refused cursor led back to

  /** A refused cursor: back to where the walk says, once; a second time at the same place is a hold. */
  const recover = (position: P, refusal: Fault, whose?: string): Turn<Stored> => {
    const back = walk.recover?.(position);
    const key = JSON.stringify(back);
    if (back === undefined || key === recovered) throw new Fault('E_CURSOR_LOST', refusal.message, { cause: refusal });
    recovered = key;
    log.warn(
      { code: refusal.code },
      `the vendor refused the cursor; reading again from ${new Date(walk.low(back)).toISOString()}`,
    );
    return { records: [], position: stored(back, whose), more: true, date: clock.now() };
  };

  /** Where a vendor gave up twice: asked for less from there on, without waiting for a page to move us. */
  let tired: { readonly at: string; readonly instead: P } | undefined;

  /** A deadline may be a mood, so the same is asked once more; then ever less, as far as the walk goes. */
  const askLess = (at: string, here: P, ask: Ask): void => {
    const less = tired?.at === at ? walk.shrink?.(here, ask) : here;
    if (less !== undefined && less !== here)
      log.info({ ask }, 'the vendor gave up on this span; asking for a shorter one');
    tired = { at, instead: less ?? here };
  };

  return {
    origin,
    overlap: walk.overlap,
    start: now => stored(walk.start(now)),
    low: position => walk.low(inside(position)),
    reached: position => (walk.reached ?? walk.low)(inside(position)),
    restore: position => {
      if (isStored(position) && position.shape === walk.shape && walk.fits(position.at)) return position;
      throw new Fault('E_POSITION', `the stored position is not of the walk ${walk.shape}`);
    },
    midway: (position, now) => walk.midway?.(inside(position), now) ?? false,
    ...(walk.rewind && {
      rewind: (position: Stored, to: number) => {
        const back = walk.rewind?.(inside(position), to);
        return back && stored(back, position.owner);
      },
    }),
    explain: (position, now) => explainRequest(api, { ...position, at: inside(position) }, now, address),

    probe: (position, begun, signal) =>
      probeApi({
        api,
        at: inside(position),
        begun,
        owner: position.owner,
        clock,
        send: call => send(call, signal),
        count: answer => definition.items(read(definition.page, answer)).length,
      }),

    pull: async (position, signal) => {
      const key = JSON.stringify(position);
      const here = tired?.at === key ? tired.instead : inside(position);
      const ask = walk.ask(here, clock.now());
      if (ask === undefined) return undefined;
      if (!checked) {
        await check?.(call => send(call, signal));
        checked = true;
      }
      const whose = (await owner?.(call => send(call, signal))) ?? position.owner;
      if (position.owner !== undefined && whose !== position.owner) {
        const problem = `the stored position belongs to the account ${position.owner}, the credential to ${whose}`;
        throw new Fault(
          'E_TENANT',
          `${problem}: use a credential of the first, or give the second a receiver of its own`,
        );
      }

      const answer = await send(request(ask), signal).catch(error => {
        if (gaveUp(error)) askLess(key, here, ask);
        if (!(error instanceof Fault) || error.kind !== 'rejected') throw error;
        if (ask.cursor !== null) return error;
        throw new Fault(error.code, error.message, { kind: 'denied', cause: error }); // a pull has no record to blame: hold
      });
      if (answer instanceof Fault) return recover(here, answer, whose);

      const page = read(definition.page, answer);
      const step = walk.next(here, ask, { ...definition.lead(page, answer, ask), date: answer.date });
      const ahead = walk.ask(step.position, clock.now());
      if (step.more && sameAsk(ahead, ask))
        throw new Fault('E_WALK_STUCK', `the next page after ${JSON.stringify(ask)} is that page again`);
      if (ahead) assertNear(api.base, request(ahead).path); // before it is committed: no position leads astray
      const observed = fromMillis(clock.now());
      const records = definition.items(page).map(item => toRecord(item as Json, definition.identify, observed, origin));
      return { records, position: stored(step.position, whose), more: step.more, date: answer.date, gap: step.gap };
    },
  };
};

/** The question was too large for the time there was: by the vendor's deadline (gRPC has words for it), or by ours. */
const gaveUp = (error: unknown): boolean =>
  error instanceof Fault &&
  (error.code === 'E_TIMEOUT' || error.status === 504 || /deadline exceeded/i.test(error.message));

const address = (base: string, path: string): string =>
  /^https?:\/\//.test(path) ? path : `${base.replace(/\/+$/, '')}${path}`;

/** Throws E_ORIGIN where the next page would be asked of somebody else. */
const assertNear = (base: unknown, path: string): void => {
  const [ours, theirs] = [base, path].map(text => (typeof text === 'string' ? URL.parse(text)?.origin : undefined));
  if (ours !== undefined && theirs !== undefined && ours !== theirs)
    throw new Fault('E_ORIGIN', `the next page would lie on ${theirs} and not on ${ours}; it is not asked`);
};

const read = <Page>(shape: z.ZodType<Page>, answer: Answer): Page => {
  let json: unknown;
  try {
    json = parse(answer.text);
  } catch (cause) {
    const start = answer.text.slice(0, 60).replace(/\s+/g, ' ');
    if (/^\s*[[{]/.test(answer.text))
      throw new Fault('E_BODY_BROKEN', `the answer breaks off: it begins with ${start}`, { cause });
    throw new Fault('E_PAGE_SYNTAX', `the answer is not JSON: it begins with ${start}`, { cause });
  }
  const page = shape.safeParse(json);
  if (page.success) return page.data;
  throw new Fault('E_PAGE_SHAPE', page.error.issues.map(i => `${i.path.join('.') || 'page'}: ${i.message}`).join('; '));
};

const sameAsk = (a: unknown, b: unknown): boolean => a !== undefined && JSON.stringify(a) === JSON.stringify(b);

/** A record is a record, however odd: what the vendor does not say is guessed, and flagged. */
const toRecord = (
  raw: Json,
  identify: (item: Json) => { readonly id?: string | undefined; readonly time?: string | number | undefined },
  observed: HrTime,
  origin: Origin,
): AuditRecord => {
  const { id, time } = identify(raw);
  const happened = moment(time)?.time;
  const record = { id: id || digest(raw), time: happened ?? observed, observed, origin, raw };
  const guessed = !id && !happened ? 'both' : !id ? 'id' : !happened ? 'time' : undefined;
  return guessed ? { ...record, guessed } : record;
};
