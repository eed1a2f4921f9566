// The Endor Labs receiver, drained of all that its vendor has.
import type { Receiver, ReceiverContext, Spec } from '../../src/component.ts';
import type { Batch } from '../../src/model.ts';
import { MINUTE } from '../../src/options.ts';
import type { TestContext } from './context.ts';

const make = (spec: Spec<'receiver'>, context: ReceiverContext): Receiver => {
  const read = spec.schema['~standard'].validate(spec.options);
  if (read instanceof Promise || read.issues) throw new Error(JSON.stringify(read));
  return spec.create(context, read.value);
};

/** Delivers everything until the vendor has had no more for so many times; waits are skipped. */
export const drain = async (spec: Spec<'receiver'>, context: TestContext, rests = 1): Promise<readonly Batch[]> => {
  const batches: Batch[] = [];
  const work = Promise.withResolvers<void>();
  let rested = 0;
  const skip = (wait: number) => setImmediate(() => void context.clock.advance(wait));
  const receiver = make(spec, {
    ...context,
    report: (fault, wait) => {
      context.report(fault, wait);
      if (context.faults.length > 60) work.reject(fault);
      skip(wait);
    },
    rest: () => {
      if (++rested >= rests) work.resolve();
      else skip(MINUTE);
    },
  });
  const subscription = receiver.emissions.subscribe({
    next: ({ batch, receipt }) => {
      batches.push(batch);
      if (batch.move)
        context.commit([{ kind: 'move', receiver: 'x', identity: identityOf(receiver), move: batch.move }]);
      receipt.deliver();
    },
    error: work.reject,
  });
  await work.promise.finally(() => subscription.unsubscribe());
  return batches;
};

const identityOf = ({ origin }: Receiver): string =>
  [origin.type, origin.site, origin.tenant, origin.feed].map(encodeURIComponent).join(' ');
