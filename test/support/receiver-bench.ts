// A receiver on a virtual clock, with everything in one process: what the receiver contract drives.
import type { Fetch, Receiver, Spec } from '../../src/component.ts';
import { type AuditRecord, type Emission, identify, type Move } from '../../src/model.ts';
import { virtualClock } from './clock.ts';
import { type TestContext, testContext } from './context.ts';

/** What a vendor's index.ts exports. */
export type Module = Readonly<Record<string, unknown>>;

/** The receiver that a vendor's folder exports. Throws where it exports none, or several. */
export const factoryOf = (module: Module, options: unknown): Spec<'receiver'> => {
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
  readonly moves: Move[];
  /** What was emitted, in order, repeats included. */
  readonly records: AuditRecord[];
  /** When each touch of the vendor was, ms since the epoch. */
  readonly touches: number[];
  /** Each fault that was told: when, after how many touches, and how long it is waited out. */
  readonly waits: { readonly at: number; readonly touches: number; readonly wait: number }[];
  create(): Promise<Receiver>;
  /**
   * Takes and commits what is emitted until the condition holds: looked at after each commit and each rest. Resolves
   * when the receiver is unsubscribed and closed.
   */
  run(until: () => boolean): Promise<void>;
}

export interface BenchOptions {
  /** What the clock shows at the start, ISO. */
  readonly clock: string;
  readonly options: unknown;
  readonly fetch?: Fetch;
  /** Of the config. */
  readonly folder?: string;
  /** Told of each rest and each fault. */
  readonly pause?: () => void;
}

/** Fixtures are small: a receiver that gives more goes round in circles. */
const MOST_BATCHES = 1000;

export const receiverBench = (
  module: Module,
  { clock, options, fetch, folder, pause }: BenchOptions,
): ReceiverBench => {
  const context = testContext({
    clock: virtualClock(Date.parse(clock)),
    ...(fetch && { fetch }),
    ...(folder !== undefined && { folder }),
  });
  const spec = factoryOf(module, options);
  const [moves, records]: [Move[], AuditRecord[]] = [[], []];
  const [touches, waits]: [number[], ReceiverBench['waits']] = [[], []];
  let rested = () => {};

  const create = async () => {
    const checked = await spec.schema['~standard'].validate(spec.options);
    if (checked.issues) throw new Error(`the options of the fixtures: ${JSON.stringify(checked.issues)}`);
    return spec.create(
      {
        ...context,
        report: (fault, wait) => {
          waits.push({ at: context.clock.now(), touches: touches.length, wait });
          context.report(fault, wait);
          pause?.();
        },
        rest: () => {
          context.rest();
          pause?.();
          rested();
        },
      },
      checked.value,
    );
  };

  const run = async (until: () => boolean) => {
    const receiver = await create();
    const life = new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!until()) return;
        subscription.unsubscribe();
        resolve();
      };
      rested = look;
      const subscription = receiver.emissions.subscribe({
        error: reject,
        next: ({ batch, receipt }: Emission) => {
          if (moves.length > MOST_BATCHES) {
            subscription.unsubscribe();
            return reject(new Error('it gives batches without end'));
          }
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
      rested = () => {};
      await receiver.close?.();
    }
  };

  return { context, moves, records, touches, waits, create, run };
};
