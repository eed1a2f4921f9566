// A sink that fails in every way: it refuses, it breaks off half-way, it takes a batch and then says that it failed.
import { z } from 'zod';
import { type Clock, defineExporter, type Spec } from '../../../src/component.ts';
import { Fault } from '../../../src/fault.ts';
import type { Dice } from './dice.ts';
import type { Character } from './life.ts';
import { bump, keyOf, type Sink } from './records.ts';

interface Around {
  readonly place: (name: string) => Promise<void>;
  readonly sleep: Clock['sleep'];
  /** Whether it refuses everything now. */
  readonly isWrong: () => boolean;
  /** Told of each batch that it begins to take. */
  readonly sending: () => void;
}

export const fickleSink = (
  sink: Sink,
  character: Character,
  { chance, between, next }: Dice,
  { place, sleep, isWrong, sending }: Around,
): Spec<'exporter'> =>
  defineExporter({
    type: 'sink',
    options: z.object({}),
    create: () => ({
      export: async (records, signal) => {
        await place('before send');
        if (!character.rude) signal.throwIfAborted();
        for (const r of records) sink.inFlight.add(keyOf(r));
        if (signal.aborted) sink.forgive();
        if (chance(character.faulty)) throw new Fault('E_HTTP_SERVER', 'status 503');
        const isSour = records.some(r => r.id === character.sour && (r.part ?? 0) === 0 && r.attributes?.route === 'a');
        if (isWrong() || isSour) throw new Fault('E_HTTP_REQUEST', 'status 400');
        sending();
        await sleep(between(5, 4000), character.rude ? undefined : signal);
        const taken = chance(0.02) ? Math.floor(next() * records.length) : records.length;
        for (const r of records.slice(0, taken)) bump(sink.arrived, keyOf(r));
        await place('sent');
        if (taken === records.length && !chance(character.faulty / 3)) return {};
        for (const r of records) bump(sink.allowed, keyOf(r)); // it may have them, and we cannot know
        throw chance(0.3) ? new TypeError('a defect in the exporter') : new Fault('E_TIMEOUT');
      },
    }),
  })();
