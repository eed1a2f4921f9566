// Where the time goes, by function: V8's sampling profiler, run in this very process.
import { type Profiler, Session } from 'node:inspector/promises';
import path from 'node:path';

export interface Share {
  /** `writeString (protobuf-writer.mjs)`. */
  readonly name: string;
  /** Of all samples that were not idle, 0 to 1. */
  readonly share: number;
}

/** The functions in which `work` spent its time itself, the most expensive first. */
export const profile = async (work: () => Promise<unknown>): Promise<readonly Share[]> => {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: 500 });
    await session.post('Profiler.start');
    await work();
    const { profile } = await session.post('Profiler.stop');
    return shares(profile);
  } finally {
    session.disconnect();
  }
};

const shares = ({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): readonly Share[] => {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const spent = new Map<string, number>();
  samples.forEach((id, i) => {
    const name = names.get(id)!;
    if (!NOT_WORK.has(name)) spent.set(name, (spent.get(name) ?? 0) + (timeDeltas[i] ?? 0));
  });
  const total = [...spent.values()].reduce((sum, time) => sum + time, 0);
  return [...spent].map(([name, time]) => ({ name, share: time / total })).sort((a, b) => b.share - a.share);
};

/** Waiting, and the profiler's own beginning. */
const NOT_WORK = new Set(['(idle)', 'post (node:inspector)']);

const nameOf = ({ functionName, url }: Profiler.Profile['nodes'][number]['callFrame']): string => {
  const file = url === '' ? '' : ` (${path.basename(url)})`;
  return `${functionName || 'anonymous'}${file}`;
};
