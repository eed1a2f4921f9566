// The receivers of a config, each created once and closed again: whose positions are theirs, how those are judged and
// moved, and what of them is remembered. Nothing runs, and a receiver that cannot be created only lacks what it would say.
import type { Positions } from '../component.ts';
import type { AnyConfig } from '../config.ts';
import { describe } from '../fault.ts';
import { identify } from '../model.ts';
import { type Ground, processorSpace, receiverContextOf } from './context.ts';
import { QUIET, stage } from './rehearse.ts';

/** A pipeline, as one receiver sees it. */
export interface Remembering {
  readonly pipeline: string;
  /** What drops there what was delivered before, and for how long it remembers, in ms; absent where nothing does. */
  readonly by?: { readonly processor: string; readonly space: string; readonly remember: number } | undefined;
}

export interface Inspected {
  readonly name: string;
  readonly type: string;
  /** What its position is kept under; absent where it cannot be created. */
  readonly identity?: string;
  readonly positions?: Positions | undefined;
  /** Of each pipeline that it feeds. */
  readonly routes: readonly Remembering[];
  /** Why it cannot be created. */
  readonly problem?: string;
}

/** @param options what `check` made of them; a receiver whose options are wrong is not there */
export const inspect = async (
  config: AnyConfig,
  options: ReadonlyMap<string, unknown>,
  given: Pick<Ground, 'clock' | 'log' | 'folder'>,
): Promise<readonly Inspected[]> => {
  const gone = new AbortController();
  const ground = stage(given, gone.signal);
  const found: Inspected[] = [];
  for (const [name, spec] of Object.entries(config.receivers)) {
    const { type } = spec;
    const its = options.get(`receivers.${name}`);
    if (its === undefined)
      found.push({ name, type, routes: [], problem: 'its options are wrong: see tributary check' });
    else {
      try {
        const receiver = spec.create(receiverContextOf(name, ground, QUIET), its);
        const identity = identify(receiver.origin);
        found.push({
          name,
          type,
          identity,
          positions: receiver.positions,
          routes: routesOf(config, options, name, identity),
        });
        await receiver.close?.();
      } catch (error) {
        found.push({ name, type, routes: [], problem: describe(error) });
      }
    }
  }
  gone.abort();
  return found;
};

const routesOf = (
  { pipelines, processors = {} }: AnyConfig,
  options: ReadonlyMap<string, unknown>,
  receiver: string,
  identity: string,
): readonly Remembering[] =>
  Object.entries(pipelines)
    .filter(([, pipeline]) => pipeline.receivers.includes(receiver))
    .map(([pipeline, { processors: steps = [] }]) => {
      const remembering = steps.flatMap(processor => {
        const remembers = processors[processor]?.remembers;
        const its = options.get(`processors.${processor}`);
        const space = processorSpace(pipeline, processor, identity);
        return remembers && its !== undefined ? [{ processor, space, remember: remembers(its) }] : [];
      });
      return { pipeline, by: remembering.toSorted((a, b) => b.remember - a.remember)[0] };
    });
