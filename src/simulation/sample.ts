// What a vendor can say, as a list of records: with it the tests see that each of its words reads as a valid event. A
// vendor's `simulator-population.ts` makes one, and is found by its folder.
import type { Json } from '../model.ts';

/** One record that the vendor may send. */
export interface Sample {
  /** Which of its logs; the only one when absent. */
  readonly feed?: string;
  readonly raw: Json;
  /** Made so that no table knows its type: it must be told as drift, and all others must not. */
  readonly unknown?: true;
}

/** Every word that the vendor documents, with and without what may accompany it, and some that it does not. */
export type Samples = (seed: number) => Iterable<Sample>;
