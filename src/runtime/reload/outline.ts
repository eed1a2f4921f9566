// What runs, in outline: which lanes of which parts, each with its fingerprint. It is kept beside the state, so that another
// process can say what a change of the config would do. Bookkeeping: nothing depends on it, and no option is in it.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isObject } from '../../json.ts';
import type { Part, Plan } from '../plan.ts';
import { fingerprint } from './fingerprint.ts';

const print = z.string().optional(); // nothing: it cannot be compared
const schema = z.object({
  version: z.literal(1),
  lanes: z.array(
    z.object({
      receiver: z.object({ name: z.string() }),
      identity: z.string().optional(),
      fingerprint: print,
      routes: z.array(
        z.object({ pipeline: z.string(), processors: z.array(z.string()), exporters: z.array(z.string()) }),
      ),
    }),
  ),
  /** By their places: `receivers.opal`. */
  parts: z.record(z.string(), z.object({ fingerprint: print, options: z.record(z.string(), print) })),
});

export type PlanOutline = z.infer<typeof schema>;

/** @param identities of its receivers, as far as they are known */
export const outlineOf = (plan: Plan, identities: ReadonlyMap<string, string>): PlanOutline => {
  const names = (parts: readonly Part[]) => parts.map(({ name }) => name);
  const parts = plan.lanes.flatMap(({ receiver, routes }) => [
    [`receivers.${receiver.name}`, receiver] as const,
    ...routes.flatMap(({ processors, exporters }) => [
      ...processors.map(part => [`processors.${part.name}`, part] as const),
      ...exporters.map(part => [`exporters.${part.name}`, part] as const),
    ]),
  ]);
  return {
    version: 1,
    lanes: plan.lanes.map(({ receiver: { name }, fingerprint, routes }) => ({
      receiver: { name },
      identity: identities.get(name),
      fingerprint,
      routes: routes.map(({ pipeline, processors, exporters }) => ({
        pipeline,
        processors: names(processors),
        exporters: names(exporters),
      })),
    })),
    parts: Object.fromEntries(parts.map(([place, part]) => [place, partOf(part)])),
  };
};

const partOf = (part: Part): PlanOutline['parts'][string] => ({
  fingerprint: part.fingerprint,
  options: {
    ...(isObject(part.spec.options) &&
      Object.fromEntries(Object.entries(part.spec.options).map(([key, value]) => [key, fingerprint(value)]))),
    ...(part.queue && { queue: fingerprint(part.queue) }),
  },
});

const fileIn = (folder: string): string => join(folder, 'plan.json');

/** Writes it into the folder of a state, readable by its owner only. Throws what the disk throws. */
export const keepOutline = (folder: string, outline: PlanOutline): void => {
  const file = fileIn(folder);
  writeFileSync(`${file}.new`, `${JSON.stringify(outline)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
};

/** What ran last on a state; nothing where that is not known. */
export const readOutline = (folder: string): PlanOutline | undefined => {
  try {
    return schema.safeParse(JSON.parse(readFileSync(fileIn(folder), 'utf8'))).data;
  } catch {
    return undefined;
  }
};
