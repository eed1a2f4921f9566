// 1Password's receiver, run until it rests, and a vendor that answers by script.
import { onepassword } from '../../receivers/onepassword/index.ts';
import type { Answer, Call, Fetch, HttpSettings, Spec } from '../../src/component.ts';
import { type AuditRecord, type Batch, identify, type Json } from '../../src/model.ts';
import { faultOf } from '../../src/runtime/http/status.ts';
import { virtualClock } from './clock.ts';
import { type TestContext, testContext } from './context.ts';
import { testSecret } from './conversation.ts';

export const START = Date.UTC(2026, 0, 15, 12);
export const ACCOUNT = 'M4E2SWNZAZFTRGQGDNS2E5A4MU';

export type Options = Parameters<typeof onepassword>[0];

/** A JWT that nobody signed. */
export const jwt = (claims: Json): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`;

export interface Run {
  readonly records: readonly AuditRecord[];
  readonly batches: readonly Batch[];
}

/** Takes and commits what is emitted until the receiver has rested so often, or a fault is waited out. */
export const collect = async (
  spec: Spec<'receiver'>,
  context: TestContext,
  http: (settings: HttpSettings) => Fetch,
  rests = 1,
): Promise<Run> => {
  const checked = await spec.schema['~standard'].validate(spec.options);
  if (checked.issues) throw new Error(JSON.stringify(checked.issues));
  const batches: Batch[] = [];
  const ended = Promise.withResolvers<void>();
  let left = rests;
  const receiver = spec.create(
    {
      ...context,
      http,
      rest: () => {
        if (--left === 0) ended.resolve();
      },
      report: (fault, wait) => {
        context.report(fault, wait);
        if (fault.kind === 'denied') ended.resolve();
      },
    },
    checked.value,
  );
  const subscription = receiver.emissions.subscribe({
    next: ({ batch, receipt }) => {
      batches.push(batch);
      if (batch.move)
        context.commit([{ kind: 'move', receiver: 'test', identity: identify(receiver.origin), move: batch.move }]);
      receipt.deliver();
    },
    error: ended.reject,
  });
  await context.clock.run(ended.promise).finally(() => subscription.unsubscribe());
  return { batches, records: batches.flatMap(batch => batch.records) };
};

export type Reply = { readonly status?: number; readonly body: Json };
export const page = (cursor: string, has_more: boolean, ...uuids: readonly string[]): Reply => ({
  body: { cursor, has_more, items: uuids.map(uuid => ({ uuid, timestamp: '2026-01-15T09:00:00.123456789Z' })) },
});
/** What the vendor says of a token. */
export const own = (features: readonly string[] = ['auditevents'], account_uuid = ACCOUNT): Reply => ({
  body: { uuid: 'X', issued_at: '2026-01-01T00:00:00Z', features, account_uuid },
});

/** Answers in this order; remembers what was asked, and of whom. */
export const scripted = (replies: readonly Reply[], clock = virtualClock(START)) => {
  const context = testContext({ clock });
  const calls: Call[] = [];
  const settings: HttpSettings[] = [];
  const left = [...replies];
  const http = (given: HttpSettings): Fetch => {
    settings.push(given);
    return async call => {
      calls.push(call);
      const { status = 200, body } = left.shift() ?? { status: 403, body: 'the script is over' };
      const fault = faultOf(status, {}, JSON.stringify(body), clock.now());
      if (fault) throw fault;
      return { status, headers: {}, date: clock.now(), text: JSON.stringify(body) } satisfies Answer;
    };
  };
  const run = (options: Partial<Options> = {}, rests = 1) =>
    collect(onepassword({ token: testSecret('plain'), feed: 'auditevents', ...options }), context, http, rests);
  const add = (...more: readonly Reply[]) => void left.push(...more);
  return {
    context,
    calls,
    settings,
    http,
    run,
    add,
    paths: () => calls.map(call => new URL(call.url).pathname),
    bodies: () => calls.map(call => call.body),
  };
};
