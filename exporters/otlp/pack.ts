// Cuts a batch into requests that a sink takes: so many records, so many bytes, nothing reordered.
import { type Cost, weigh } from './any-value.ts';
import type { Draft } from './log-record.ts';

export interface Limits {
  readonly maxRecords: number;
  /** Before compression. */
  readonly maxBytes: number;
  /** Of the encoding. */
  readonly cost: Cost;
}

/** In order; a record that is larger than the limit goes alone. */
export const pack = (
  drafts: readonly Draft[],
  { maxRecords, maxBytes, cost }: Limits,
): readonly (readonly Draft[])[] => {
  const parts: Draft[][] = [];
  let size = 0;
  for (const each of drafts) {
    const weight = ENVELOPE + weigh(each.log.body, cost) + weigh(each.log.attributes, cost);
    const part = parts.at(-1);
    if (part && part.length < maxRecords && size + weight <= maxBytes) {
      part.push(each);
      size += weight;
    } else {
      parts.push([each]);
      size = weight;
    }
  }
  return parts;
};

const ENVELOPE = 200; // bytes of a record's times, severity and names
