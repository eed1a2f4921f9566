// Turns "the page after this position" into emissions that never run ahead of delivery: the next page is asked for only
// when the last one is committed. That is all of back-pressure, checkpointing and crash safety.
import { Observable } from 'rxjs';
import type { Diagnosis, Explanation, Receiver, ReceiverContext } from '../component.ts';
import { type AuditRecord, type Batch, type Emission, type Gap, type Json, type Origin, Receipt } from '../model.ts';
import { persist } from '../retry.ts';

/** What one pull brought, and where it leads. */
export interface Turn<P> {
  readonly records: readonly AuditRecord[];
  readonly position: P;
  /** Ask again at once. */
  readonly more: boolean;
  /** The vendor's clock, ms since the epoch. */
  readonly date: number;
  /** What the vendor no longer keeps of what was asked for; told once. */
  readonly gap?: Gap | undefined;
}

export interface Source<P extends Json> {
  readonly origin: Origin;
  /** The first position, for a receiver that has none. */
  start(now: number): P;
  /** Checks a stored position; throws E_POSITION when it is not ours. */
  restore(stored: Json): P;
  /** Nothing that happened before this will be read again; ms since the epoch. */
  low(position: P): number;
  /** The position that reads again from a moment on, ms since the epoch; nothing when it stands before it already. */
  rewind?(position: P, to: number): P | undefined;
  /** What is done at this position, in words; nothing is asked. @param now ms since the epoch */
  explain?(position: P, now: number): Promise<Explanation>;
  /** Whether it stands inside of something that ends before the present. @param now ms since the epoch */
  midway?(position: P, now: number): boolean;
  /** How far each reading reaches back, in ms. */
  readonly overlap?: number | undefined;
  /** Where to stand to compare; as `rewind` when absent. */
  review?(position: P, to: number): P | undefined;
  /** What happened before this was read once; as `low` when absent. */
  reached?(position: P): number;
  /** Asks once at this position, to see whether it works. @param begun whether a receiver stands there. Throws Faults. */
  probe?(position: P, begun: boolean, signal: AbortSignal): Promise<readonly Diagnosis[]>;
  /** The page after this position; nothing, if there is nothing to ask yet. Throws Faults. */
  pull(position: P, signal: AbortSignal): Promise<Turn<P> | undefined>;
}

/** @param every ms between two polls of a vendor that has no more */
export const poll = <P extends Json>(source: Source<P>, every: number, context: ReceiverContext): Receiver => ({
  origin: source.origin,
  positions: {
    restore: stored => source.restore(stored),
    low: position => source.low(source.restore(position)),
    ...(source.rewind && { rewind: (position, to) => source.rewind?.(source.restore(position), to) }),
    ...(source.explain && { explain: (stored, now) => explainAt(source, stored, now) }),
    ...(source.review && { review: (position, to) => source.review?.(source.restore(position), to) }),
    overlap: source.overlap,
    reached: position => (source.reached ?? source.low)(source.restore(position)),
  },
  ...(source.probe && {
    probe: async signal => {
      const stored = await context.position<Json>(source.origin);
      const position = stored ? source.restore(stored.value) : source.start(context.clock.now());
      return (await source.probe?.(position, stored !== undefined, signal)) ?? [];
    },
  }),
  emissions: new Observable<Emission>(subscriber => {
    const { clock } = context;
    const stop = new AbortController();
    const { signal } = stop;

    /** Hands a page on, and comes back when it is safe. */
    const emit = async ({ records, position, date, gap }: Omit<Turn<P>, 'more'>, after: number) => {
      const receipt = new Receipt();
      const batch: Batch = { records, move: { after, position, low: source.low(position), date }, ...(gap && { gap }) };
      subscriber.next({ batch, receipt });
      await receipt.settled;
      return { value: position, count: after + 1 };
    };

    const run = async () => {
      const stored = await context.position<Json>(source.origin);
      let here = stored
        ? { value: source.restore(stored.value), count: stored.count }
        : await emit({ records: [], position: source.start(clock.now()), date: 0 }, 0); // the resolved start is committed before anything is asked

      const midway = () => source.midway?.(here.value, clock.now()) ?? false;
      let resumed = stored !== undefined && midway();
      while (!signal.aborted) {
        const turn = await persist(() => source.pull(here.value, signal), { clock, signal, report: context.report });
        if (turn?.gap) context.log.warn({ gap: turn.gap }, gapMessage(turn.gap));
        if (turn) here = await emit(turn, here.count);
        if (turn?.more) resumed &&= midway();
        else if (resumed)
          resumed = false; // what was begun ends where the present was then: there may be more since
        else {
          context.rest();
          await clock.sleep(every, signal);
        }
      }
    };

    run().catch(error => {
      if (!signal.aborted) subscriber.error(error);
    });
    return () => stop.abort();
  }),
});

/** Before the first start there is the position that this would resolve, now. */
const explainAt = async <P extends Json>(
  source: Source<P>,
  stored: Json | undefined,
  now: number,
): Promise<Explanation> => {
  const position = stored === undefined ? source.start(now) : source.restore(stored);
  const said = (await source.explain?.(position, now)) ?? { next: [], why: [], after: [] };
  return stored === undefined ? { ...said, why: [FIRST, ...said.why] } : said;
};

const FIRST =
  'it has not begun: where it begins is resolved and committed at the first start, before anything is asked';

const gapMessage = ({ from, to }: Gap): string =>
  `gap: the vendor no longer keeps everything between ${new Date(from).toISOString()} and ${new Date(to).toISOString()}; what is gone cannot be read`;
