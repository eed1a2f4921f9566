// Ways to blind the judge of chaos, and the made-up histories that must notice; and what chaos found.
import { type Mutation, unit } from './mutations.ts';

const judge = (name: string, find: string, put: string): Mutation => ({
  name: `chaos: ${name}`,
  tests: ['test/chaos/check.test.ts'],
  changes: [{ file: 'test/chaos/check.ts', find, put }],
});

export const chaosMutations: readonly Mutation[] = [
  unit(
    'a rest at the end of what an earlier life began',
    ['test/unit/poll.test.ts'],
    ['src/source/poll.ts', 'else if (resumed)', 'else if (resumed && signal.aborted)'],
  ),
  judge('a lost event is not missed', '!all.has(id) && !unprocessed.has(id)', 'all.has(id) && unprocessed.has(id)'),
  judge('an event that one end lacks is not missed', 'if (gone.length === 0 ||', 'if (gone.length >= 0 ||'),
  judge('an event may be in a file twice', 'places.length === 1 ? []', 'places.length < 3 ? []'),
  judge('every batch was in flight', 'batch === batches.get(flight)?.number', 'batch > 0'),
  judge('every life was killed', 'killed.has(request.life) &&', ''),
  judge('a batch in flight may come again in its own life', '&& before.life !== again.life', ''),
  judge('a queue has a batch in flight for each receiver', "queued ? 'queue' : generated", 'generated'),
  judge('another uid is as good', '!filed.get(id)?.has(uid)', '!filed.has(id)'),
  judge('a stranger is welcome', 'filter(f => !generated.has(f.id))', 'filter(f => generated.get(f.id) === "")'),
  judge('what nobody refused may be dead', '!poisoned.has(id) : !refused', '!poisoned.has(id) : false && refused'),
];
