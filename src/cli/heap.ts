// How much memory V8 takes before it collects garbage. By itself it takes all that it is not refused: 250 MB for the 30 MB
// that are alive here. The figures are in docs/performance.md.
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Bytes for new objects, of which half is in use at a time; V8 would take 128 MB. */
const YOUNG = 16 * 2 ** 20;

/** To be called before the first event. It takes some tens of ms, so commands that move no events go without. */
export const limitHeap = (): void => {
  // A page of events outlives a few collections and then dies at once. V8 would take that for a long life and make later
  // events in the old space, where they wait for a full collection.
  setFlagsFromString('--no-allocation-site-pretenuring');

  // A full collection comes when there is half as much again as was alive after the last one.
  setFlagsFromString('--heap-growing-percent=50');

  // Once Node runs, the limit of the space for new objects cannot be changed, but the steps in which it grows can: it is
  // made to grow to the size that is wanted, and then by nothing.
  for (const kept: unknown[] = []; young() < YOUNG && kept.length < 80_000; ) kept.push(new Array(64));
  setFlagsFromString('--semi-space-growth-factor=1');
};

const young = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? YOUNG;
