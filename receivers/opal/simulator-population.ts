// Opal's event types, several hundred by the grammar of its names, each in several records; and some of no grammar.

import { random } from '../../src/simulation/random.ts';
import type { Samples } from '../../src/simulation/sample.ts';
import { eventOfType, eventTypes, unknownTypes, worldOf } from './simulator-events.ts';

const MOMENT = Date.UTC(2026, 0, 15, 9);

/** How many records of each type: with and without sub-events, names, addresses and tokens, by chance. */
const EACH = 4;

export const samples: Samples = function* (seed) {
  const world = worldOf(seed);
  for (const [index, type] of [...eventTypes, ...eventTypes.map(type => `${type}_FAILED`)].entries())
    for (let round = 0; round < EACH; round++) {
      const raw = eventOfType(type, random(seed, 'opal', 'sample', index, round), MOMENT + index, world);
      const unknown = unknownTypes.has(type.replace(/_FAILED$/, ''));
      yield { raw, ...(unknown && { unknown }) };
      // What an event is done to may be missing altogether.
      yield { raw: { event_id: raw.event_id!, event_type: type }, ...(unknown && { unknown }) };
    }
};
