// Everything that is wrong with a config, at once, each problem with its place and what to do. The compiler checks most
// of it already; a config may be written in JavaScript, and values and secrets are seen at run time only.
import { z } from 'zod';
import type { Issue, Kind, Spec, Validated } from '../component.ts';
import type { AnyConfig, Engine } from '../config.ts';
import { describe } from '../fault.ts';
import { bytes, duration, isSecret, type Secret } from '../options.ts';
import { addressOption, headersOption } from '../otlp.ts';
import { isPrivate } from '../private.ts';
import { addressOf } from './telemetry/address.ts';

export interface Problem {
  /** `receivers.opal.pageSize` */
  readonly place: string;
  readonly message: string;
  /** A warning does not stop `run`. */
  readonly level: 'error' | 'warning';
  /** File and line of the component. */
  readonly where?: string | undefined;
}

export interface Checked {
  readonly problems: readonly Problem[];
  /** What the schemas made of the options, by place: `receivers.opal`, `exporters.collector.queue`. */
  readonly options: ReadonlyMap<string, unknown>;
}

const MAPS = [
  ['receivers', 'receiver'],
  ['processors', 'processor'],
  ['exporters', 'exporter'],
] as const;

const telemetrySchema = z
  .strictObject({
    endpoint: addressOption(),
    headers: headersOption().optional(),
    every: duration({ min: '1s' }).optional(),
  })
  .refine(
    ({ endpoint, headers = {} }) => isPrivate(endpoint) || !Object.values(headers).some(isSecret),
    'would send a credential over http:, which does not encrypt it; use https:',
  );

const engineSchema = z.strictObject({
  state: z
    .strictObject(
      { kind: z.literal('state'), type: z.literal('sqlite'), options: z.strictObject({ path: z.string().min(1) }) },
      'must be sqlite({ path })',
    )
    .optional(),
  grace: duration({ max: '1h' }).optional(),
  deadLetters: z.int().min(1).optional(),
  health: z
    .string()
    .refine(
      text => addressOf(text) !== undefined,
      "must be an address and a port like '127.0.0.1:13133' or '[::1]:13133'",
    )
    .optional(),
  status: z
    .custom<Engine['status']>(
      value => value === false || (typeof value === 'string' && addressOf(value) !== undefined),
      "must be false, or an address and a port like '127.0.0.1:8686' or '[::1]:8686'",
    )
    .optional(),
  lagLimit: duration({ min: '1s' }).optional(),
  telemetry: telemetrySchema.optional(),
});

const queueSchema = z.strictObject({ limit: bytes({ min: '1B' }) });

/** @param config whatever the config file exports */
export const check = async (config: unknown): Promise<Checked> => {
  const problems: Problem[] = [];
  const options = new Map<string, unknown>();
  const report = (place: string, message: string, where?: string) =>
    problems.push({ place, message, level: 'error', where });

  if (!isMap(config)) {
    report('config', 'must export defineConfig({ … }) as its default');
    return { problems, options };
  }
  for (const key of Object.keys(config))
    if (!['receivers', 'processors', 'exporters', 'pipelines', 'engine'].includes(key))
      report(
        key,
        `is not a part of a config${nearest(key, ['receivers', 'processors', 'exporters', 'pipelines', 'engine'])}`,
      );

  for (const [map, kind] of MAPS) {
    const specs = config[map];
    if (specs === undefined && map === 'processors') continue;
    if (!isMap(specs) || (Object.keys(specs).length === 0 && map !== 'processors')) {
      report(map, `must name at least one ${kind}`);
      continue;
    }
    for (const [name, spec] of Object.entries(specs))
      await checkPart(`${map}.${name}`, name, kind, spec, options, report);
  }
  checkPipelines(config, report);
  checkRepeats(config as Partial<AnyConfig>, options, report);
  checkUnused(config, problems);
  checkSpokenOf(config as Partial<AnyConfig>, options, problems);

  const engine = engineSchema.safeParse(config.engine ?? {});
  for (const issue of engine.error?.issues ?? []) report(['engine', ...issue.path].join('.'), say(issue));
  for (const [path, secret] of secretsIn(config.engine))
    await secret.reveal().catch(error => report(`engine.${path}`, describe(error)));
  return { problems, options };
};

