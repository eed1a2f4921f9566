// The one receiver of a config that is rehearsed, with the processors behind it; of the rest of the config nothing is
// created: no exporter, no queue, no state.
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { defineExporter, type Spec } from '../../component.ts';
import type { AnyConfig, PipelineConfig } from '../../config.ts';
import { isObject } from '../../json.ts';
import { check } from '../../runtime/check.ts';
import { LoadError, loadConfig } from '../../runtime/load.ts';
import { type LanePlan, plan } from '../../runtime/plan.ts';
import { listed, Stop } from '../session.ts';
import { withoutSecrets } from './made-up.ts';

export interface Subject {
  readonly lane: LanePlan;
  /** As the config has them, and as they were changed. */
  readonly spec: Spec<'receiver'>;
  readonly pipeline: string;
  /** Of the config. */
  readonly folder: string;
}

export interface Wanted {
  readonly receiver?: string | undefined;
  /** Where it is the only one of its type, its type is enough. */
  readonly type?: string | undefined;
  /** Which of those that it feeds; the first when absent. */
  readonly pipeline?: string | undefined;
  /** In place of the option. */
  readonly since?: string | undefined;
  /** Nobody will be asked: secrets are not read. */
  readonly offline?: boolean;
}

/** What is rehearsed, or a Stop that says what is wrong with it. */
export const subjectOf = async (file: string, wanted: Wanted): Promise<Subject> => {
  const config = await loadConfig(file).catch(error => {
    throw error instanceof LoadError ? new Stop(error.message) : error;
  });
  if (!isObject(config) || !isObject(config.receivers) || !isObject(config.pipelines))
    throw new Stop(`${file} must export defineConfig({ … }) as its default`);
  return subjectIn(config as unknown as AnyConfig, { ...wanted, file, folder: dirname(resolve(file)) });
};

/** @param file for messages */
export const subjectIn = async (
  { receivers, processors = {}, pipelines }: AnyConfig,
  { file, folder, ...wanted }: Wanted & { readonly file: string; readonly folder: string },
): Promise<Subject> => {
  const name = nameIn(receivers, wanted, file);
  const spec = changed(receivers[name]!, wanted);
  if (!spec.http)
    throw new Stop(
      [
        `'${name}' reads files, and asks nobody over HTTP: there is no conversation to record or to play, and reading files may move them.`,
        `  tributary explain ${name}   says which file is next, and what is stored afterwards; it touches none`,
        ...(spec.type === 'opaque' ? ['  tributary verify FILE --key KEY.pem   checks an archive'] : []),
      ].join('\n'),
    );
  const [pipeline, { processors: steps = [] }] = pipelineIn(pipelines, name, wanted.pipeline);
  const reduced: AnyConfig = {
    receivers: { [name]: spec },
    processors: Object.fromEntries(
      steps.flatMap(step =>
        processors[step] ? [[step, changed(processors[step], { offline: wanted.offline ?? false })]] : [],
      ),
    ),
    exporters: { rehearsal: rehearsal() },
    pipelines: { [pipeline]: { receivers: [name], processors: steps, exporters: ['rehearsal'], repeats: 'allow' } },
  };
  const { problems, options } = await check(reduced);
  const errors = problems.filter(({ level }) => level === 'error');
  if (errors.length > 0) throw new Stop(`${file} has problems:\n${listed(errors)}`);
  return { lane: plan(reduced, place => options.get(place)).lanes[0]!, spec, pipeline, folder };
};

/** Takes everything. What reaches it is handed out before. */
const rehearsal = defineExporter({
  type: 'rehearsal',
  options: z.strictObject({}),
  create: () => ({ export: async () => ({}) }),
});

const nameIn = (receivers: AnyConfig['receivers'], { receiver, type }: Wanted, file: string): string => {
  const names = Object.keys(receivers);
  if (receiver !== undefined) {
    if (Object.hasOwn(receivers, receiver)) return receiver;
    throw new Stop(`${file} has no receiver '${receiver}'; there are: ${names.join(', ')}`, 2);
  }
  const fitting = names.filter(name => type === undefined || receivers[name]?.type === type);
  if (fitting.length === 1) return fitting[0]!;
  const of = type === undefined ? '' : ` of the type ${type}`;
  throw new Stop(
    fitting.length === 0
      ? `${file} has no receiver${of}; there are: ${names.join(', ')}`
      : `${file} has several receivers${of}, say which with --receiver: ${fitting.join(', ')}`,
    2,
  );
};

const pipelineIn = (
  pipelines: AnyConfig['pipelines'],
  receiver: string,
  wanted: string | undefined,
): readonly [string, PipelineConfig] => {
  const fed = Object.entries(pipelines).filter(([, { receivers }]) => receivers.includes(receiver));
  const [first] = wanted === undefined ? fed : fed.filter(([name]) => name === wanted);
  if (first) return first;
  const named = fed.map(([name]) => name).join(', ') || 'none';
  throw new Stop(
    wanted === undefined
      ? `'${receiver}' is in no pipeline`
      : `'${receiver}' is not in the pipeline '${wanted}', but in: ${named}`,
    2,
  );
};

/** A spec with other options. */
const changed = <S extends Spec>(spec: S, { offline = false, since }: Pick<Wanted, 'offline' | 'since'>): S => {
  const options = offline ? withoutSecrets(spec.options) : spec.options;
  return { ...spec, options: since === undefined ? options : { ...(options as object), since } };
};
