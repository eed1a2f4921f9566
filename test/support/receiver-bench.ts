// A receiver on a virtual clock, over a conversation, with everything in one process: what the receiver contract drives.
import type { Answer, Call, Fetch, Receiver, Spec } from '../../src/component.ts';
import { type AuditRecord, type Emission, identify, type Move } from '../../src/model.ts';
import { virtualClock } from './clock.ts';
import { type TestContext, testContext } from './context.ts';
import { type Conversation, optionsOf } from './conversation.ts';

/** The receiver that a vendor's folder exports. Throws where it exports none, or several. */
export const factoryOf = (module: Readonly<Record<string, unknown>>, options: unknown): Spec<'receiver'> => {
  const specs = Object.values(module).flatMap(value => {
    const made: unknown = typeof value === 'function' ? value(options) : undefined;
    return isSpec(made) ? [made] : [];
  });
  if (specs.length !== 1) throw new Error(`a vendor's index.ts exports one receiver; found ${specs.length}`);
  return specs[0]!;
};

const isSpec = (value: unknown): value is Spec<'receiver'> =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'receiver' && 'create' in value;

/** One life, or several, of a receiver on the same state. */
export interface ReceiverBench {
  readonly context: TestContext;
  /** Every call, with the time at which it was made. */
  readonly calls: { readonly call: Call; readonly at: number }[];
  readonly moves: Move[];
  /** What was emitted, in order, repeats included. */
  readonly records: AuditRecord[];
  create(): Promise<Receiver>;
  /**
   * Takes and commits what is emitted until the condition holds: looked at after each commit and each rest. Resolves
   * when the receiver is unsubscribed.
   */
  run(until: () => boolean): Promise<void>;
}

export const receiverBench = (
  module: Readonly<Record<string, unknown>>,
  conversation: Conversation,
  fetch: Fetch,
): ReceiverBench => {
  const context = testContext({ clock: virtualClock(Date.parse(conversation.clock)) });
  const spec = factoryOf(module, optionsOf(conversation));
  const calls: ReceiverBench['calls'] = [];
  const [moves, records]: [Move[], AuditRecord[]] = [[], []];
  const counted: Fetch = (call, signal): Promise<Answer> => {
    calls.push({ call, at: context.clock.now() });
    return fetch(call, signal);
  };

  const create = async () => {
    const checked = await spec.schema['~standard'].validate(spec.options);
    if (checked.issues) throw new Error(`the conversation's options: ${JSON.stringify(checked.issues)}`);
    return spec.create({ ...context, http: () => counted, rest: () => context.rest() }, checked.value);
  };

  const run = async (until: () => boolean) => {
    const receiver = await create();
    const rest = context.rest;
    const life = new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!until()) return;
        subscription.unsubscribe();
        resolve();
      };
      context.rest = () => {
        rest();
        look();
      };
      const subscription = receiver.emissions.subscribe({
        error: reject,
        next: ({ batch, receipt }: Emission) => {
          records.push(...batch.records);
          if (batch.move) moves.push(batch.move);
          context.commit([
            ...(batch.writes ?? []),
            ...(batch.move
              ? [{ kind: 'move' as const, receiver: 'test', identity: identify(receiver.origin), move: batch.move }]
              : []),
          ]);
          receipt.deliver();
          queueMicrotask(look); // when the receipt has settled
        },
      });
    });
    try {
      await context.clock.run(life);
    } finally {
      context.rest = rest;
    }
  };

  return { context, calls, moves, records, create, run };
};