type Report = (place: string, message: string, where?: string) => void;

const checkPart = async (
  place: string,
  name: string,
  kind: Kind,
  spec: unknown,
  options: Map<string, unknown>,
  report: Report,
) => {
  if (!/^[A-Za-z][\w-]{0,63}$/.test(name))
    report(place, 'a name begins with a letter and has letters, digits, - and _ only, at most 64');
  if (!isSpec(spec)) return report(place, `must be a ${kind}, made by its factory`);
  const { where } = spec;
  if (spec.kind !== kind) return report(place, `is ${article(spec.kind)}, not ${article(kind)}`, where);

  const result = (await spec.schema['~standard'].validate(spec.options)) as Validated<unknown>;
  if (result.issues) for (const issue of result.issues) report(placeOf(place, issue), say(issue), where);
  else options.set(place, result.value);
  if ('queue' in spec) {
    const queue = queueSchema.safeParse(spec.queue);
    for (const issue of queue.error?.issues ?? []) report([place, 'queue', ...issue.path].join('.'), say(issue), where);
    if (queue.success) options.set(`${place}.queue`, queue.data);
  }

  for (const [path, secret] of secretsIn(spec.options)) {
    await secret.reveal().catch(error => report(`${place}.${path}`, describe(error), where));
  }
};

const checkPipelines = (config: Readonly<Record<string, unknown>>, report: Report) => {
  const { pipelines } = config;
  if (!isMap(pipelines) || Object.keys(pipelines).length === 0)
    return report('pipelines', 'must name at least one pipeline');
  for (const [name, pipeline] of Object.entries(pipelines)) {
    const place = `pipelines.${name}`;
    if (!isMap(pipeline)) {
      report(place, 'must be { receivers, processors, exporters }');
      continue;
    }
    for (const key of Object.keys(pipeline))
      if (!['receivers', 'processors', 'exporters', 'repeats'].includes(key))
        report(`${place}.${key}`, 'is not a part of a pipeline');
    if (pipeline.repeats !== undefined && pipeline.repeats !== 'allow')
      report(`${place}.repeats`, "must be 'allow', or left out");
    for (const [map, kind] of MAPS) {
      const named = pipeline[map] ?? (map === 'processors' ? [] : undefined);
      if (!Array.isArray(named)) {
        report(`${place}.${map}`, `must be a list of names of ${map}`);
        continue;
      }
      if (named.length === 0 && map !== 'processors') report(`${place}.${map}`, `must list at least one ${kind}`);
      const known = isMap(config[map]) ? Object.keys(config[map]) : [];
      for (const [i, item] of named.entries()) {
        if (!known.includes(String(item)))
          report(`${place}.${map}[${i}]`, `there is no ${kind} '${item}'${nearest(String(item), known)}`);
        else if (named.indexOf(item) !== i) report(`${place}.${map}[${i}]`, `'${item}' is listed twice`);
      }
    }
  }
};

