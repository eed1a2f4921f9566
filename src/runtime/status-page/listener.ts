// The `status` listener: the page, and the JSON behind it. It only reads; whoever looks can change and delay nothing.
import type { IncomingMessage } from 'node:http';
import type { Clock, Logger } from '../../component.ts';
import type { Engine } from '../../config.ts';
import { describe } from '../../fault.ts';
import { MINUTE, SECOND } from '../../options.ts';
import type { Budgets } from '../http/budget.ts';
import type { Plan } from '../plan.ts';
import type { Store } from '../state/state.ts';
import type { Address } from '../telemetry/address.ts';
import type { Observer, Reload } from '../telemetry/observer.ts';
import { type Handler, json, serve } from '../telemetry/server.ts';
import { standings } from '../telemetry/standing.ts';
import { type PageDocument, pageDocument } from './document.ts';
import { gatherFacts } from './facts.ts';
import { history } from './history.ts';
import { isPlainHost } from './host.ts';
import { report } from './report.ts';
import { settingsOf } from './settings.ts';
import { stream, type Wanted } from './stream.ts';
import { createTail } from './tail.ts';

export interface StatusOptions {
  readonly address: Address;
  /** The first one; those that take its place are told to the observers. */
  readonly plan: Plan;
  /** As the config has it. */
  readonly engine: Engine | undefined;
  readonly clock: Clock;
  readonly budgets: Budgets;
  readonly store: Store;
  readonly log: Logger;
  /** The folder of the state. */
  readonly state: string;
  /** From which lag on a receiver is behind; ms. */
  readonly lagLimit?: number | undefined;
}

export interface Status {
  /** Where it listens. */
  readonly address: string;
  readonly observers: readonly Observer[];
  close(): Promise<void>;
}

/** Listens from now on; throws E_LISTEN when it cannot. */
export const openStatus = async ({
  address,
  engine,
  lagLimit = 15 * MINUTE,
  ...rest
}: StatusOptions): Promise<Status> => {
  const { clock, log } = rest;
  let { plan } = rest;
  let reload: Reload | undefined;
  let limits = engine; // what of it may change while it runs
  const changes: Observer = {
    planned: next => {
      plan = next;
    },
    reloaded: told => {
      reload = told;
      if (told.config) limits = told.config.engine;
    },
  };
  const facts = gatherFacts(clock);
  const standing = standings(plan, clock);
  const tail = createTail();
  const reported = sparing(clock, () => report({ ...rest, plan, reload, facts, standings: standing, lagLimit }));
  const answer =
    (make: () => object | Promise<object>): Handler =>
    (_, response) => {
      Promise.resolve()
        .then(make)
        .then(
          body => json(response, 200, body),
          error => {
            log.warn({}, `the status cannot be told: ${describe(error)}`);
            json(response, 500, { error: 'the status cannot be told; the log says why' });
          },
        );
    };
  const served = await serve(
    'engine.status',
    address,
    new Map<string, Handler>([
      ['/', servePage],
      ['/api/status', answer(reported)],
      ['/api/history', answer(() => history(plan, facts, clock))],
      [
        '/api/config',
        answer(() => settingsOf(plan, { ...engine, grace: limits?.grace, deadLetters: limits?.deadLetters })),
      ],
      [
        '/api/tail',
        (request, response) => {
          const wanted = wantedOf(request);
          const reader = tail.open(wanted.back);
          if (!reader) return json(response, 503, { error: 'so many read already that there is no room for one more' });
          stream(reader, response, wanted, clock).catch(error => {
            log.warn({}, `a reader of the tail is cut off: ${describe(error)}`);
            response.destroy();
          });
        },
      ],
    ]),
    stranger,
  );
  return {
    address: served.address,
    observers: [changes, standing.observer, facts.observer, tail.observer],
    close: () => served.close(),
  };
};

/** `?receiver=opal&class=3002&back=20`; what cannot be read is not wanted. */
const wantedOf = ({ url = '' }: IncomingMessage): Wanted & { readonly back: number } => {
  const query = new URLSearchParams(url.split('?', 2)[1]);
  const number = (name: string) => (/^\d{1,9}$/.test(query.get(name) ?? '') ? Number(query.get(name)) : undefined);
  return { receiver: query.get('receiver') ?? undefined, class: number('class'), back: number('back') ?? 0 };
};

let page: PageDocument | undefined; // read when it is first asked for

const servePage: Handler = (_, response) => {
  page ??= pageDocument();
  response
    .writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': page.policy,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    })
    .end(page.html);
};

/** A request under a name that is not ours is misdirected, whatever it asks for. */
const stranger = ({ headers }: IncomingMessage): number | undefined => (isPlainHost(headers.host) ? undefined : 421);

/** Made at most once a second, however many look. */
const sparing = <T>(clock: Clock, make: () => Promise<T>): (() => Promise<T>) => {
  let made: { readonly at: number; readonly what: Promise<T> } | undefined;
  return () => {
    const now = clock.now();
    if (!made || now - made.at >= SECOND || now < made.at) made = { at: now, what: make() };
    return made.what;
  };
};
