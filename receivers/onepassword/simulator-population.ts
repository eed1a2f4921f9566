// All that 1Password's reference can make of its words: each action on each object type, each category with each type,
// each use of an item; with all that may accompany them, with nothing, and as the older version of the API has them.
import type { JsonObject } from '../../src/index.ts';
import { random } from '../../src/simulation/random.ts';
import type { Sample, Samples } from '../../src/simulation/sample.ts';
import { OBJECTS, VERBS } from './ocsf-audit-table.ts';
import { CATEGORIES, TYPES } from './ocsf-signin.ts';
import { ACTIONS } from './ocsf-usage.ts';
import { eventOf, toV1, worldOf } from './simulator-events.ts';
import type { FeedName } from './token.ts';

const MOMENT = Date.UTC(2026, 0, 15, 9);

export const samples: Samples = function* (seed) {
  const world = worldOf(seed);
  let index = 0;
  const event = (feed: FeedName) => eventOf(seed, feed, { index: index++, time: MOMENT + index, visible: 0 }, world);

  for (const object_type of [...Object.keys(OBJECTS), 'novelty'])
    for (const action of [...Object.keys(VERBS), 'novelty']) {
      const dice = random(seed, 'onepassword', 'sample', object_type, action);
      const [person, other] = [dice.pick(world.people), dice.pick(world.people)];
      const details = ({ uuid, name, email }: typeof person): JsonObject => ({ uuid, name, email });
      // All that an object or its companion may be: which of it a pair really has is documented for a few only.
      const rich = {
        ...event('auditevents'),
        action,
        object_type,
        object_uuid: person.uuid,
        object_details: details(person),
        aux_id: dice.between(1, 900),
        aux_uuid: other.uuid,
        aux_details: details(other),
        aux_info: dice.pick(['R', 'A', '3 update', 'edit']),
      };
      const { uuid, timestamp } = rich as JsonObject;
      const unknown = object_type === 'novelty' || action === 'novelty';
      yield* both('auditevents', rich, unknown);
      yield* both('auditevents', { uuid: uuid!, timestamp: timestamp!, action, object_type }, unknown);
    }

  for (const category of [...Object.keys(CATEGORIES), 'novelty'])
    for (const type of [...Object.keys(TYPES), 'novelty']) {
      const unknown = category === 'novelty' || type === 'novelty';
      const { target_user: _, ...nobody } = event('signinattempts');
      yield* both('signinattempts', { ...event('signinattempts'), category, type }, unknown);
      yield* both('signinattempts', { ...nobody, category, type }, unknown);
    }

  for (const action of [...Object.keys(ACTIONS), undefined, 'novelty']) {
    const { action: _, ...silent } = event('itemusages');
    const { item_uuid: __, user: ___, ...nothing } = silent;
    const deed = action === undefined ? {} : { action };
    yield* both('itemusages', { ...silent, ...deed }, action === 'novelty');
    yield* both('itemusages', { ...nothing, ...deed }, action === 'novelty');
  }
};

/** As both versions of the API show it. */
const both = (feed: FeedName, raw: JsonObject, unknown: boolean): readonly Sample[] => [
  { feed, raw, ...(unknown && { unknown }) },
  { feed: `v1/${feed}`, raw: toV1(raw), ...(unknown && { unknown }) },
];
