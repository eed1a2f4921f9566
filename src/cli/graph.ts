// `tributary graph`: the pipelines of a config as a Mermaid flowchart on standard output, for a README or a review.
import type { Kind, Spec } from '../component.ts';
import type { AnyConfig, Queued } from '../config.ts';
import { check } from '../runtime/check.ts';
import { LoadError, loadConfig } from '../runtime/load.ts';
import { print } from './output.ts';
import { command, listed, Stop } from './session.ts';

export const graph = (flags: { readonly config: string }): Promise<void> =>
  command(async () => {
    const config = await loadConfig(flags.config).catch(error => {
      throw error instanceof LoadError ? new Stop(error.message) : error;
    });
    const { problems } = await check(config);
    // What is wrong with an option, or a secret that is not set here, does not change the picture.
    const broken = problems.filter(({ level, place }) => level === 'error' && SHAPE.test(place));
    if (broken.length > 0) throw new Stop(`${flags.config} cannot be drawn:\n${listed(broken)}`);
    await print([draw(config as AnyConfig)]); // `check` found its parts to be what they should be
  });

/** Where problems are of the whole, and not of one option. */
const SHAPE = /^(config|pipelines.*|(receivers|processors|exporters)(\.[^.]+)?)$/;

/** Receivers on the left, a box for each pipeline with its processors, exporters on the right, queues before them. */
export const draw = ({ receivers, processors = {}, exporters, pipelines }: AnyConfig): string => {
  const [sources, sinks] = [Object.keys(receivers), Object.keys(exporters)];
  const lines = sources.map((name, i) => `  r${i}(["${label(name, receivers[name]!)}"])`);
  const edges: string[] = [];

  for (const [p, [name, { receivers: from, processors: steps = [], exporters: to }]] of Object.entries(
    pipelines,
  ).entries()) {
    const boxes = steps.map((step, s) => [`p${p}s${s}`, label(step, processors[step]!)] as const);
    const inner = boxes.length > 0 ? boxes : [[`p${p}s0`, 'as it is read'] as const];
    lines.push(`  subgraph p${p}["${escaped(name)}"]`);
    lines.push(...inner.map(([id, text]) => `    ${id}["${text}"]`));
    if (inner.length > 1) lines.push(`    ${inner.map(([id]) => id).join(' --> ')}`);
    lines.push('  end');
    edges.push(...from.map(receiver => `  r${sources.indexOf(receiver)} --> ${inner[0]![0]}`));
    edges.push(...[...new Set(to)].map(exporter => `  ${inner.at(-1)![0]} --> ${entry(sinks, exporters, exporter)}`));
  }

  for (const [e, name] of sinks.entries()) {
    const spec = exporters[name]!;
    lines.push(`  e${e}[/"${label(name, spec)}"/]`);
    if (!isQueued(spec)) continue;
    lines.push(`  q${e}[("queue<br/>up to ${escaped(String(spec.queue.limit))}")]`);
    edges.push(`  q${e} --> e${e}`);
  }
  return `${['flowchart LR', ...lines, ...edges].join('\n')}\n`;
};

const entry = (sinks: readonly string[], exporters: AnyConfig['exporters'], name: string): string =>
  `${isQueued(exporters[name]!) ? 'q' : 'e'}${sinks.indexOf(name)}`;

const isQueued = (spec: Spec<'exporter'>): spec is Queued => 'queue' in spec;

const label = <K extends Kind>(name: string, { type }: Spec<K>): string =>
  name === type ? escaped(name) : `${escaped(name)}<br/>${escaped(type)}`;

/** Mermaid reads much as its own: what is not plain becomes the number of its character. */
const escaped = (text: string): string => text.replace(/[^\p{L}\p{N} ._-]/gu, sign => `#${sign.codePointAt(0)};`);
