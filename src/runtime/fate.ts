// received = delivered + deduplicated + filtered + dead: looked at anew for every delivery, from what really went where.
import type { AuditRecord } from '../model.ts';
import type { Delivery } from './account.ts';

/**
 * How many of the vendor's records of a delivery have no known fate, summed over its routes: no processor dropped them or
 * could not pass them, and yet they did not reach every exporter of the route. Or came from nowhere, which is as wrong.
 * Anything but 0 is a defect.
 */
export const unaccounted = ({ batch, routes, exporters }: Delivery): number => {
  const handed = new Map(exporters.map(({ name, records }) => [name, sources(records)]));
  return sum(
    routes.map(({ steps, records, exporters: names }) => {
      let here = sources(batch.records);
      let lost = 0;
      for (const { incoming, outgoing } of steps) {
        const entered = sources(incoming);
        lost += here.symmetricDifference(entered).size;
        here = sources(outgoing); // what is in neither was dropped, or is dead: that is a fate
        lost += here.difference(entered).size;
      }
      const reached = names.map(name => handed.get(name) ?? new Set<string>());
      const everywhere = [...here].filter(id => reached.every(ids => ids.has(id)));
      return lost + here.symmetricDifference(sources(records)).size + here.size - everywhere.length;
    }),
  );
};

/** Records before fan-out: what one record was made into is one again. */
const sources = (records: readonly AuditRecord[]): ReadonlySet<string> => new Set(records.map(({ id }) => id));

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