/** A receiver that reads again needs `dedupe` behind it, which remembers longer than the receiver reaches back. */
const checkRepeats = (config: Partial<AnyConfig>, options: ReadonlyMap<string, unknown>, report: Report) => {
  for (const [name, pipeline] of Object.entries(isMap(config.pipelines) ? config.pipelines : {})) {
    if (pipeline?.repeats === 'allow' || !Array.isArray(pipeline?.receivers)) continue;
    const steps = Array.isArray(pipeline.processors) ? pipeline.processors : [];
    const remembered = steps.flatMap(step => {
      const spec = config.processors?.[step];
      return spec?.remembers && options.has(`processors.${step}`)
        ? [{ step, for: spec.remembers(options.get(`processors.${step}`)) }]
        : [];
    });
    const longest = remembered.toSorted((a, b) => b.for - a.for)[0];
    const broken = steps.some(step => !options.has(`processors.${step}`)); // reported already
    for (const receiver of pipeline.receivers) {
      const spec = config.receivers?.[receiver];
      if (!spec?.repeats || !options.has(`receivers.${receiver}`)) continue;
      const back = spec.repeats(options.get(`receivers.${receiver}`));
      if (!longest && !broken)
        report(
          `pipelines.${name}`,
          `'${receiver}' reads some records again by design: add a dedupe() to processors, or say repeats: 'allow'`,
        );
      else if (longest && longest.for <= back)
        report(`processors.${longest.step}.remember`, `must be longer than '${receiver}' reads back (${hours(back)})`);
    }
  }
};

const checkUnused = (config: Readonly<Record<string, unknown>>, problems: Problem[]) => {
  const pipelines = Object.values(isMap(config.pipelines) ? config.pipelines : {}).filter(isMap);
  for (const [map] of MAPS) {
    const used = new Set(pipelines.flatMap(p => (Array.isArray(p[map]) ? p[map] : [])));
    for (const name of Object.keys(isMap(config[map]) ? config[map] : {}))
      if (!used.has(name))
        problems.push({ place: `${map}.${name}`, message: 'is defined, but no pipeline uses it', level: 'warning' });
  }
};

/** What a processor says of a vendor that no receiver reads has no effect: most likely its name is misspelled. */
const checkSpokenOf = (
  config: Partial<AnyConfig>,
  options: ReadonlyMap<string, unknown>,
  problems: Problem[],
): void => {
  const specs = Object.values(isMap(config.receivers) ? config.receivers : {}).filter(isSpec);
  const types = [...new Set(specs.map(spec => spec.type))];
  for (const [name, spec] of Object.entries(isMap(config.processors) ? config.processors : {})) {
    const place = `processors.${name}`;
    if (!isSpec(spec) || !spec.speaksOf || !options.has(place)) continue;
    for (const [at, type] of spec.speaksOf(options.get(place)))
      if (!types.includes(type)) {
        const message = `no receiver is of the type '${type}', so this has no effect${nearest(type, types)}`;
        problems.push({ place: `${place}.${at}`, message, level: 'warning', where: spec.where });
      }
  }
};

// ---- Helpers ----

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSpec = (value: unknown): value is Spec =>
  isMap(value) && typeof value.kind === 'string' && typeof value.create === 'function' && isMap(value.schema);

const article = (kind: string): string => (/^[aeiou]/.test(kind) ? `an ${kind}` : `a ${kind}`);

const placeOf = (place: string, issue: Issue): string =>
  [place, ...(issue.path ?? []).map(p => String(typeof p === 'object' ? p.key : p))].join('.');

/** Zod's own words but for the commonest case, which deserves plainer ones. */
const say = (issue: { readonly message: string }): string =>
  issue.message === 'Invalid input: expected string, received undefined' ? 'is missing' : issue.message;

const hours = (ms: number): string =>
  ms >= 3_600_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 60_000)} min`;

/** Every secret in some options, with its path. */
export const secretsIn = (options: unknown, path: readonly string[] = []): [string, Secret][] => {
  if (isSecret(options)) return [[path.join('.'), options]];
  if (typeof options !== 'object' || options === null || path.length > 8) return [];
  return Object.entries(options).flatMap(([key, value]) => secretsIn(value, [...path, key]));
};

/** A hint for a slip of the pen. */
const nearest = (word: string, known: readonly string[]): string => {
  const [best] = known.map(name => ({ name, d: distance(word, name) })).sort((a, b) => a.d - b.d);
  if (best && best.d <= Math.max(1, word.length / 3)) return `; did you mean '${best.name}'?`;
  return known.length > 0 ? `; there are: ${known.join(', ')}` : '';
};

/** The edits between two words (Levenshtein). */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, char] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (char === other ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
};
