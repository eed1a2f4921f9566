// Faults that a simulator plays: what to do instead of the answer, and when. Written by hand or read from a JSON file.
import { z } from 'zod';
import { random } from './random.ts';

const deed = z.union(
  [
    z.strictObject({
      status: z.int().min(400).max(599),
      retryAfter: z.union([z.number().min(0), z.string()]).optional(),
      body: z.string().optional(),
    }),
    z.strictObject({ reset: z.literal(true) }),
    z.strictObject({ truncate: z.literal(true) }),
    z.strictObject({ hang: z.number().min(0) }),
  ],
  'must be one of { status: 400..599, retryAfter?, body? }, { reset: true }, { truncate: true }, { hang: milliseconds }',
);

const script = z.array(
  z.strictObject({
    rate: z.number().min(0).max(1).default(1),
    path: z.string().optional(),
    after: z.int().min(0).optional(),
    times: z.int().min(1).optional(),
    do: deed,
  }),
);

/** The first rule that applies to a request is played. */
export type FaultScript = readonly FaultRule[];

export interface FaultRule {
  /** Which share of the requests, 0 to 1; decided by the simulation's seed. */
  readonly rate: number;
  /** Only requests whose path contains this. */
  readonly path?: string | undefined;
  /** Lets so many of them pass first. */
  readonly after?: number | undefined;
  /** At most so often. */
  readonly times?: number | undefined;
  readonly do: FaultDeed;
}

export type FaultDeed =
  /** Answers this. `retryAfter` is in seconds or a date, as the header has it. */
  | { readonly status: number; readonly retryAfter?: number | string | undefined; readonly body?: string | undefined }
  /** Cuts the connection without a word. */
  | { readonly reset: true }
  /** Sends half of the answer, then cuts the connection. */
  | { readonly truncate: true }
  /** Says nothing for so many ms, then answers. */
  | { readonly hang: number };

/** Reads a script from JSON: the script, or all that is wrong with it, each with its path. */
export const readFaults = (
  json: unknown,
): { readonly script: FaultScript } | { readonly problems: readonly string[] } => {
  const read = script.safeParse(json);
  if (read.success) return { script: read.data };
  return { problems: read.error.issues.map(issue => `${['faults', ...issue.path].join('.')}: ${issue.message}`) };
};

/** Decides for each request, in order, what to do instead of answering it; nothing where it may pass. */
export const playFaults = (rules: FaultScript, seed: number): ((path: string) => FaultDeed | undefined) => {
  const counts = rules.map(() => ({ seen: 0, played: 0 }));
  return path => {
    for (const [i, rule] of rules.entries()) {
      const count = counts[i]!;
      if (!path.includes(rule.path ?? '')) continue;
      if (count.seen++ < (rule.after ?? 0) || count.played >= (rule.times ?? Infinity)) continue;
      if (!random(seed, 'fault', i, count.seen).chance(rule.rate)) continue;
      count.played++;
      return rule.do;
    }
    return undefined;
  };
};
